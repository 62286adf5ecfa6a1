"""Sentence and system of each stimulus of a webMUSHRA study.

webMUSHRA has pages with labels; a study of Intone has sentences that all systems say. On pages with
a reference, one recording is one sentence. A label is a system, unless `--map` overrides it.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from intone.errors import UserError
from mushra_app.interchange.webmushra.keys import Differences
from mushra_app.interchange.webmushra.read import ForeignPage, Lined
from mushra_app.study.file import LOW, MID

REFERENCE = "reference"
COLUMNS = ("page", "label", "sentence", "system")


@dataclass(frozen=True)
class Cell:
    """One stimulus of one page."""

    label: str
    path: str
    sentence: str
    system: str


@dataclass
class Cells:
    """All stimuli of a study file.

    Attributes:
        audio: file name in the study file, by sentence and system.
        pages: stimuli of each rating page, in the order of the file, without the reference.
        sentence: sentence of each page that has a reference.
    """

    audio: dict[tuple[str, str], str] = field(default_factory=dict)
    pages: dict[int, list[Cell]] = field(default_factory=dict)
    sentence: dict[int, str] = field(default_factory=dict)


Map = Mapping[tuple[str, str], tuple[str, str]]


def read_map(path: Path) -> Map:
    """Read a table with the sentence and system of each page's labels.

    Args:
        path: CSV with the columns page, label, sentence, system.

    Raises:
        UserError: not readable, a column missing, or an empty cell.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
            names = reader.fieldnames or []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: cannot be read as CSV in UTF-8; check it") from error
    for name in COLUMNS:
        if name not in names:
            raise UserError(f"{path}, line 1: no column {name!r}; it needs {', '.join(COLUMNS)}")
    mapped: dict[tuple[str, str], tuple[str, str]] = {}
    for line, row in enumerate(rows, start=2):
        values = [(row[name] or "").strip() for name in COLUMNS]
        if not all(values):
            raise UserError(f"{path}, line {line}: an empty cell; fill it or remove the line")
        mapped[values[0], values[1]] = (values[2], values[3])
    return mapped


def collect(
    path: Path, pages: Sequence[tuple[int, ForeignPage]], mapped: Map, differences: Differences
) -> Cells:
    """Name every stimulus of some rating pages.

    Args:
        path: the study file, for messages.
        pages: the rating pages with their numbers.
        mapped: the table of `--map`.
        differences: list to which findings are added.

    Raises:
        UserError: a page has no stimuli, or `--map` gives two files one name or names no page.
    """
    cells = Cells()
    for number, page in pages:
        if "reference" in page.values:
            cells.sentence[number] = _sentence(path, page, cells, mapped)
    for number, page in pages:
        cells.pages[number] = _of_page(path, number, page, cells, mapped, differences)
    known = {(page.id, label) for _, page in pages for label in _stimuli(path, page)}
    for pair in mapped:
        if pair not in known:
            raise UserError(f"--map: page {pair[0]!r} has no label {pair[1]!r}; correct that line")
    return cells


def _stimuli(path: Path, page: ForeignPage) -> dict[str, str]:
    stimuli = page.values.get("stimuli")
    line = page.line_of("stimuli")
    if not isinstance(stimuli, Lined) or not stimuli:
        raise UserError(f"{path}, line {line}: stimuli: no labels with files; add them")
    for label, file in stimuli.items():
        if not isinstance(file, str) or not 0 < len(label) <= 180:
            line = stimuli.lines[label]
            raise UserError(
                f"{path}, line {line}: stimuli: {label}: not a file name; write `label: file`"
            )
    return dict(stimuli)


def _sentence(path: Path, page: ForeignPage, cells: Cells, mapped: Map) -> str:
    """Return the sentence of the page's reference recording, or a new sentence."""
    recording = page.values["reference"]
    if not isinstance(recording, str):
        raise UserError(
            f"{path}, line {page.line_of('reference')}: reference: not a file name; name one"
        )
    stimuli = _stimuli(path, page)
    names = {mapped[page.id, label][0] for label in stimuli if (page.id, label) in mapped}
    if len(names) > 1:
        raise UserError(
            f"--map: page {page.id!r} has one reference but several sentences; correct it"
        )
    same = [s for (s, system), f in cells.audio.items() if (system, f) == (REFERENCE, recording)]
    wanted = [*names] or [*same, page.id]
    for name in [*wanted, *(f"{page.id}-{i}" for i in range(2, 10_000) if not names)]:
        new = {(name, REFERENCE): recording}
        new |= {
            (name, _system(page, label, mapped)): file
            for label, file in stimuli.items()
            if not (label == REFERENCE and file == recording)
        }
        if all(cells.audio.get(pair, file) == file for pair, file in new.items()):
            cells.audio |= new
            return name
    raise UserError(
        f"--map: page {page.id!r}: sentence {wanted[0]!r} has another file already; correct it"
    )


def _system(page: ForeignPage, label: str, mapped: Map) -> str:
    if (page.id, label) in mapped:
        return mapped[page.id, label][1]
    return f"{label} (stimulus)" if label in (REFERENCE, LOW, MID) else label


def _of_page(
    path: Path,
    number: int,
    page: ForeignPage,
    cells: Cells,
    mapped: Map,
    differences: Differences,
) -> list[Cell]:
    page_cells = []
    recording = page.values.get("reference")
    for label, file in _stimuli(path, page).items():
        if recording is not None and label == REFERENCE and file == recording:
            differences.add(
                "note",
                page,
                "stimuli.reference",
                "the reference a second time",
                "it is among the versions anyway, hidden",
                file,
            )
            continue
        system = _system(page, label, mapped)
        if number in cells.sentence:
            sentence = cells.sentence[number]
        else:
            sentence, system = _likert(page, label, file, cells, mapped)
            if cells.audio.setdefault((sentence, system), file) != file:
                raise UserError(
                    f"{path}, line {page.line_of('stimuli')}: stimuli: {label}: sentence "
                    f"{sentence!r} by {system!r} has another file already; give its "
                    "sentence and system in --map"
                )
        if system != label and (page.id, label) not in mapped:
            differences.add(
                "changed",
                page,
                f"stimuli.{label}",
                "the same name elsewhere or reserved",
                f"system {system!r}, sentence {sentence!r}",
                file,
            )
        page_cells.append(Cell(label, file, sentence, system))
    return page_cells


def _likert(page: ForeignPage, label: str, file: str, cells: Cells, mapped: Map) -> tuple[str, str]:
    """Return sentence and system of a stimulus on a reference-free page."""
    if (page.id, label) in mapped:
        return mapped[page.id, label]
    pairs = [pair for pair, other in cells.audio.items() if other == file]
    by_label = [pair for pair in pairs if pair[1] == label]
    if by_label or pairs:
        return (by_label or pairs)[0]
    return page.id, _system(page, label, mapped)
