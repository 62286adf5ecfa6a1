"""Kathleen as published: `data/arctic_a0001_1592748600.wav` with its `.txt`."""

import re
from collections.abc import Iterator
from pathlib import Path

from tts_core.corpus.readers.base import Entry, Reading, left_out, text_of

NAME = re.compile(r"(arctic_.+)_(\d+)")
"""A sentence and the time of its reading."""


def recognise(folder: Path) -> bool:
    """Return whether the folder has `data/` with texts named so."""
    return any(NAME.fullmatch(path.stem) for path in _data(folder, ".txt"))


def read(folder: Path) -> Iterator[Entry]:
    """Yield the readings of each sentence, numbered by time."""
    numbers: dict[str, int] = {}
    audio = {path.stem: path for path in _data(folder, ".wav")}
    texts = {path.stem: path for path in _data(folder, ".txt")}
    for stem in sorted(audio.keys() | texts.keys()):
        match = NAME.fullmatch(stem)
        if match is None:
            yield left_out(stem, "its name is not of the form SENTENCE_TIME")
        elif stem not in audio:
            yield left_out(stem, f"no audio file {stem}.wav")
        elif stem not in texts:
            yield left_out(stem, f"text missing: there is no {stem}.txt")
        else:
            sentence = match[1]
            numbers[sentence] = numbers.get(sentence, 0) + 1
            utterance = f"{sentence}_{numbers[sentence]}"
            yield Reading(utterance, sentence, text_of(texts[stem]) or "", audio[stem])


def _data(folder: Path, suffix: str) -> list[Path]:
    return [*folder.glob(f"data/*{suffix}"), *folder.glob(f"*/data/*{suffix}")]
