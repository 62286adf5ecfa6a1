"""Data dictionary: columns of all tables with type, unit and meaning."""

import csv
import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from intone.errors import UserError
from intone.files import write_whole
from mushra_app.interchange.tables import TABLES

_KINDS = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "truth value",
}
_UNITS = {"score": "points", "scale_min": "points", "scale_max": "points"}


@dataclass(frozen=True)
class Column:
    """One column of one table."""

    table: str
    column: str
    type: str
    values: str
    empty: bool
    unit: str
    meaning: str


def kind_of(model: type[BaseModel], name: str) -> str:
    """Return a column's type: text, time, integer, number or truth value."""
    return _kind(_properties(model)[name])


def columns() -> list[Column]:
    """Return all columns of all tables."""
    dictionary = []
    for name, table in TABLES.items():
        for column, schema in _properties(table.row).items():
            dictionary.append(
                Column(
                    table=name,
                    column=column,
                    type=_kind(schema),
                    values=", ".join(_values(schema)),
                    empty=any(s.get("type") == "null" for s in schema.get("anyOf", [])),
                    unit=_unit(column, _kind(schema)),
                    meaning=schema.get("description", ""),
                )
            )
    return dictionary


def write_dictionary(out: Path) -> Path:
    """Write the dictionary as .md, .csv or .json.

    Raises:
        UserError: `out` has another suffix.
    """
    dictionary = columns()
    if out.suffix == ".json":
        text = json.dumps([asdict(c) for c in dictionary], indent=1, ensure_ascii=False) + "\n"
    elif out.suffix == ".csv":
        text = csv_text()
    elif out.suffix == ".md":
        text = _markdown(dictionary)
    else:
        raise UserError(f"--dictionary {out}: unknown suffix; use .md, .csv or .json")
    return write_whole(out, text)


def csv_text() -> str:
    """Return the dictionary as CSV."""
    rows = [asdict(c) for c in columns()]
    target = io.StringIO()
    writer = csv.DictWriter(target, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return target.getvalue()


def _markdown(dictionary: list[Column]) -> str:
    lines = ["# Data dictionary", ""]
    for name, table in TABLES.items():
        lines += [f"## {name}", "", (table.row.__doc__ or "").splitlines()[0], ""]
        lines += ["| column | type | values | may be empty | unit | meaning |", "|---" * 6 + "|"]
        for c in (c for c in dictionary if c.table == name):
            empty = "yes" if c.empty else ""
            cells = [f"`{c.column}`", c.type, c.values, empty, c.unit, c.meaning]
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        lines.append("")
    return "\n".join(lines)


def _properties(model: type[BaseModel]) -> dict[str, dict[str, Any]]:
    return model.model_json_schema()["properties"]


def _forms(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [s for s in schema.get("anyOf", [schema]) if s.get("type") != "null"]


def _kind(schema: dict[str, Any]) -> str:
    form = _forms(schema)[0]
    return "time" if form.get("format") == "date-time" else _KINDS[form["type"]]


def _values(schema: dict[str, Any]) -> list[str]:
    forms = _forms(schema)
    patterns = ["imported:TOOL"] if any("pattern" in form for form in forms) else []
    return [str(v) for form in forms for v in form.get("enum", [])] + patterns


def _unit(column: str, kind: str) -> str:
    if column.endswith("_ms"):
        return "ms"
    if kind == "time" or column.endswith("_at"):
        return "UTC, ISO 8601"
    return _UNITS.get(column, "")
