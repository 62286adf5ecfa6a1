"""Sentences of a stimulus set, from a split, corpus or file."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from intone.errors import UserError
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.corpus.info import CorpusInfo
from tts_core.corpus.sources import read_corpus
from tts_core.synthesis.batch import read_lines
from tts_core.text.plain import normalised


@dataclass(frozen=True)
class Line:
    """Sentence to synthesize, with its recording and utterance if it has one."""

    sentence: str
    text: str
    recording: Path | None
    utterance: str | None = None


@dataclass(frozen=True)
class Chosen:
    """Sentences to synthesize.

    Attributes:
        corpus: of their recordings, if they have any.
    """

    lines: list[Line]
    corpus: CorpusInfo | None = None


def read_chosen_lines(
    split: str | None,
    data: Path | None,
    corpus: Path | None,
    file: Path | None,
    sentences: int | None,
    seed: int,
) -> Chosen:
    """Return the sentences to synthesize, one reading of each.

    Args:
        split, data: of a prepared corpus. corpus: corpus folder. file: one sentence a line.
        sentences: at most so many, drawn by `seed`.

    Raises:
        UserError: not exactly one of the three sources, or one that cannot be read.
    """
    if [split, corpus, file].count(None) != 2:
        raise UserError("give one of --split (with --data), --corpus and --file")
    if (split is None) != (data is None):
        raise UserError("--split and --data belong together: a split of a prepared corpus")
    if split is not None and data is not None:
        prepared = PreparedCorpus(data)
        info, rows = prepared.info.corpus, prepared.split(split)
        lines = _one_reading_each(
            Line(row.sentence, row.text, Path(row.audio), row.utterance) for row in rows
        )
    elif corpus is not None:
        info, recordings = read_corpus(corpus)
        lines = _one_reading_each(
            Line(r.sentence, r.text, Path(r.path), r.utterance) for r in recordings if r.text
        )
    else:
        assert file is not None
        info, texts = None, read_lines(file)
        lines = [Line(f"line{n:04d}", text, None) for n, text in enumerate(texts, 1)]
    if sentences is not None and sentences < len(lines):
        drawn = np.random.default_rng(seed).choice(len(lines), sentences, replace=False)
        lines = [lines[i] for i in sorted(drawn)]
    return Chosen(lines, info)


def _one_reading_each(lines: Iterable[Line]) -> list[Line]:
    """Keep the first reading of each sentence and of each text."""
    # One text may have two sentence ids: no listener rates it twice.
    first: dict[str, Line] = {}
    for line in sorted(lines, key=lambda line: (line.sentence, line.utterance or "")):
        first.setdefault(normalised(line.text), line)
    return list({line.sentence: line for line in first.values()}.values())
