"""Our corpus folder, the one form in which speech enters the project.

corpus.json     whose voice it is, under which licence (`CorpusInfo`)
metadata.csv    `utterance|sentence|text|seconds`, one recording a line; the further columns
                `speaker` and `paragraph` are optional
wavs/           one `.flac` or `.wav` an utterance
"""

import json
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from intone.errors import UserError
from intone.files import write_whole
from tts_core.types import Recording

REQUIRED = ("utterance", "sentence", "text", "seconds")
OPTIONAL = ("speaker", "paragraph")
SUFFIXES = (".flac", ".wav")


class CorpusInfo(BaseModel):
    """What `corpus.json` says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="short name of the corpus")
    speaker: str = Field(min_length=1, description="name of the voice")
    licence: str = Field(min_length=1, description="under which terms the recordings may be used")
    language: str = Field(default="en-US", description="BCP 47 tag of the language read")
    stand_in: bool = Field(description="true if a machine read the texts, not a person")
    source: str = Field(description="where the recordings come from")
    note: str = Field(default="", description="what else a user of the recordings should know")


KNOWN: dict[str, CorpusInfo] = {
    "kathleen": CorpusInfo(
        name="kathleen",
        speaker="kathleen",
        licence="CC0-1.0",
        stand_in=False,
        source="https://github.com/rhasspy/dataset-voice-kathleen",
        note="CMU Arctic sentences, short and without context; many are read several times",
    ),
    "ljspeech": CorpusInfo(
        name="ljspeech",
        speaker="ljspeech",
        licence="public domain",
        stand_in=False,
        source="https://keithito.com/LJ-Speech-Dataset/",
        note="passages of non-fiction books, one reader",
    ),
}


def read_corpus(folder: str | Path) -> tuple[CorpusInfo, list[Recording]]:
    """Read a corpus folder; the audio itself is not opened.

    A folder without `corpus.json` is accepted if it has the name of a corpus in `KNOWN`.
    A row without a text or without an audio file is returned like any other (preparation leaves it
    out and says why).

    Raises:
        UserError: a file is missing or not in the form above; names file and line.
    """
    folder = Path(folder)
    table = folder / "metadata.csv"
    if not table.is_file():
        raise UserError(
            f"{folder}: not a corpus, there is no metadata.csv; build one with "
            "`intone corpus build demo` or fetch one with `intone corpus fetch`"
        )
    info = read_info(folder)
    recordings = _read_table(table, info)
    if not recordings:
        raise UserError(f"{table}: lists no recordings")
    return info, recordings


def read_info(folder: Path) -> CorpusInfo:
    """Read `corpus.json`, or what is known about a corpus of this folder's name."""
    path = folder / "corpus.json"
    if not path.is_file():
        if folder.resolve().name in KNOWN:
            return KNOWN[folder.resolve().name]
        raise UserError(
            f"{path}: missing; write it with the keys {', '.join(CorpusInfo.model_fields)}"
        )
    try:
        return CorpusInfo.model_validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: {_first_problem(error)}") from error


def write_corpus(
    folder: Path, info: CorpusInfo, rows: Iterable[tuple[str, str, str, float]]
) -> None:
    """Write `metadata.csv`, then `corpus.json`, whose presence says that the corpus is complete.

    Args:
        folder: the corpus folder; its `wavs/` are already there.
        rows: utterance, sentence, text, seconds.
    """
    lines = ["|".join(REQUIRED)]
    for utterance, sentence, text, seconds in rows:
        clean = " ".join(text.replace("|", " ").split())
        lines.append(f"{utterance}|{sentence}|{clean}|{seconds:.3f}")
    write_whole(folder / "metadata.csv", "\n".join(lines) + "\n")
    write_info(folder, info)


def write_info(folder: Path, info: CorpusInfo) -> None:
    """Write `corpus.json`: from now on the corpus is complete."""
    write_whole(folder / "corpus.json", info.model_dump_json(indent=1) + "\n")


def _read_table(table: Path, info: CorpusInfo) -> list[Recording]:
    try:
        lines = table.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UserError(
            f"{table}: not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from error
    header = lines[0].split("|") if lines else []
    missing = [name for name in REQUIRED if name not in header]
    unknown = [name for name in header if name not in REQUIRED + OPTIONAL]
    if missing or unknown:
        raise UserError(
            f"{table}, line 1: expected the header {'|'.join(REQUIRED)}, found {'|'.join(header)!r}"
        )
    seen: dict[str, int] = {}
    recordings = []
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        fields = line.split("|")
        if len(fields) != len(header):
            raise UserError(
                f"{table}, line {number}: {len(fields)} fields where the header has {len(header)}"
            )
        row = {name: value.strip() for name, value in zip(header, fields, strict=True)}
        _check_row(row, f"{table}, line {number}", seen)
        seen[row["utterance"]] = number
        recordings.append(
            Recording(
                utterance=row["utterance"],
                sentence=row["sentence"],
                text=row["text"],
                path=str(audio_path(table.parent, row["utterance"])),
                speaker=row.get("speaker") or info.speaker,
                paragraph=row.get("paragraph") or None,
            )
        )
    return recordings


def _check_row(row: dict[str, str], where: str, seen: dict[str, int]) -> None:
    utterance = row["utterance"]
    if not utterance or not row["sentence"]:
        raise UserError(f"{where}: the utterance and the sentence need an id")
    if Path(utterance).name != utterance or utterance.startswith("."):
        raise UserError(f"{where}: {utterance!r} cannot be the name of a file in wavs/")
    if utterance in seen:
        raise UserError(f"{where}: {utterance!r} stands already in line {seen[utterance]}")


def audio_path(folder: Path, utterance: str) -> Path:
    """The utterance's audio file; the FLAC path if there is neither FLAC nor WAV."""
    candidates = [folder / "wavs" / f"{utterance}{suffix}" for suffix in SUFFIXES]
    return next((path for path in candidates if path.is_file()), candidates[0])


def _first_problem(error: ValidationError | UnicodeDecodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8 text"
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    return f"{key}: {first['msg']}" if key else json.dumps(first["msg"])
