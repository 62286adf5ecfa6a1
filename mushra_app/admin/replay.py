"""Timeline of a listener's page, read from the browser's log."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from mushra_app.store.database import transaction
from mushra_app.store.tables import EventRow, PageRow, SittingRow

MOST_EVENTS = 2000
"""Events of a page that are shown; later ones are left out."""
_STOPS = ("pause", "stop", "ended")


@dataclass(frozen=True)
class Step:
    """Event with its time since the page was shown, s."""

    at_s: float
    kind: str
    details: str


@dataclass
class Timeline:
    """Events of one page, grouped by kind.

    Attributes:
        steps: all events in order.
        versions: versions on the page; -1 is the open reference.
        playing: version, start and end of each stretch that was heard, s.
        rated: time (s), version and score of each rating; the version is None for a choice.
        hidden: start and end of each stretch in which the page was not in front, s.
        loops: time of each change of the loop, s.
        end_s: time of the last event, s.
        cut: true if there were more events than `MOST_EVENTS`.
    """

    steps: list[Step] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)
    playing: list[tuple[int, float, float]] = field(default_factory=list)
    rated: list[tuple[float, int | None, int | None]] = field(default_factory=list)
    hidden: list[tuple[float, float]] = field(default_factory=list)
    loops: list[float] = field(default_factory=list)
    end_s: float = 0.0
    cut: bool = False


def letter(version: int) -> str:
    """Return the name of a version on the listener's screen."""
    if version < 0:
        return "Reference"
    first, last = divmod(version, 26)
    return (letter(first - 1) if first else "") + chr(65 + last)


def page_timeline(
    engine: Engine, study_id: int, pseudonym: str, page_index: int
) -> Timeline | None:
    """Return the timeline of a page, or None without the page."""
    with transaction(engine) as session:
        sitting = _sitting(session, study_id, pseudonym)
        this_page = (PageRow.session_id == sitting, PageRow.page_index == page_index)
        page = session.scalar(select(PageRow).where(*this_page)) if sitting else None
        if page is None:
            return None
        query = (
            select(EventRow)
            .where(EventRow.session_id == sitting, EventRow.page_index == page_index)
            .order_by(EventRow.at_ms, EventRow.id)
            .limit(MOST_EVENTS + 1)
        )
        events = list(session.scalars(query))
    timeline = read(events[:MOST_EVENTS], len(json.loads(page.slots)))
    timeline.cut = len(events) > MOST_EVENTS
    return timeline


def pages(engine: Engine, study_id: int, pseudonym: str) -> list[tuple[int, str]]:
    """Return index and name of each page that a sitting opened."""
    with transaction(engine) as session:
        query = (
            select(PageRow)
            .where(
                PageRow.session_id == _sitting(session, study_id, pseudonym),
                PageRow.opened_at.is_not(None),
            )
            .order_by(PageRow.page_index)
        )
        return [
            (p.page_index, " · ".join(x for x in (f"{p.page_index + 1}", p.kind, p.sentence) if x))
            for p in session.scalars(query)
        ]


def read(events: Sequence[EventRow], slots: int) -> Timeline:
    """Return the timeline of a page's events.

    Args:
        events: in the order of their times.
        slots: number of versions on the page.
    """
    timeline = Timeline(versions=list(range(slots)))
    current, playing_since, hidden_since = -1, None, None
    for event in events:
        data, at_s = _data(event), event.at_ms / 1000
        timeline.end_s = at_s
        if event.kind == "open" and playing_since is not None:
            # The page was loaded again, which ends the sound.
            timeline.playing.append((current, playing_since, at_s))
            playing_since = None
        timeline.steps.append(Step(at_s, event.kind, _details(event.kind, data)))
        target = _whole_number(data.get("to" if event.kind == "switch" else "version"))
        if event.kind in ("switch", "play") and target is not None:
            if playing_since is not None:
                timeline.playing.append((current, playing_since, at_s))
            starts = playing_since is not None or event.kind == "play"
            playing_since = at_s if starts else None
            current = max(-1, min(target, slots - 1))
        elif event.kind in _STOPS and playing_since is not None:
            timeline.playing.append((current, playing_since, at_s))
            playing_since = None
        elif event.kind == "hidden":
            hidden_since = at_s
        elif event.kind == "visible" and hidden_since is not None:
            timeline.hidden.append((hidden_since, at_s))
            hidden_since = None
        else:
            _add_answer(timeline, event.kind, data, at_s)
    if playing_since is not None:
        timeline.playing.append((current, playing_since, timeline.end_s))
    if hidden_since is not None:
        timeline.hidden.append((hidden_since, timeline.end_s))
    if any(version < 0 for version, _, _ in timeline.playing):
        timeline.versions.insert(0, -1)
    return timeline


def _add_answer(timeline: Timeline, kind: str, data: dict[str, Any], at_s: float) -> None:
    if kind == "rate":
        version, score = _whole_number(data.get("version")), _whole_number(data.get("score"))
        timeline.rated.append((at_s, version, score))
    elif kind == "choose":
        timeline.rated.append((at_s, None, None))
    elif kind == "loop":
        timeline.loops.append(at_s)


def state(timeline: Timeline, step: int) -> dict[str, Any]:
    """Return time, version heard, scores and visibility after some events."""
    steps = timeline.steps
    at_s = steps[min(step, len(steps)) - 1].at_s if step and steps else 0.0
    heard = [version for version, start, end in timeline.playing if start <= at_s < end]
    scores = {
        version: score
        for time_s, version, score in timeline.rated
        if time_s <= at_s and version is not None
    }
    away = any(start <= at_s < end for start, end in timeline.hidden)
    return {"at_s": at_s, "heard": heard[-1] if heard else None, "scores": scores, "away": away}


def _sitting(session: Session, study_id: int, pseudonym: str) -> int | None:
    this_sitting = (SittingRow.study_id == study_id, SittingRow.pseudonym == pseudonym)
    return session.scalar(select(SittingRow.id).where(*this_sitting))


def _data(event: EventRow) -> dict[str, Any]:
    data = json.loads(event.data)
    return data if isinstance(data, dict) else {}


def _whole_number(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and abs(value) < 1e6 else None


def _details(kind: str, data: dict[str, Any]) -> str:
    if kind in ("play", "pause", "switch", "rate"):
        version = _whole_number(data.get("to" if kind == "switch" else "version"))
        named = letter(version) if version is not None and version < 702 else ""
        score = _whole_number(data.get("score")) if kind == "rate" else None
        return f"{named}: {score}" if score is not None else named
    start, end = data.get("start"), data.get("end")
    if kind == "loop" and isinstance(start, int | float) and isinstance(end, int | float):
        return f"{start:.2f} to {end:.2f} s"
    return ", ".join(f"{key} {value}" for key, value in data.items())[:200]
