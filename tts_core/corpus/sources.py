"""Our corpus folder, the one form in which speech enters the project.

corpus.json     whose voice it is, under which licence (`CorpusInfo`)
metadata.csv    `utterance|sentence|text|seconds`, one recording a line; the further columns
                `speaker`, `paragraph` and `position` are optional
splits.csv      `utterance|split`, optional: the corpus' own split, which then wins
wavs/           one `.flac` or `.wav` an utterance
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from intone.documents import read
from intone.errors import UserError
from intone.files import write_whole
from tts_core.corpus.info import KNOWN, CorpusInfo
from tts_core.types import Recording

REQUIRED = ("utterance", "sentence", "text", "seconds")
OPTIONAL = ("speaker", "paragraph", "position")
SPLIT_NAMES = {"train": "train", "validation": "validation", "test": "test"} | dict.fromkeys(
    ("dev", "val", "valid"), "validation"
)
SUFFIXES = (".flac", ".wav")


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
    if not folder.exists():
        raise UserError(f"{folder}: no such folder; give a corpus folder, with metadata.csv in it")
    if not table.is_file():
        raise UserError(
            f"{folder}: not a corpus, there is no metadata.csv; bring one of another layout into "
            "this form with `intone corpus import`, fetch one with `intone corpus fetch`, or "
            "build the demo's with `intone corpus build demo`"
        )
    info = read_info(folder)
    recordings = _read_table(table, info)
    if not recordings:
        raise UserError(f"{table}: lists no recordings; add them, one a line")
    return info, _with_split(recordings, folder / "splits.csv")


def read_info(folder: Path) -> CorpusInfo:
    """Read `corpus.json`, or return what is known by the folder's name."""
    path = folder / "corpus.json"
    if not path.is_file():
        if folder.resolve().name in KNOWN:
            return KNOWN[folder.resolve().name]
        needed = [name for name, key in CorpusInfo.model_fields.items() if key.is_required()]
        raise UserError(
            f"{path}: missing; write it with the keys {', '.join(needed)}, or let `intone corpus "
            "import` write it"
        )
    return read(path, CorpusInfo)


def write_corpus(folder: Path, info: CorpusInfo, recordings: Iterable[Recording]) -> None:
    """Write the tables, then `corpus.json`, which marks the corpus complete.

    Args:
        folder: the corpus folder; its `wavs/` are already there.
        recordings: their `seconds` must be known; a `split` is written to `splits.csv`.
    """
    recordings = list(recordings)
    used = [name for name in OPTIONAL if any(_column(r, name, info) for r in recordings)]
    columns = [*REQUIRED, *used]
    lines = ["|".join(columns)]
    lines += ["|".join(_column(r, name, info) for name in columns) for r in recordings]
    write_whole(folder / "metadata.csv", "\n".join(lines) + "\n")
    splits = [f"{r.utterance}|{r.split}" for r in recordings if r.split is not None]
    if splits:
        write_whole(folder / "splits.csv", "\n".join(["utterance|split", *splits]) + "\n")
    write_info(folder, info)


def _column(recording: Recording, name: str, info: CorpusInfo) -> str:
    if name == "seconds":
        return f"{recording.seconds:.3f}"
    if name == "speaker" and recording.speaker == info.speaker:
        return ""
    value = getattr(recording, name)
    return "" if value is None else " ".join(str(value).replace("|", " ").split())


def write_info(folder: Path, info: CorpusInfo) -> None:
    """Write `corpus.json`: from now on the corpus is complete."""
    write_whole(folder / "corpus.json", info.model_dump_json(indent=1) + "\n")


