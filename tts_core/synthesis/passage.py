"""Long texts: their sentences, and the neighbours of each."""

from collections.abc import Sequence
from dataclasses import replace

from tts_core.corpus.paragraphs import with_neighbours
from tts_core.text.analyse import Frontend, split_sentences
from tts_core.text.tagger import Tagged
from tts_core.types import Sentence


def analyse_passages(
    frontend: Frontend, texts: Sequence[str], neighbours: int = 0
) -> list[list[Sentence]]:
    """Analyse texts into the sentences of each.

    Args:
        texts: of one sentence or many.
        neighbours: sentences on each side that the text encoder reads along (CAMP's
            `context_sentences`); those of another text are never read.

    Raises:
        UserError: a text cannot be read; the message names it.
    """
    passages: list[list[Sentence]] = []
    for whole in frontend.analyse_all(texts):
        parts = sentence_texts(whole)
        sentences = [whole] if len(parts) == 1 else frontend.analyse_all(parts)
        passages.append(_in_context(sentences, neighbours) if neighbours else sentences)
    return passages


def sentence_texts(text: Sentence) -> list[str]:
    """Return the sentences of an analysed text, as written.

    Between two, closing marks stay with the first and opening marks with the second: they are cut
    at the last space between them.
    """
    words = [word for word in text.words if not word.punctuation]
    tagged = [
        Tagged(word.text, word.pos, "", "", position) for position, word in enumerate(text.words)
    ]
    cuts = [0]
    last = -1
    for group in split_sentences(tagged)[:-1]:
        last += len(group)
        end, start = words[last].end, words[last + 1].start
        space = max(text.text.rfind(mark, end, start) for mark in " \t\n\u00a0")
        cuts.append(space if space >= 0 else start)
    ends = [*cuts[1:], len(text.text)]
    return [text.text[a:b].strip() for a, b in zip(cuts, ends, strict=True)]


def _in_context(sentences: Sequence[Sentence], neighbours: int) -> list[Sentence]:
    encoded = [sentence.encoded for sentence in sentences]
    return [
        replace(
            sentence,
            encoded=with_neighbours(
                sentence.encoded,
                encoded[max(0, position - neighbours) : position],
                encoded[position + 1 : position + 1 + neighbours],
            ),
        )
        for position, sentence in enumerate(sentences)
    ]
