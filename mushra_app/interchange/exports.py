"""Export of a study's tables as CSV, Parquet or JSON."""

import csv
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from intone.errors import UserError
from mushra_app.interchange.dictionary import kind_of
from mushra_app.interchange.tables import Table, open_study, rows, table

Rows = Iterable[dict[str, Any]]
_BATCH = 50_000


def export_table(
    study_yaml: Path, out: Path, name: str = "ratings", rehearsal: bool = False
) -> int:
    """Write one table of a study to a file.

    The columns are those of the data dictionary; the order does not depend on the database.

    Args:
        study_yaml: the study file.
        out: .csv, .parquet or .json.
        name: ratings, sessions, preferences, looks, events, remarks or answers.
        rehearsal: read the rehearsal's database.

    Returns:
        Number of rows.

    Raises:
        UserError: unknown table or suffix, or no database yet.
    """
    description, write = table(name), _writer(out)
    study, engine = open_study(study_yaml, rehearsal)
    counted = _CountedRows(rows(engine, study.name, name))
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = out.with_name(out.name + ".part")
    try:
        write(scratch, description, counted)
        scratch.replace(out)
    finally:
        scratch.unlink(missing_ok=True)
        engine.dispose()
    return counted.number


class _CountedRows:
    def __init__(self, rows: Rows) -> None:
        self.rows, self.number = rows, 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for row in self.rows:
            self.number += 1
            yield row


def _writer(out: Path) -> Callable[[Path, Table, Rows], None]:
    writers = {".csv": write_csv, ".parquet": _write_parquet, ".json": _write_json}
    if out.suffix not in writers:
        raise UserError(f"{out}: unknown suffix; use one of {', '.join(writers)}")
    return writers[out.suffix]


def write_csv(path: Path, table: Table, rows: Rows) -> None:
    """Write CSV in UTF-8 with a header; unknown values are empty."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, table.names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _write_json(path: Path, table: Table, rows: Rows) -> None:
    """Write a list of objects, one per line."""
    del table
    with path.open("w", encoding="utf-8") as file:
        separator = "[\n"
        for row in rows:
            file.write(separator + json.dumps(row, ensure_ascii=False))
            separator = ",\n"
        file.write("\n]\n" if separator != "[\n" else "[]\n")


def _write_parquet(path: Path, table: Table, rows: Rows) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    types = {"integer": pa.int64(), "number": pa.float64(), "truth value": pa.bool_()}
    # From the contract, not inferred from the rows: an empty column would have no type.
    schema = pa.schema([(c, types.get(kind_of(table.row, c), pa.string())) for c in table.names])
    remaining = iter(rows)
    with parquet.ParquetWriter(path, schema) as writer:
        while batch := list(itertools.islice(remaining, _BATCH)):
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))
