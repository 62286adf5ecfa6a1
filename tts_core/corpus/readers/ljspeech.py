"""LJSpeech 1.1: `metadata.csv` = `id|as written|in words`, no header, and `wavs/id.wav`."""

import re
from collections.abc import Iterator
from pathlib import Path

from tts_core.corpus.readers.base import (
    Entry,
    Reading,
    audio_without_text,
    left_out,
    lines,
    with_position,
)

ID = re.compile(r"LJ\d{3}-\d{4}")


def recognise(folder: Path) -> bool:
    """Return whether the folder has a `metadata.csv` with LJSpeech's ids."""
    return any(ID.match(line or "") for table in _tables(folder) for _, line in _first(table))


def read(folder: Path) -> Iterator[Entry]:
    """Yield clips in the order of each chapter.

    The column of words is the publisher's, written by hand.
    """
    for table in _tables(folder):
        wavs, named = table.parent / "wavs", set()
        for where, line in lines(table):
            fields = (line or "").split("|")
            if len(fields) != 3:
                yield left_out(where, f"{len(fields)} fields instead of 3" if line else "not UTF-8")
                continue
            utterance, written, words = (field.strip() for field in fields)
            named.add(utterance)
            chapter, position = with_position(utterance)
            yield Reading(
                utterance,
                utterance,
                words or written,
                wavs / f"{utterance}.wav",
                "ljspeech",
                written,
                chapter,
                position,
            )
        yield from audio_without_text([wavs] if wavs.is_dir() else [], named, table.name)


def _first(table: Path) -> Iterator[tuple[str, str | None]]:
    return (entry for entry, _ in zip(lines(table), range(3), strict=False))


def _tables(folder: Path) -> list[Path]:
    return [*folder.glob("metadata.csv"), *folder.glob("*/metadata.csv")]
