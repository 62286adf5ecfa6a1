"""Text, tables, JSON and numbers of files of other tools."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.data.sources import separator
from intone.errors import UserError

# Python would also take "1_000" and "nan"; a score is digits.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_CELL_LIMIT = 10_000_000
# Whole numbers of JSON have no limit, decimal ones have.
_HUGE = 1e300


@dataclass(frozen=True)
class Line:
    """Line of a table: its unstripped cells and its place."""

    cells: list[str]
    where: str


def read_text(file: Path) -> str:
    """Read the text of a file.

    Raises:
        UserError: there is no such file, or it is not UTF-8.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UserError(
            f"{file.name}, line {line}: not UTF-8; save the file as UTF-8 and import it again"
        ) from error
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror}); check the name") from error


def read_lines(file: Path, text: str | None = None) -> tuple[list[Line], int]:
    """Read the lines of a table and the number of blank ones.

    The separator is found as for a table of the contract.

    Raises:
        UserError: not a table, or an empty one.
    """
    text = read_text(file) if text is None else text
    csv.field_size_limit(_CELL_LIMIT)
    # newline="" so that a line break inside quotes stays inside its cell.
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator(text.splitlines()), strict=True
    )
    lines, blank = [], 0
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append(Line(cells, f"{file.name}, line {reader.line_num}"))
            else:
                blank += 1
    except csv.Error as error:
        raise UserError(
            f"{file.name}, line {reader.line_num}: not a table ({error}); look for a quote that is "
            "not closed"
        ) from error
    if not lines:
        raise UserError(f"{file.name}: the file is empty; export the results again")
    return lines, blank


def read_rows(file: Path) -> tuple[Line, Iterator[tuple[str, dict[str, str]]]]:
    """Read a table with a header.

    Returns:
        The header with stripped cells; and for every row its place and its unstripped cells by
        column. A row is checked when it is reached.

    Raises:
        UserError: not a table, an empty one, or a row with more or fewer cells than the header.
    """
    lines, _ = read_lines(file)
    header = Line([cell.strip() for cell in lines[0].cells], lines[0].where)
    return header, _rows(header.cells, lines[1:])


def _rows(columns: list[str], lines: list[Line]) -> Iterator[tuple[str, dict[str, str]]]:
    for line in lines:
        if len(line.cells) != len(columns):
            raise UserError(
                f"{line.where}: {len(line.cells)} cells where the header has {len(columns)}; "
                "look for another separator or a row that is cut off"
            )
        yield line.where, dict(zip(columns, line.cells, strict=True))


def read_json(file: Path, hint: str) -> Any:
    """Read a JSON file.

    Args:
        file: the file.
        hint: advice for the error message.

    Raises:
        UserError: not UTF-8, or JSON that is cut off or broken.
    """
    text = read_text(file)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
        problem = "the JSON is cut off" if cut else f"not JSON ({error.msg})"
        raise UserError(f"{file.name}, line {error.lineno}: {problem}; {hint}") from error
    except (RecursionError, ValueError) as error:
        raise UserError(f"{file.name}: JSON too deep or numbers too long; {hint}") from error


def number(value: object, where: str, what: str) -> float:
    """Return a number from a cell or from JSON.

    Raises:
        UserError: not a number, or not finite.
    """
    if isinstance(value, str):
        text = value.strip()
        if not text:
            raise UserError(
                f"{where}: the {what} is missing; delete the row if nothing was rated there"
            )
        result: object = float(text) if _NUMBER.fullmatch(text) else None
    else:
        result = value
    if isinstance(result, int | float) and not isinstance(result, bool) and abs(result) < _HUGE:
        return float(result)
    raise UserError(
        f"{where}: {what} {value!r} is not a number; correct it, or check the separator"
    )


def milliseconds(value: object, where: str) -> int | None:
    """Return a time in ms; none where the cell is empty."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    return round(number(value, where, "time"))
