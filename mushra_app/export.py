"""Reading a study's database out as CSV or Parquet with the columns of the contract."""

import csv
from pathlib import Path

from sqlalchemy import text

from intone.contracts import LOOK_COLUMNS, PREFERENCE_COLUMNS, RATING_COLUMNS, SESSION_COLUMNS
from intone.errors import UserError
from mushra_app.database import connect, database_url
from mushra_app.study import read_study

_TABLES = {
    "ratings": RATING_COLUMNS,
    "sessions": SESSION_COLUMNS,
    "preferences": PREFERENCE_COLUMNS,
    "looks": LOOK_COLUMNS,
}


def export_table(
    study_yaml: Path, out: Path, table: str = "ratings", rehearsal: bool = False
) -> int:
    """Write one view of a study to a file, in an order that does not depend on the database.

    Args:
        study_yaml: the study file.
        out: .csv or .parquet.
        table: ratings, sessions, preferences or looks.
        rehearsal: read the rehearsal's database.

    Returns:
        Number of rows.

    Raises:
        UserError: unknown table or kind of file, or no database yet.
    """
    columns = _TABLES.get(table)
    if columns is None:
        raise UserError(f"--table {table}: unknown; choose one of {', '.join(_TABLES)}")
    if out.suffix not in (".csv", ".parquet"):
        raise UserError(f"{out}: give it a name that ends in .csv or .parquet")
    study = read_study(study_yaml)
    url = database_url(study, study_yaml, rehearsal)
    file = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite") and not file.is_file():
        command = "rehearse" if rehearsal else "serve"
        raise UserError(f"{file}: no ratings yet; `intone {command} {study_yaml}` collects them")
    known = ", ".join(columns)
    query = text(f"SELECT {known} FROM {table}_v1 WHERE study = :study ORDER BY {known}")
    with connect(url).connect() as connection:
        rows = [dict(row) for row in connection.execute(query, {"study": study.name}).mappings()]
    for row in rows:
        if "moved" in row:
            row["moved"] = bool(row["moved"])
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(out.name + ".part")
    if out.suffix == ".csv":
        with temporary.open("w", encoding="utf-8", newline="") as target:
            writer = csv.DictWriter(target, columns)
            writer.writeheader()
            writer.writerows(rows)
    else:
        import pyarrow as pa
        from pyarrow import parquet

        content = {name: [row[name] for row in rows] for name in columns}
        parquet.write_table(pa.table(content), temporary)
    temporary.replace(out)
    return len(rows)
