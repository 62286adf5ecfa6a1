"""A table of a study as CSV, Parquet or JSON, with the columns of the data dictionary."""

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
    """Write one table of a study to a file, in an order that does not depend on the database.

    Args:
        study_yaml: the study file.
        out: .csv, .parquet or .json.
        name: ratings, sessions, preferences, looks, events, remarks or answers.
        rehearsal: read the rehearsal's database.

    Returns:
        Number of rows.

    Raises:
        UserError: unknown table or kind of file, or no database yet.
    """
    wanted, write = table(name), _writer(out)
    study, engine = open_study(study_yaml, rehearsal)
    counted = _Counted(rows(engine, study.name, name))
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = out.with_name(out.name + ".part")
    try:
        write(scratch, wanted, counted)
        scratch.replace(out)
    finally:
        scratch.unlink(missing_ok=True)
        engine.dispose()
    return counted.number


class _Counted:
    def __init__(self, found: Rows) -> None:
        self.found, self.number = found, 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for row in self.found:
            self.number += 1
            yield row


def _writer(out: Path) -> Callable[[Path, Table, Rows], None]:
    found = {".csv": write_csv, ".parquet": _write_parquet, ".json": _write_json}
    if out.suffix not in found:
        raise UserError(f"{out}: give it a name that ends in {', '.join(found)}")
    return found[out.suffix]


def write_csv(path: Path, wanted: Table, found: Rows) -> None:
    """CSV in UTF-8 with a header; what is not known is empty."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, wanted.names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)


def _write_json(path: Path, wanted: Table, found: Rows) -> None:
    """A list of objects, one a line."""
    del wanted
    with path.open("w", encoding="utf-8") as file:
        separator = "[\n"
        for row in found:
            file.write(separator + json.dumps(row, ensure_ascii=False))
            separator = ",\n"
        file.write("\n]\n" if separator != "[\n" else "[]\n")


def _write_parquet(path: Path, wanted: Table, found: Rows) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    types = {"integer": pa.int64(), "number": pa.float64(), "truth value": pa.bool_()}
    # Said by the contract, not guessed from the rows: an empty column would have no type at all.
    schema = pa.schema([(c, types.get(kind_of(wanted.row, c), pa.string())) for c in wanted.names])
    waiting = iter(found)
    with parquet.ParquetWriter(path, schema) as writer:
        while batch := list(itertools.islice(waiting, _BATCH)):
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))
