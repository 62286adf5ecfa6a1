"""Recordings that readers of published layouts yield, and their common checks."""

import re
from collections.abc import Iterable, Iterator, Set
from pathlib import Path
from typing import NamedTuple

from tts_core.corpus.shards import LeftOut
from tts_core.corpus.sources import is_file_name

AUDIO = (".flac", ".wav", ".mp3", ".ogg", ".opus")
"""Suffixes that libsndfile reads.

Of several files with one name, the one whose suffix comes first is used.
"""
LONGEST_ID = 120


class Reading(NamedTuple):
    """One recording in a publisher's folder.

    Attributes:
        utterance, sentence: ids. text: the words read; numbers and abbreviations are in words
        where the publisher gives them.
        audio: the file. speaker: None if the corpus names none.
        written: the text as printed, where that is another than `text`.
        paragraph, position, seconds, split: as in `tts_core.types.Recording`.
        start_s, length_s: the part of the file that is the recording; to its end if None.
        channel: of a file with several, their average if None.
    """

    utterance: str
    sentence: str
    text: str
    audio: Path
    speaker: str | None = None
    written: str = ""
    paragraph: str | None = None
    position: int | None = None
    seconds: float | None = None
    split: str | None = None
    start_s: float = 0.0
    length_s: float | None = None
    channel: int | None = None


Entry = Reading | LeftOut


def left_out(utterance: str, reason: str) -> LeftOut:
    """Return a recording that cannot be used."""
    return LeftOut(utterance=utterance, reason=reason)


def lines(table: Path) -> Iterator[tuple[str, str | None]]:
    """Yield a table's non-empty lines with "FILE line N".

    The text of a line that is not UTF-8 is None.
    """
    with table.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            where = f"{table.name} line {number}"
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
            except UnicodeDecodeError:
                yield where, None
                continue
            if line.strip():
                yield where, line


def is_there(path: Path) -> bool:
    """Return whether a file exists.

    A table's entry may be too long to be a file's name.
    """
    try:
        return path.is_file()
    except OSError:
        return False


def text_of(path: Path) -> str | None:
    """Return a small file's text on one line, None if unreadable."""
    try:
        return " ".join(path.read_text(encoding="utf-8-sig").split())
    except (OSError, UnicodeDecodeError):
        return None


def with_position(utterance: str) -> tuple[str | None, int | None]:
    """`BOOK-CHAPTER-0007` or `book_chapter_0007` to chapter and place in it."""
    match = re.fullmatch(r"(.+)[-_](\d+)", utterance)
    return (match[1], int(match[2])) if match else (None, None)


def audio_without_text(folders: Iterable[Path], named: Set[str], table: str) -> Iterator[LeftOut]:
    """Yield audio files whose names a table does not list."""
    for folder in folders:
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in AUDIO and _visible(path) and path.stem not in named:
                yield left_out(path.stem, f"its text is not in {table}")


def held(entries: Iterable[Entry], speakers: Set[str]) -> tuple[list[Reading], list[LeftOut]]:
    """Split entries into usable recordings and others with their reasons.

    Only chosen speakers count.

    Args:
        entries: of one reader. speakers: whose recordings; all if empty.
    """
    readings: list[Reading] = []
    out: list[LeftOut] = []
    seen: set[str] = set()
    for entry in entries:
        if isinstance(entry, LeftOut):
            out.append(entry)
            continue
        if speakers and entry.speaker not in speakers:
            continue
        reason = _fault(entry, seen)
        if reason is None:
            seen.add(entry.utterance)
            readings.append(entry)
        else:
            out.append(left_out(entry.utterance, reason))
    return readings, out


def _fault(reading: Reading, seen: Set[str]) -> str | None:
    name = reading.utterance
    if not is_file_name(name) or len(name) > LONGEST_ID or re.search(r"[|\x00-\x1f]", name):
        return "its id cannot be the name of a file"
    if re.search(r"[\ud800-\udfff]", f"{name}{reading.sentence}{reading.text}{reading.written}"):
        return "its text holds half characters (lone surrogates)"
    if reading.utterance in seen:
        return "its id is used twice in the corpus; the first recording is used"
    if not reading.text.strip():
        return "text missing"
    if not is_there(reading.audio):
        return f"no audio file {reading.audio.name}"
    return None


def _visible(path: Path) -> bool:
    # LibriTTS-R's archives hold macOS' `._NAME.wav` beside some files.
    return not path.name.startswith(".")
