"""Seats of a design; a listener who leaves frees the seat."""

import json
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from mushra_app.design.allocation import Page
from mushra_app.store.tables import ListenerRow, PageRow, SittingRow

# A listener who was not seen for a day frees the seat; they may still come back.
_AWAY = timedelta(days=1)
_LEFT = ("withdrawn", "screened_out", "abandoned")


def free_seat(session: Session, study_id: int) -> int:
    """Return the first free seat, else a new one.

    A seat is free when each of its listeners left, or was away for a day. A preview takes no seat:
    the next listener receives the one that it showed.
    """
    taken: dict[int, bool] = {}
    rows = session.execute(
        select(ListenerRow.place, SittingRow.outcome, SittingRow.seen_at, SittingRow.preview)
        .join(SittingRow, SittingRow.listener_id == ListenerRow.id)
        .where(ListenerRow.study_id == study_id)
    )
    long_ago = (datetime.now(UTC) - _AWAY).isoformat(timespec="milliseconds")
    for seat, outcome, seen_at, preview in rows:
        away = outcome == "open" and (seen_at or "") < long_ago
        stays = not (preview or away or outcome in _LEFT)
        taken[seat] = taken.get(seat, False) or stays
    return next(seat for seat in range(len(taken) + 1) if not taken.get(seat))


def page_row(sitting: SittingRow, index: int, page: Page) -> PageRow:
    """Return the database row of a planned page."""
    expected = {"limits": page.expected, "asked": page.asked}
    return PageRow(
        session_id=sitting.id,
        page_index=index,
        kind=page.kind,
        phase=page.phase,
        step=page.step,
        repeat=page.repeat,
        question=page.question,
        sentence=page.sentence,
        slots=json.dumps(page.slots),
        scale_min=page.scale[0],
        scale_max=page.scale[1],
        expected=json.dumps(expected) if page.expected else None,
    )
