"""Kind of a file or database: ratings or preferences."""

import csv
from pathlib import Path

import sqlalchemy as sa

from analysis.data.importers.recognise import import_results, recognise
from analysis.data.sources import DATABASE_SUFFIXES, open_database, reading, separator
from intone.errors import UserError

# Of pages on which one of two versions is chosen; they have no scores.
AB = "ab"
_CHOICE_COLUMNS = {"system_a", "system_b", "choice"}
# Other tools whose results can be choices.
_TOOLS = ("webmushra", "pymushra", "beaqlejs")
# Enough for the longest header; another tool's file may be one long line.
_HEAD = 1 << 16


def holds_preferences(
    path: str | Path, page_type: str | None = None, study: str | None = None
) -> bool:
    """Return True if the results at `path` are choices between two versions.

    They are in a table with one of the columns system_a, system_b and choice and without score; in
    a database with choices and no ratings, or if page type ab is asked for; and if another tool
    recorded choices. A file that cannot be read is left to the reader of ratings, which reports
    the error.

    Raises:
        UserError: a database holds both kinds and no page type was named.
    """
    engine, where = open_database(path)
    if engine is not None:
        return _in_database(engine, where, page_type, study)
    file = Path(path)
    if not file.is_file():
        return False
    if has_choices(file):
        return True
    tool = recognise(file)
    return tool in _TOOLS and import_results([file], tool)[1] == "preferences"


def has_choices(path: str | Path) -> bool:
    """Return True for a table of choices, complete or not."""
    file = Path(path)
    if "://" in str(path) or file.suffix.lower() in DATABASE_SUFFIXES or not file.is_file():
        return False
    columns = _columns(file)
    return "score" not in columns and bool(columns & _CHOICE_COLUMNS)


def _columns(file: Path) -> set[str]:
    """Return the names in the header of a CSV or Parquet file."""
    if file.suffix.lower() == ".parquet":
        from pyarrow import ArrowException, parquet

        try:
            return set(parquet.read_schema(file).names)
        except (ArrowException, OSError):
            return set()
    try:
        with file.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
            head = stream.read(_HEAD)
    except OSError:
        return set()
    lines = [line for line in head.splitlines() if line.strip()]
    header = csv.reader(lines[:1], delimiter=separator(lines))
    return {cell.strip() for row in header for cell in row}


def _in_database(engine: sa.Engine, where: str, page_type: str | None, study: str | None) -> bool:
    if page_type is not None:
        return page_type.strip().lower() == AB
    only = "phase = 'test'" + ("" if study is None else " AND study = :study")
    values = {} if study is None else {"study": study}
    with reading(engine, where) as (connection, views):

        def values_in(column: str, view: str) -> list[str]:
            if view not in views:
                return []
            query = sa.text(f"SELECT DISTINCT {column} FROM {view} WHERE {only}")
            return sorted(map(str, connection.execute(query, values).scalars()))

        chosen = bool(values_in("study", "preferences_v1"))
        # A database of choices only need not have the other view.
        rated = values_in("page_type", "ratings_v1") if chosen else []
    if rated:
        options = " or ".join(f"--page-type {kind}" for kind in [*rated, AB])
        raise UserError(
            f"{where}: holds ratings ({', '.join(rated)}) and preferences ({AB}), which are "
            f"analysed apart; choose with {options}"
        )
    return chosen
