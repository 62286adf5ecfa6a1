"""What labels stand for, where a test's labels are not utterances and systems."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.data.importers.files import read_lines
from analysis.data.importers.rows import Found, Row
from intone.errors import UserError

PAGES = ("page", "label", "utterance", "system")
COLUMNS = ("column", "utterance", "system")


@dataclass(frozen=True)
class Meaning:
    """What a label (of a page) or a column is."""

    utterance: str
    system: str
    where: str


def read_mapping(file: Path, columns: Sequence[str]) -> dict[tuple[str, ...], Meaning]:
    """A mapping: by page and label, or by column.

    Args:
        file: CSV with a header.
        columns: `PAGES` or `COLUMNS`.

    Raises:
        UserError: other columns, a blank system, or something said twice.
    """
    lines, _ = read_lines(file)
    header = [cell.strip() for cell in lines[0].cells]
    if sorted(header) != sorted(columns):
        raise UserError(
            f"{lines[0].where}: a mapping has the columns {', '.join(columns)} here, not "
            f"{', '.join(header)}"
        )
    found: dict[tuple[str, ...], Meaning] = {}
    for line in lines[1:]:
        if len(line.cells) != len(header):
            raise UserError(
                f"{line.where}: {len(line.cells)} cells where the header has {len(header)}; "
                "look for a missing separator"
            )
        row = {name: cell.strip() for name, cell in zip(header, line.cells, strict=True)}
        key = tuple(row[name] for name in columns[:-2])
        if not row["system"] or not row["utterance"]:
            raise UserError(f"{line.where}: utterance and system must not be blank; fill them in")
        if key in found:
            raise UserError(f"{line.where}: said already in {found[key].where}; delete one")
        found[key] = Meaning(row["utterance"], row["system"], line.where)
    return found


def apply_mapping(found: Found, file: Path) -> None:
    """Give rows the utterance and system that their page and label stand for.

    Labels that are not mapped stay as they are; wide tables were mapped on reading.

    Raises:
        UserError: an entry fits no row, or the two labels of a pair stand for two utterances.
    """
    if found.tool == "wide":
        return
    mapping = read_mapping(file, PAGES)
    used: set[tuple[str, ...]] = set()
    for row in found.rows:
        if found.kind == "ratings":
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
            f"{row['where']}: the two labels of this pair stand for different utterances "
            f"({', '.join(sorted(utterances))}); a pair has one"
        )
    for name, meaning in meanings.items():
        row["utterance"], row[name] = meaning.utterance, meaning.system
