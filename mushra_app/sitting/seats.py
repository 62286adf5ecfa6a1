"""The places of a design, and their pages: who left gives theirs to the next listener."""

import json
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from mushra_app.design.allocation import Page
from mushra_app.store.tables import ListenerRow, PageRow, SittingRow

# Whoever was not seen for a day gives their place to the next listener; they may still come back.
_AWAY = timedelta(days=1)
_LEFT = ("withdrawn", "screened_out", "abandoned")


def free_place(session: Session, study_id: int) -> int:
    """The first place whose last occupant left, or was not seen for a day; else a new one.

    A preview takes no place: the next listener gets the one it looked at.
    """
    taken: dict[int, bool] = {}
    rows = session.execute(
        select(ListenerRow.place, SittingRow.outcome, SittingRow.seen_at, SittingRow.preview)
        .join(SittingRow, SittingRow.listener_id == ListenerRow.id)
        .where(ListenerRow.study_id == study_id)
    )
    long_ago = (datetime.now(UTC) - _AWAY).isoformat(timespec="milliseconds")
    for place, outcome, seen_at, preview in rows:
        away = outcome == "open" and (seen_at or "") < long_ago
        stays = not (preview or away or outcome in _LEFT)
        taken[place] = taken.get(place, False) or stays
    free = (place for place in range(len(taken) + 1) if not taken.get(place))
    return next(free)


def page_row(sitting: SittingRow, index: int, page: Page) -> PageRow:
    """A planned page as the database keeps it."""
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
        expected=json.dumps({"limits": page.expected, "asked": page.asked})
        if page.expected
        else None,
    )
