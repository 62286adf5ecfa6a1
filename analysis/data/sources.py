"""Sources of ratings and preferences: CSV, Parquet, views of a database."""

import csv
import sqlite3
import urllib.parse
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from intone.errors import UserError

DATABASE_SUFFIXES = (".sqlite", ".sqlite3", ".db")
View = Literal["ratings_v1", "preferences_v1"]


@dataclass(frozen=True)
class Source:
    """Table as read, before any check.

    Attributes:
        frame: the columns as stored; a CSV's cells are strings, so listener "007" stays itself.
        name: name in messages (of the file, or the URL without a password).
        kind: csv, parquet, database or imported.
        line: for each row, its place in the file ("line 7" of a CSV, "row 7" otherwise).
        looks: for each look at results while a study ran, the study; none if not recorded.
        look_sizes: study and number of listeners at each look, where recorded.
        notes: omissions and doubts of an importer, one sentence each.
    """

    frame: pd.DataFrame
    name: str
    kind: str
    line: list[str]
    looks: tuple[str, ...] | None = None
    look_sizes: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()


def cannot_read(file: Path, error: OSError) -> UserError:
    """Return the error for a file that the operating system cannot read."""
    return UserError(f"{file}: cannot be read ({error.strerror}); check who may read it")


def read_source(path: str | Path, view: View = "ratings_v1") -> Source:
    """Read a table from a file, or a view from a database.

    Args:
        path: CSV, Parquet or SQLite file, or a database URL.
        view: name of the view.

    Raises:
        UserError: no such file, not readable as a table, or no such view.
    """
    engine, where = open_database(path)
    if engine is not None:
        return _read_database(engine, where, view)
    file = Path(path)
    if file.is_dir():
        raise UserError(f"{path}: a folder; give the file with the ratings that is in it")
    if not file.is_file():
        raise UserError(
            f"{path}: no such file; give a CSV, a Parquet file, a study's .sqlite or a database URL"
        )
    return _read_parquet(file) if file.suffix.lower() == ".parquet" else _read_csv(file)


def open_database(path: str | Path) -> tuple[sa.Engine | None, str]:
    """Return the database at a path, if any, and its name.

    Raises:
        UserError: a URL that cannot be used.
    """
    text = str(path)
    if "://" in text:
        engine = _engine(text)
        return engine, engine.url.render_as_string(hide_password=True)
    file = Path(text)
    if not file.is_file() or file.suffix.lower() not in DATABASE_SUFFIXES:
        return None, file.name
    # Read only, so that a running study cannot be disturbed; quoted for "?" and "#" in names.
    uri = f"file:{urllib.parse.quote(str(file.resolve()))}?mode=ro"
    return sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(uri, uri=True)), file.name


def separator(lines: Iterable[str]) -> str:
    """Return the commonest of `,;`, tab and `|` in the first line.

    Blank lines before it are skipped.
    """
    first = next((line for line in lines if line.strip()), "")
    return max(",;\t|", key=first.count)


def _read_csv(file: Path) -> Source:
    try:
        # csv.reader wants newline="" so that a line break inside quotes stays inside its cell.
        with file.open(encoding="utf-8-sig", newline="") as stream:
            delimiter = separator(stream)
            stream.seek(0)
            reader = csv.reader(stream, delimiter=delimiter, strict=True)
            rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except UnicodeDecodeError as error:
        raise UserError(
            f"{file.name}: not a CSV table in UTF-8; save it again in that encoding (in a "
            "spreadsheet: CSV UTF-8)"
        ) from error
    except csv.Error as error:
        raise UserError(
            f"{file.name}: not a CSV table ({error}); look for a quote that is not closed"
        ) from error
    except OSError as error:
        raise cannot_read(file, error) from error
    if not rows:
        raise UserError(f"{file.name}: the file is empty; it needs a header and one row per rating")
    header = [cell.strip() for cell in rows[0][1]]
    for column in header:
        if header.count(column) > 1:
            raise UserError(f"{file.name}: column {column!r} is twice in the header; rename one")
    for line, row in rows[1:]:
        if len(row) != len(header):
            raise UserError(
                f"{file.name}, line {line}: {len(row)} cells where the header has {len(header)}; "
                "check for a missing quote or separator"
            )
    cells = [[cell.strip() for cell in row] for _, row in rows[1:]]
    frame = pd.DataFrame(cells, columns=pd.Index(header), dtype=object)
    return Source(frame, file.name, "csv", [f"line {line}" for line, _ in rows[1:]])


def _read_parquet(file: Path) -> Source:
    try:
        frame = pd.read_parquet(file)
    except PermissionError as error:
        raise cannot_read(file, error) from error
    except (OSError, ValueError) as error:
        raise UserError(f"{file.name}: not a Parquet table; export it again") from error
    return Source(frame, file.name, "parquet", _row_numbers(frame))


def _engine(url: str) -> sa.Engine:
    if url.startswith("postgresql://"):
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    try:
        return sa.create_engine(url)
    except ModuleNotFoundError as error:
        raise UserError(
            f"the database driver {error.name} is not installed; for PostgreSQL: "
            "pip install 'intone[postgres]'"
        ) from error
    except SQLAlchemyError as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"the database URL cannot be used ({reason}); check it") from error


@contextmanager
def reading(engine: sa.Engine, where: str) -> Iterator[tuple[sa.Connection, set[str]]]:
    """Yield a connection and the names of all tables and views.

    Raises:
        UserError: the database cannot be read, now or inside the block.
    """
    try:
        with engine.connect() as connection:
            views = set(sa.inspect(connection).get_view_names())
            yield connection, views | set(sa.inspect(connection).get_table_names())
    except (SQLAlchemyError, pd.errors.DatabaseError) as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        advice = "copy it again, from the machine where the study runs"
        if "://" in where:
            advice = "check the address, and whether the database runs"
        raise UserError(f"{where}: cannot be read as a database ({reason}); {advice}") from error
    finally:
        engine.dispose()


def _read_database(engine: sa.Engine, where: str, view: View) -> Source:
    with reading(engine, where) as (connection, views):
        if view not in views:
            raise UserError(
                f"{where}: no view {view}; give the database of a study made by `intone serve`"
            )
        frame = pd.read_sql_query(sa.text(f"SELECT * FROM {view}"), connection)
        looks, sizes = None, ()
        if "looks_v1" in views:
            seen = connection.execute(sa.text("SELECT * FROM looks_v1")).mappings().all()
            looks = tuple(str(look["study"]) for look in seen)
            sizes = tuple(
                (str(look["study"]), int(look["n_listeners"]))
                for look in seen
                if look.get("n_listeners") is not None
            )
    return Source(frame, where, "database", _row_numbers(frame), looks, look_sizes=sizes)


def _row_numbers(frame: pd.DataFrame) -> list[str]:
    return [f"row {number}" for number in range(1, len(frame) + 1)]
