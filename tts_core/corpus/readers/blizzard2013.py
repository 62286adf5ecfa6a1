"""Blizzard Challenge 2013 (Lessac), the segmented part.

`train/segmented/prompts.gui` has three lines an utterance: its id, its text, and its phones with
`||` at the end; the audio is `wavn/ID.wav`. An id is edition, book, chapter and number, as
CA-BB-01-02 or CB-EM-04-96. A folder with a `metadata.csv` of such ids is read, too.

Written from what public readers of the corpus say of it; it was never met.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from tts_core.corpus.readers import metadata
from tts_core.corpus.readers.base import (
    Entry,
    Reading,
    audio_without_text,
    left_out,
    lines,
    with_position,
)

ID = re.compile(r"C[A-Z](?:-\w+)+-\d+-\d+")
FOLDERS = ("wavn", "wavs", "wav")
PROMPTS = "prompts.gui"


def recognise(folder: Path) -> bool:
    """Return whether prompts, or a table of such ids, exist."""
    if _prompts(folder):
        return True
    entries = metadata.read(folder) if metadata.recognise(folder) else iter(())
    first = next(entries, None)
    return isinstance(first, Reading) and ID.fullmatch(first.utterance) is not None


def read(folder: Path) -> Iterator[Entry]:
    """Every utterance with its chapter, and its number as its place there."""
    prompts = _prompts(folder)
    for table in prompts:
        yield from _read_prompts(table)
    for entry in () if prompts else metadata.read(folder):
        if isinstance(entry, Reading):
            chapter, position = with_position(entry.utterance)
            yield entry._replace(speaker="lessac", paragraph=chapter, position=position)
        else:
            yield entry


def _read_prompts(table: Path) -> Iterator[Entry]:
    wavs = next((f for name in FOLDERS if (f := table.parent / name).is_dir()), table.parent)
    named: set[str] = set()
    utterance: str | None = None
    expected = "id"
    for where, line in lines(table):
        # Every id begins anew, so that one damaged entry damages no other.
        if line is not None and ID.fullmatch(line.strip()):
            if expected == "text" and utterance:
                yield left_out(utterance, "text missing")
            utterance, expected = line.strip(), "text"
            named.add(utterance)
        elif expected == "text" and utterance:
            expected = "phones"
            if line is None:
                yield left_out(utterance, "its text is not UTF-8")
                continue
            chapter, position = with_position(utterance)
            text, audio = clean(line), wavs / f"{utterance}.wav"
            yield Reading(utterance, utterance, text, audio, "lessac", "", chapter, position)
        elif expected == "phones":
            expected = "id"
        else:
            yield left_out(where, "neither an id nor the text or the phones of one")
    if expected == "text" and utterance:
        yield left_out(utterance, "text missing")
    yield from audio_without_text([wavs], named, table.name)


def clean(prompt: str) -> str:
    """Remove a prompt's marks.

    `@` and `|` go, the pause mark `#` becomes a comma.
    """
    text = re.sub(r"#\s*$", "", re.sub(r"[@|]", " ", prompt)).replace("#", ",")
    text = re.sub(r"\s+(?=[,.;:?!]|'s\b)", "", " ".join(text.split()))
    return re.sub(r",(?:\s*,)+", ",", text)


def _prompts(folder: Path) -> list[Path]:
    where = ("", "segmented/", "train/segmented/", "*/segmented/", "*/train/segmented/")
    return sorted({path for pattern in where for path in folder.glob(pattern + PROMPTS)})
