"""Types shared by the parts of tts_core, with the shape glossary.

Shape glossary, used in every docstring:

    B batch     N phone tokens     W word units     S word pieces     T frames
    M mel bins  D channels         Z latent         G nodes of a parse tree

**Token layout.** One utterance is `<s>`, then the words' phones, then `</s>`. Between two words
is exactly one boundary: `<wb>`, or the punctuation tokens written there. Punctuation that ends the
sentence comes before `</s>`. `<s>` and `</s>` own the silence before and after the speech.

**Units** (CAMP's words and punctuation). Every word and every punctuation token is one unit, in
order of the text. `<s>` belongs to the first unit and `</s>` to the last. A `<wb>` belongs to the
word before it, so a pause without punctuation is part of the preceding word's unit, in training and
in synthesis alike. Every token belongs to exactly one unit and a unit's tokens are contiguous.

**Durations** are whole feature frames per token, sum(durations) = T. Phones last at least 1 frame;
boundaries, punctuation and `<s>`/`</s>` may last 0.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

WordClass = Literal["open", "closed"]


@dataclass(frozen=True)
class Word:
    """One unit of an analysed sentence: a word or a punctuation mark.

    Attributes:
        text: as written: `Sentence.text[start:end]`.
        spoken: lower-case words as spoken; a number or abbreviation may be several. Empty for
        punctuation.
        phones: ARPAbet with stress ("AH0"). Empty for punctuation.
        pos: Penn Treebank tag.
        word_class: open (content) or closed (function).
        compound: part of a compound noun.
        punctuation: whether this unit is a punctuation token.
        start, end: its characters in the text, end exclusive.
    """

    text: str
    spoken: str
    phones: tuple[str, ...]
    pos: str
    word_class: WordClass
    compound: bool
    punctuation: bool
    start: int
    end: int


@dataclass(frozen=True)
class Encoded:
    """A sentence as integers: everything a model reads of the text.

    Attributes:
        tokens: (N,) int64 token ids (`tts_core.text.tokens`).
        token_unit: (N,) int64, the unit each token belongs to.
        pos: (W,) int64 POS tag ids. word_class: (W,) 1 open, 0 closed. compound: (W,) 0/1.
        punctuation: (W,) 0/1.
        pieces: (S,) int64 word-piece ids of the text encoder, with its special tokens.
        piece_unit: (S,) int64 unit of each piece, -1 for special tokens.
        node_labels: (G,) int64 labels of the tree's nodes in depth-first order; words
            are removed, so that the leaves are the POS nodes (Kathaka section 3.2.2).
        node_parents: (G,) int64 index of each node's parent; the root's is -1.
        leaves: (L,) int64 indices of the POS nodes in depth-first order.
    """

    tokens: np.ndarray
    token_unit: np.ndarray
    pos: np.ndarray
    word_class: np.ndarray
    compound: np.ndarray
    punctuation: np.ndarray
    pieces: np.ndarray
    piece_unit: np.ndarray
    node_labels: np.ndarray
    node_parents: np.ndarray
    leaves: np.ndarray


@dataclass(frozen=True)
class Sentence:
    """Sentence analysed by the front-end: words, phones, word pieces and tree.

    A word knows its characters; `encoded.token_unit` and `encoded.piece_unit` lead from a phone or
    word piece to its word. `encoded.leaves` are the words that are not punctuation, in their order.

    Attributes:
        text: as written.
        spoken: the whole sentence in lower-case words as spoken.
        words: the units, W.
        tree: constituency tree in Penn brackets; its leaves are the words that are not punctuation,
        in plain characters (straight apostrophes, composed accents).
        parser: which parser made the tree ("span:minilm" or "rules"), so that a fallback is never
        silent.
        encoded: the same as integers.
    """

    text: str
    spoken: str
    words: tuple[Word, ...]
    tree: str
    parser: str
    encoded: Encoded = field(compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the form that `intone text analyse --json` prints."""
        return {
            "text": self.text,
            "spoken": self.spoken,
            "words": [
                {
                    "text": w.text,
                    "spoken": w.spoken,
                    "phones": list(w.phones),
                    "pos": w.pos,
                    "word_class": w.word_class,
                    "compound": w.compound,
                    "punctuation": w.punctuation,
                    "start": w.start,
                    "end": w.end,
                }
                for w in self.words
            ],
            # Kathaka reads the tree without its words; so does the reader of this line.
            "tree": re.sub(r"\((\S+) [^()]+\)", r"(\1)", self.tree),
            "parser": self.parser,
        }


@dataclass(frozen=True)
class Recording:
    """Row of a corpus before preparation.

    Attributes:
        utterance: id of the recording. sentence: id of its sentence (several readings may share
        one).
        text: as written. path: audio file. speaker: name of the voice.
        paragraph: id of the paragraph or chapter of the sentence, None if the corpus has
        none.
        position: place of the sentence in the paragraph: consecutive sentences have consecutive
        whole numbers. None if unknown.
        seconds: length of the audio as the corpus states it, None if it does not.
        split: train, validation or test where the corpus brings its own split, else None.
    """

    utterance: str
    sentence: str
    text: str
    path: str
    speaker: str
    paragraph: str | None = None
    position: int | None = None
    seconds: float | None = None
    split: str | None = None


class Streamed:
    """Marker of a split that is read shard by shard.

    It is too long to cache much of each sentence.
    """


@dataclass(frozen=True)
class Prepared:
    """Utterance of a prepared corpus, as the dataset yields it.

    Attributes:
        utterance, sentence, text, speaker, split: as in the corpus; split is train, validation or
        test.
        encoded: the text as integers.
        durations: (N,) int64 frames per token, sum = T.
        mel: (T, M) float32 log-mel, natural log, not yet normalised.
        f0: (T,) float32 fundamental frequency, Hz; 0 where unvoiced.
        audio: path of the recording this was made from.
        words: (W,) the units as written.
        paragraph, position: as in the corpus.
        previous, next: utterances of the sentences before and after in the paragraph, None at its
        ends and where the corpus has no paragraphs. They may have been left out of the preparation.
    """

    utterance: str
    sentence: str
    text: str
    speaker: str
    split: str
    encoded: Encoded
    durations: np.ndarray
    mel: np.ndarray
    f0: np.ndarray
    audio: str
    words: tuple[str, ...] = field(default=())
    paragraph: str | None = None
    position: int | None = None
    previous: str | None = None
    next: str | None = None
