"""Tables of a study, read row by row.

They contain no withdrawn sittings and no previews by the researcher.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Engine, make_url, text

from intone.contracts import Look, Preference, Rating, Session
from intone.errors import UserError
from mushra_app.interchange.rows import Answer, Event, Remark
from mushra_app.store.database import connect, database_url
from mushra_app.study.file import Study, read_study


@dataclass(frozen=True)
class Table:
    """SQL of a table, and the model of its rows.

    Attributes:
        row: model of a row, whose fields are the columns.
        source: SQL after FROM.
        order: unique columns, so that the order of rows is the same in every database.
        columns: SQL of the columns that have another name in the source.
        where: further condition, besides the study's name.
    """

    row: type[BaseModel]
    source: str
    order: str
    columns: dict[str, str]
    where: str = "TRUE"

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return list(self.row.model_fields)


_SITTING = (
    "JOIN session s ON s.id = r.session_id JOIN study st ON st.id = s.study_id "
    "JOIN listener l ON l.id = s.listener_id"
)
_WHO = {
    "study": "st.name",
    "listener": "l.pseudonym",
    "session": "s.pseudonym",
    "origin": "s.origin",
}
_KEPT = "s.outcome <> 'withdrawn' AND NOT s.preview"

TABLES = {
    "ratings": Table(Rating, "ratings_v1", "session, page_index, stimulus_index", {}),
    "sessions": Table(Session, "sessions_v1", "session", {}, "outcome <> 'withdrawn'"),
    "preferences": Table(Preference, "preferences_v1", "session, page_index", {}),
    "looks": Table(Look, "looks_v1", "looked_at, n_ratings", {"by": 'looks_v1."by"'}),
    "events": Table(Event, f"event r {_SITTING}", "s.pseudonym, r.id", _WHO, _KEPT),
    "remarks": Table(Remark, f"remark r {_SITTING}", "s.pseudonym, r.id", _WHO, _KEPT),
    "answers": Table(
        Answer,
        f"page r {_SITTING}",
        "s.pseudonym, r.page_index",
        {**_WHO, "page_type": "r.kind", "name": "r.answers", "answer": "r.answers"},
        f"{_KEPT} AND r.answers IS NOT NULL AND r.submitted_at IS NOT NULL",
    ),
}


def table(name: str) -> Table:
    """Return a table by its name.

    Raises:
        UserError: no such table.
    """
    if name not in TABLES:
        raise UserError(f"--table {name}: unknown; choose one of {', '.join(TABLES)}")
    return TABLES[name]


def open_study(study_yaml: Path, rehearsal: bool = False) -> tuple[Study, Engine]:
    """Return a study and its database.

    Raises:
        UserError: no such study, no database yet, or the database cannot be opened.
    """
    study = read_study(study_yaml)
    url = database_url(study, study_yaml, rehearsal)
    file = sqlite_file(url)
    if file is not None and not file.is_file():
        command = "rehearse" if rehearsal else "serve"
        raise UserError(f"{file}: no ratings yet; `intone {command} {study_yaml}` collects them")
    return study, connect(url)


def sqlite_file(url: str) -> Path | None:
    """Return the file of a SQLite database; None for other databases."""
    if not url.startswith("sqlite"):
        return None
    return Path(make_url(url).database or "")


def rows(engine: Engine, study: str, name: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table for one study, without loading all.

    Raises:
        UserError: no such table.
    """
    description = table(name)
    columns = ", ".join(f'{description.columns.get(c, c)} AS "{c}"' for c in description.names)
    key = description.columns.get("study", "study")
    query = text(
        f"SELECT {columns} FROM {description.source} WHERE {key} = :study AND {description.where} "
        f"ORDER BY {description.order}"
    )
    with engine.connect() as connection:
        streamed = connection.execution_options(yield_per=5000)
        for row in streamed.execute(query, {"study": study}).mappings():
            yield from _shaped(name, dict(row))


def _shaped(name: str, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    # SQLite has no truth values.
    for key in ("moved", "passed"):
        if row.get(key) is not None:
            row[key] = bool(row[key])
    if name != "answers":
        yield row
        return
    for question, answer in json.loads(row["answer"]).items():
        text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
        yield {**row, "name": question, "answer": text}