def _read_table(table: Path, info: CorpusInfo) -> list[Recording]:
    header, rows = _rows(table)
    missing = [name for name in REQUIRED if name not in header]
    unknown = [name for name in header if name not in REQUIRED + OPTIONAL]
    if missing or unknown:
        raise UserError(
            f"{table}, line 1: expected the header {'|'.join(REQUIRED)}, found "
            f"{'|'.join(header)[:80]!r}; bring a corpus of another layout into this one with "
            "`intone corpus import`"
        )
    seen: dict[str, int] = {}
    recordings = []
    for number, row in rows:
        where = f"{table}, line {number}"
        _check_row(row, where, seen)
        seen[row["utterance"]] = number
        position = row.get("position") or ""
        if not re.fullmatch(r"\d*", position):
            raise UserError(f"{where}: the position {position!r} is not a whole number; correct it")
        recordings.append(
            Recording(
                utterance=row["utterance"],
                sentence=row["sentence"],
                text=row["text"],
                path=str(audio_path(table.parent, row["utterance"])),
                speaker=row.get("speaker") or info.speaker,
                paragraph=row.get("paragraph") or None,
                position=int(position) if position else None,
                seconds=_seconds(row["seconds"], where),
            )
        )
    return recordings


def _rows(table: Path) -> tuple[list[str], Iterator[tuple[int, dict[str, str]]]]:
    """Return the header, and number and columns of the other lines."""
    try:
        # Not splitlines: a text may hold one of Unicode's other line separators.
        lines = table.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{table}: not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from error
    header = [name.strip() for name in lines[0].split("|")]

    def rows() -> Iterator[tuple[int, dict[str, str]]]:
        for number, line in enumerate(lines[1:], start=2):
            fields = line.split("|")
            if not line.strip():
                continue
            if len(fields) != len(header):
                raise UserError(
                    f"{table}, line {number}: {len(fields)} fields where the header has "
                    f"{len(header)}; correct the line"
                )
            yield number, {k: v.strip() for k, v in zip(header, fields, strict=True)}

    return header, rows()


def _seconds(value: str, where: str) -> float | None:
    if not value:
        return None
    try:
        return float(value)
    except ValueError:
        raise UserError(f"{where}: {value!r} is not a number of seconds; correct it") from None


def _check_row(row: dict[str, str], where: str, seen: dict[str, int]) -> None:
    utterance = row["utterance"]
    if not utterance or not row["sentence"]:
        raise UserError(f"{where}: the utterance or the sentence has no id; add it")
    if not is_file_name(utterance):
        raise UserError(f"{where}: {utterance!r} cannot be the name of a file in wavs/; rename it")
    if utterance in seen:
        raise UserError(
            f"{where}: {utterance!r} is already in line {seen[utterance]}; give it another id"
        )


def is_file_name(utterance: str) -> bool:
    """Return whether an utterance's id can name its file in `wavs/`."""
    return Path(utterance).name == utterance and not utterance.startswith(".")


def _with_split(recordings: list[Recording], table: Path) -> list[Recording]:
    """Return the recordings with the split of `splits.csv`, if there is one."""
    if not table.is_file():
        return recordings
    header, rows = _rows(table)
    if header != ["utterance", "split"]:
        raise UserError(f"{table}, line 1: expected the header utterance|split; correct it")
    known = {r.utterance for r in recordings}
    side: dict[str, str] = {}
    for number, row in rows:
        utterance, split = row["utterance"], SPLIT_NAMES.get(row["split"].lower())
        if utterance not in known:
            raise UserError(
                f"{table}, line {number}: metadata.csv has no {utterance!r}; remove the line"
            )
        if split is None:
            raise UserError(
                f"{table}, line {number}: {row['split']!r} is none of train, validation "
                "and test; correct it"
            )
        if side.setdefault(utterance, split) != split:
            raise UserError(f"{table}, line {number}: {utterance!r} is on two sides; keep one")
    lacking = [r.utterance for r in recordings if r.utterance not in side]
    if lacking:
        raise UserError(
            f"{table}: says nothing of {len(lacking)} recordings, the first is {lacking[0]}; add "
            "them, or delete the file to have a split drawn"
        )
    return [replace(r, split=side[r.utterance]) for r in recordings]


def audio_path(folder: Path, utterance: str) -> Path:
    """Return the utterance's audio file, by default its FLAC path."""
    candidates = [folder / "wavs" / f"{utterance}{suffix}" for suffix in SUFFIXES]
    return next((path for path in candidates if path.is_file()), candidates[0])
