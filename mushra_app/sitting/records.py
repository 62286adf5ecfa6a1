"""Records beside the ratings: event log, remarks, the listener's stored data."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, func, insert, select, text
from sqlalchemy.orm import Session

from mushra_app.http.errors import RefusedError
from mushra_app.store.database import now
from mushra_app.store.tables import (
    EventRow,
    PageRow,
    PreferenceRow,
    RatingRow,
    RemarkRow,
    SittingRow,
)

# More than any sitting needs; a script that floods the log does not fill the disk.
MOST_EVENTS = 100_000
MOST_REMARKS = 500

_ADD = text("""
INSERT INTO event (session_id, page_index, key, kind, at_ms, received_at, data)
VALUES (:session_id, :page_index, :key, :kind, :at_ms, :received_at, :data)
ON CONFLICT (session_id, key) DO NOTHING""")


@dataclass(frozen=True)
class BrowserEvent:
    """Event in a listener's browser.

    Attributes:
        key: the browser's name of the event; sent twice, it is stored once.
        kind: type of the event.
        at_ms: time since the page was shown, ms.
        data: details of the event.
    """

    key: str
    kind: str
    at_ms: int
    data: dict[str, Any]


def log_events(
    session: Session, sitting: SittingRow, page_index: int, events: Sequence[BrowserEvent]
) -> None:
    """Add events to the log; a stored event is never changed.

    Raises:
        RefusedError: the sitting was withdrawn (409), or its log is full (422).
    """
    _require_not_withdrawn(sitting)
    stored = select(func.count()).where(EventRow.session_id == sitting.id)
    if (session.scalar(stored) or 0) + len(events) > MOST_EVENTS:
        raise RefusedError(422, f"the log of this sitting is full ({MOST_EVENTS} events)")
    common = {"session_id": sitting.id, "page_index": page_index, "received_at": now()}
    rows = [
        {**common, **vars(event), "data": json.dumps(event.data, ensure_ascii=False)}
        for event in events
    ]
    if rows:
        session.execute(_ADD, rows)


def store_remark(
    session: Session,
    sitting: SittingRow,
    page_index: int | None,
    key: str,
    kind: Literal["comment", "problem"],
    words: str,
) -> None:
    """Store a comment or a reported problem, once for each key.

    Raises:
        RefusedError: the sitting was withdrawn (409), or has too many remarks (422).
    """
    _require_not_withdrawn(sitting)
    of_sitting = RemarkRow.session_id == sitting.id
    if session.scalar(select(RemarkRow.id).where(of_sitting, RemarkRow.key == key)):
        return
    if (session.scalar(select(func.count()).where(of_sitting)) or 0) >= MOST_REMARKS:
        raise RefusedError(422, f"this sitting has {MOST_REMARKS} remarks; no more are stored")
    values = {"key": key, "kind": kind, "text": words, "written_at": now()}
    session.execute(
        insert(RemarkRow).values(session_id=sitting.id, page_index=page_index, **values)
    )


def stored_data(session: Session, sitting: SittingRow) -> dict[str, Any]:
    """Return the stored data of a sitting, without names of versions."""
    of_sitting = PageRow.session_id == sitting.id
    answers = session.scalars(select(PageRow.answers).where(of_sitting))
    remarks = session.scalars(select(RemarkRow.text).where(RemarkRow.session_id == sitting.id))
    events = select(func.count()).where(EventRow.session_id == sitting.id)
    return {
        "started": sitting.started_at,
        "ended": sitting.finished_at,
        "consent_version": sitting.consent_version,
        "consent_at": sitting.consent_at,
        "device": sitting.device,
        "headphones": sitting.headphones,
        "loudness": sitting.loudness,
        "platform_id": sitting.external_id,
        "ratings": _count(session, RatingRow, of_sitting),
        "preferences": _count(session, PreferenceRow, of_sitting),
        "events": session.scalar(events),
        "answers": [json.loads(answer) for answer in answers if answer],
        "remarks": list(remarks),
    }


def _require_not_withdrawn(sitting: SittingRow) -> None:
    # A page that was open when the listener withdrew still sends its last events.
    if sitting.outcome == "withdrawn":
        raise RefusedError(409, "this sitting was withdrawn; nothing more is stored of it")


def _count(
    session: Session, row: type[RatingRow] | type[PreferenceRow], of_sitting: ColumnElement[bool]
) -> int:
    joined = select(func.count()).select_from(row).join(PageRow, PageRow.id == row.page_id)
    return session.scalar(joined.where(of_sitting)) or 0
