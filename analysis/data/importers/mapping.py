"""Mapping of the labels of a test to utterances and systems."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.data.importers.files import read_rows
from analysis.data.importers.rows import Imported, Row
from intone.errors import UserError

PAGES = ("page", "label", "utterance", "system")
COLUMNS = ("column", "utterance", "system")


@dataclass(frozen=True)
class Meaning:
    """Utterance and system of a label or of a column."""

    utterance: str
    system: str
    where: str


def read_mapping(file: Path, columns: Sequence[str]) -> dict[tuple[str, ...], Meaning]:
    """Read a mapping, by page and label or by column.

    Args:
        file: CSV with a header.
        columns: `PAGES` or `COLUMNS`.

    Raises:
        UserError: other columns, a blank system, or an entry that is there twice.
    """
    header, rows = read_rows(file)
    if sorted(header.cells) != sorted(columns):
        raise UserError(
            f"{header.where}: columns {', '.join(header.cells)}; a mapping needs "
            f"{', '.join(columns)}"
        )
    meanings: dict[tuple[str, ...], Meaning] = {}
    for where, cells in rows:
        row = {name: cell.strip() for name, cell in cells.items()}
        key = tuple(row[name] for name in columns[:-2])
        if not row["system"] or not row["utterance"]:
            raise UserError(f"{where}: utterance and system must not be blank; fill them in")
        if key in meanings:
            raise UserError(f"{where}: already in {meanings[key].where}; delete one")
        meanings[key] = Meaning(row["utterance"], row["system"], where)
    return meanings


def apply_mapping(imported: Imported, file: Path) -> None:
    """Replace labels of rows by utterance and system.

    Labels that are not mapped stay as they are; wide tables were mapped on reading.

    Raises:
        UserError: an entry fits no row, or the two labels of a pair have two utterances.
    """
    if imported.tool == "wide":
        return
    mapping = read_mapping(file, PAGES)
    used: set[tuple[str, ...]] = set()
    for row in imported.rows:
        if imported.kind == "ratings":
            names = ("system",)
        else:
            names = ("system_a", "system_b")
        keys = {name: (row["trial"], row[name]) for name in names}
        used.update(key for key in keys.values() if key in mapping)
        _rename(row, {name: mapping[key] for name, key in keys.items() if key in mapping})
    for key, meaning in mapping.items():
        if key not in used:
            raise UserError(
                f"{meaning.where}: no page {key[0]!r} with a label {key[1]!r} in the results; "
                "correct it"
            )


def _rename(row: Row, meanings: dict[str, Meaning]) -> None:
    utterances = {meaning.utterance for meaning in meanings.values()}
    if len(utterances) > 1:
        raise UserError(
            f"{row['where']}: the labels of this pair have different utterances "
            f"({', '.join(sorted(utterances))}); map them to one"
        )
    for name, meaning in meanings.items():
        row["utterance"], row[name] = meaning.utterance, meaning.system
