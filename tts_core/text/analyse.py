"""Text front-end: a line of text to the models' input."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from intone.errors import UserError
from tts_core.text import syntax, tokens
from tts_core.text.bert import Pieces
from tts_core.text.normalise import Unit, normalise
from tts_core.text.parse import load_parser
from tts_core.text.pronounce import Phones, Pronouncer
from tts_core.text.tagger import Tagged, Tagger
from tts_core.types import Encoded, Sentence, Word

_SENTENCE_ENDS = (".", "?", "!", "...")


class Frontend:
    """Normalisation, pronunciation, tags, trees, word pieces.

    Args:
        encoder: text encoder whose word pieces a sentence has: asset, local folder or hub name.
        parser: see `tts_core.text.parse.load_parser`.
        lexicon: file with pronunciations of one's own, one `word PH1 PH2 ...` a line.

    Raises:
        UserError: an asset is not fetched, no such encoder or parser, or the lexicon is wrong.
    """

    def __init__(
        self, encoder: str = "minilm", parser: str = "auto", lexicon: Path | str | None = None
    ) -> None:
        self.encoder = encoder
        self._pieces = Pieces(encoder)
        self._pronouncer = Pronouncer(Path(lexicon) if lexicon else None)
        self._tagger = Tagger()
        self._parser = load_parser(parser, encoder)

    def analyse(self, text: str) -> Sentence:
        """Analyse one text.

        Raises:
            UserError: no words, letters that are not Latin, or a word without a pronunciation.
        """
        return self.analyse_all([text])[0]

    def analyse_all(self, texts: Sequence[str]) -> list[Sentence]:
        """Analyse many texts, faster than one by one.

        The result is the same.

        Raises:
            UserError: a text cannot be read; the message says which.
        """
        if not texts:
            return []
        units = [self._normalise(text, index, len(texts)) for index, text in enumerate(texts)]
        tagged = self._tagger(units)
        phones = [self._phones(*parts) for parts in zip(units, tagged, strict=True)]
        trees = self._trees(tagged)
        pieces = self._pieces.many(tagged)
        layers = zip(texts, units, tagged, phones, trees, pieces, strict=True)
        return [self._sentence(*parts) for parts in layers]

    def _normalise(self, text: str, index: int, of: int) -> list[Unit]:
        try:
            return normalise(text, self._pronouncer.known, self._pronouncer.from_user)
        except UserError as error:
            where = f"text {index + 1} of {of}: " if of > 1 else ""
            raise UserError(where + str(error)) from error

    def _trees(self, tagged: Sequence[Sequence[Tagged]]) -> list[str]:
        """Parse every text; several sentences of one text are under TOP."""
        sentences = [split_sentences(words) for words in tagged]
        flat = iter(self._parser([sentence for text in sentences for sentence in text]))
        trees = []
        for text in sentences:
            parsed = [next(flat) for _ in text]
            trees.append(parsed[0] if len(parsed) == 1 else f"(TOP {' '.join(parsed)})")
        return trees

    def _sentence(
        self,
        text: str,
        units: Sequence[Unit],
        tagged: Sequence[Tagged],
        phones: Sequence[Phones],
        tree: str,
        pieces: tuple[np.ndarray, np.ndarray],
    ) -> Sentence:
        tags = [word.tag for word in tagged]
        compounds = syntax.compound_nouns(tags)
        words = tuple(
            Word(
                text=unit.text,
                spoken=unit.spoken,
                phones=word_phones,
                pos=tag,
                word_class=syntax.word_class(tag),
                compound=compound,
                punctuation=unit.punctuation,
                start=unit.start,
                end=unit.end,
            )
            for unit, tag, compound, word_phones in zip(units, tags, compounds, phones, strict=True)
        )
        spoken = " ".join(word.spoken for word in words if word.spoken)
        return Sentence(text, spoken, words, tree, self._parser.name, _encode(words, tree, pieces))

    def _phones(self, units: Sequence[Unit], tagged: Sequence[Tagged]) -> list[Phones]:
        """Pronounce from the last unit to the first.

        "the" depends on the sound after it.
        """
        backwards: list[Phones] = []
        following = ""
        for unit, word in zip(reversed(units), reversed(tagged), strict=True):
            phones = self._pronouncer.unit(unit.spoken_words, word.tag, following)
            following = phones[0] if phones else ""
            backwards.append(phones)
        return backwards[::-1]


def _encode(words: Sequence[Word], tree: str, pieces: tuple[np.ndarray, np.ndarray]) -> Encoded:
    ids, token_unit = tokens.encode_words(words)
    labels, parents, leaves = syntax.tree_graph(tree)
    return Encoded(
        tokens=ids,
        token_unit=token_unit,
        pos=np.array([syntax.pos_id(word.pos) for word in words], np.int64),
        word_class=np.array([word.word_class == "open" for word in words], np.int64),
        compound=np.array([word.compound for word in words], np.int64),
        punctuation=np.array([word.punctuation for word in words], np.int64),
        pieces=pieces[0],
        piece_unit=pieces[1],
        node_labels=labels,
        node_parents=parents,
        leaves=leaves,
    )


def split_sentences(words: Sequence[Tagged]) -> list[list[Tagged]]:
    """Sentences of a text without punctuation, heads as indices into the sentence.

    A sentence ends at . ? ! ... unless the next word starts in lower case ('"Go!" he said' is one).
    """
    groups: list[list[int]] = [[]]
    ended = False
    for index, word in enumerate(words):
        if word.tag == syntax.PUNCT:
            ended |= tokens.punctuation_mark(word.text) in _SENTENCE_ENDS
            continue
        if ended and groups[-1] and not word.text[:1].islower():
            groups.append([])
        ended = False
        groups[-1].append(index)
    return [_sentence(words, group) for group in groups]


def _sentence(words: Sequence[Tagged], members: Sequence[int]) -> list[Tagged]:
    """Return the members alone.

    A head outside is replaced by the nearest one above it inside.
    """
    index = {position: rank for rank, position in enumerate(members)}
    sentence = []
    for rank, position in enumerate(members):
        head, seen = words[position].head, {position}
        while head not in index and head not in seen:
            seen.add(head)
            head = words[head].head
        sentence.append(replace(words[position], head=index.get(head, rank)))
    return sentence
