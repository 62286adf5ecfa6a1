"""Any `metadata.csv`, and any table of that kind under another name.

With a header the columns are found by their names (`COLUMNS`), whatever their order and however
the publisher calls them. Without one a line is `id|text` or `id|text|in words`, as the first line
says. The separator is a `|`, a tab, a `;` or a comma. Quotation marks enclose a field in a table
with `;` or commas, and are part of the text in one with `|` or tabs, which is what LJSpeech and
its imitators do. A line is a recording: no field continues in the next line.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from intone.errors import UserError
from tts_core.corpus.readers.base import (
    AUDIO,
    Entry,
    Reading,
    audio_without_text,
    is_there,
    left_out,
    lines,
)
from tts_core.corpus.sources import SPLIT_NAMES

NAME = "metadata.csv"
SEPARATORS = ("|", "\t", ";", ",")
FOLDERS = ("wavs", "wav", "audio", "clips", ".")
COLUMNS = {
    "id": (
        *("utterance", "id", "utterance_id", "file", "filename", "file_name", "path"),
        *("audio_file", "audio_filepath", "audio", "wav"),
    ),
    "text": ("text", "transcript", "transcription", "sentence"),
    "words": ("normalised", "normalized", "text_normalized", "normalized_text", "spoken"),
    "sentence": ("sentence_id", "sentence"),
    "speaker": ("speaker", "speaker_id", "speaker_name", "client_id"),
    "paragraph": ("paragraph", "chapter"),
    "position": ("position",),
    "seconds": ("seconds", "duration"),
    "split": ("split", "subset"),
}
"""Content of a column to its possible names, the likeliest first."""


def recognise(folder: Path) -> bool:
    """Return whether the folder has a `metadata.csv`."""
    return table_of(folder).is_file()


def table_of(folder: Path) -> Path:
    """Return the table of a corpus folder, or the table itself."""
    return folder if folder.is_file() else folder / NAME


def read(folder: Path) -> Iterator[Entry]:
    """Every line of the table.

    Raises:
        UserError: there is no table, or its first line says neither what its columns are nor holds
            two or three fields.
    """
    table = table_of(folder)
    if not table.is_file():
        raise UserError(f"{table}: no such table; give a folder with a {NAME}, or the table itself")
    first = next((line for _, line in lines(table) if line), "")
    separator = next((mark for mark in SEPARATORS if mark in first), "|")
    columns, has_header = _columns(table, first, separator)
    named: set[str] = set()
    for number, (where, line) in enumerate(lines(table)):
        if number == 0 and has_header:
            continue
        fields = _fields(line, separator) if line is not None else "not UTF-8"
        if isinstance(fields, list) and len(fields) != len(columns):
            fields = f"{len(fields)} fields instead of {len(columns)}"
        if isinstance(fields, str):
            yield left_out(where, fields)
            continue
        reading = _reading(dict(zip(columns, fields, strict=True)), table.parent)
        named.add(reading.audio.stem)
        yield reading
    folders = [table.parent / name for name in FOLDERS[:-1] if (table.parent / name).is_dir()]
    yield from audio_without_text(folders, named, table.name)


def _columns(table: Path, first: str, separator: str) -> tuple[list[str], bool]:
    """Return the columns, and whether the first line is a header."""
    fields = _fields(first, separator)
    if isinstance(fields, str):
        raise UserError(f"{table}, line 1: {fields}")
    names = [name.lower().replace(" ", "_") for name in fields]
    columns: dict[int, str] = {}
    for holds, known in COLUMNS.items():
        at = next(
            (names.index(n) for n in known if n in names and names.index(n) not in columns), -1
        )
        if at >= 0:
            columns[at] = holds
    if {"id", "text"} <= set(columns.values()):
        return [columns.get(at, f"column {at}") for at in range(len(names))], True
    if len(fields) not in (2, 3):
        raise UserError(
            f"{table}, line 1: {len(fields)} columns and no header that names the id and the text; "
            "write the header, for instance utterance|text|speaker"
        )
    return ["id", "text", "words"][: len(fields)], False


def _fields(line: str, separator: str) -> list[str] | str:
    """Split a line into fields, or return its fault."""
    quoting = csv.QUOTE_NONE if separator in "|\t" else csv.QUOTE_MINIMAL
    try:
        (fields,) = csv.reader([line], delimiter=separator, quoting=quoting, strict=True)
    except csv.Error as error:
        return f"{error}: a quotation mark in a text is doubled, and the text between two"
    return [field.strip() for field in fields]


def _reading(row: dict[str, str], root: Path) -> Reading:
    audio = _audio(root, row["id"])
    # Files of one name in several folders are several recordings.
    named = Path(row["id"]) if Path(row["id"]).suffix.lower() in AUDIO else Path(row["id"] + ".")
    parts = [part for part in named.parts if part not in (*FOLDERS, "/", "..")]
    utterance = "_".join(parts).removesuffix(named.suffix).rstrip(".")
    position, seconds = row.get("position", ""), row.get("seconds", "")
    return Reading(
        utterance=utterance,
        sentence=row.get("sentence") or utterance,
        text=row.get("words") or row["text"],
        audio=audio,
        speaker=row.get("speaker") or None,
        written=row["text"],
        paragraph=row.get("paragraph") or None,
        position=int(position) if position.isdecimal() else None,
        seconds=float(seconds) if seconds.replace(".", "", 1).isdecimal() else None,
        split=SPLIT_NAMES.get(row.get("split", "").lower()),
    )


def _audio(root: Path, name: str) -> Path:
    """Return the file of an id or path.

    If none exists, the expected one is returned.
    """
    endings = ("",) if Path(name).suffix.lower() in AUDIO else AUDIO
    tried = [root / folder / f"{name}{ending}" for folder in FOLDERS for ending in endings]
    return next((path for path in tried if is_there(path)), tried[0])
