"""What a listener did on one page, from the log of their browser: as rows, and drawn."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from mushra_app.store.database import transaction
from mushra_app.store.tables import EventRow, PageRow, SittingRow

# A page with more is shown up to there.
MOST_EVENTS = 2000
_STOPS = ("pause", "stop", "ended")
_W, _LEFT, _LANE, _TOP = 960, 92, 26, 14


@dataclass(frozen=True)
class Step:
    """One event: when (s since the page was shown), what, and what belongs to it, in words."""

    at_s: float
    kind: str
    said: str


@dataclass
class Timeline:
    """A page as it went on.

    Attributes:
        steps: all events in order.
        versions: versions on the page; -1 is the open reference.
        playing: version, start and end of each stretch that was heard, s.
        rated: time, version and score of each rating; the version is None for a choice.
        hidden: stretches in which the page was not in front, s.
        loops: time of each change of the loop, s.
        end_s: the last event, s.
        cut: whether there were more events than are shown.
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
    """The name that a version has on the listener's screen."""
    if version < 0:
        return "Reference"
    first, last = divmod(version, 26)
    return (letter(first - 1) if first else "") + chr(65 + last)


def timeline(engine: Engine, study_id: int, pseudonym: str, page_index: int) -> Timeline | None:
    """The timeline of a page; None if there is no such page."""
    with transaction(engine) as session:
        sitting = _sitting(session, study_id, pseudonym)
        own = (PageRow.session_id == sitting, PageRow.page_index == page_index)
        page = session.scalar(select(PageRow).where(*own)) if sitting else None
        if page is None:
            return None
        query = (
            select(EventRow)
            .where(EventRow.session_id == sitting, EventRow.page_index == page_index)
            .order_by(EventRow.at_ms, EventRow.id)
            .limit(MOST_EVENTS + 1)
        )
        events = list(session.scalars(query))
    found = read(events[:MOST_EVENTS], len(json.loads(page.slots)))
    found.cut = len(events) > MOST_EVENTS
    return found


def pages(engine: Engine, study_id: int, pseudonym: str) -> list[tuple[int, str]]:
    """Index and a name of each page that a sitting has opened."""
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
    """Make a timeline of a page's events.

    Args:
        events: as they came in.
        slots: number of versions on the page.
    """
    found, last_s = Timeline(versions=list(range(slots))), 0.0
    current, since, away = -1, None, None
    for event in events:
        data, at_s = _data(event), event.at_ms / 1000
        last_s = at_s
        if event.kind == "open" and since is not None:
            # Loaded again: whatever was heard before has ended.
            found.playing.append((current, since, at_s))
            since = None
        found.steps.append(Step(at_s, event.kind, _said(event.kind, data)))
        target = _whole(data.get("to" if event.kind == "switch" else "version"))
        if event.kind in ("switch", "play") and target is not None:
            if since is not None:
                found.playing.append((current, since, at_s))
            since = at_s if since is not None or event.kind == "play" else None
            current = max(-1, min(target, slots - 1))
        elif event.kind in _STOPS and since is not None:
            found.playing.append((current, since, at_s))
            since = None
        elif event.kind == "rate":
            found.rated.append((at_s, _whole(data.get("version")), _whole(data.get("score"))))
        elif event.kind == "choose":
            found.rated.append((at_s, None, None))
        elif event.kind == "loop":
            found.loops.append(at_s)
        elif event.kind == "hidden":
            away = at_s
        elif event.kind == "visible" and away is not None:
            found.hidden.append((away, at_s))
            away = None
    found.end_s = last_s
    if since is not None:
        found.playing.append((current, since, last_s))
    if away is not None:
        found.hidden.append((away, last_s))
    if any(version < 0 for version, _, _ in found.playing):
        found.versions.insert(0, -1)
    return found


def state(found: Timeline, step: int) -> dict[str, Any]:
    """What stood on the screen after a number of events: time, what was heard, the scores."""
    at_s = found.steps[min(step, len(found.steps)) - 1].at_s if step and found.steps else 0.0
    heard = [v for v, start, end in found.playing if start <= at_s < end]
    scores = {v: score for when, v, score in found.rated if when <= at_s and v is not None}
    away = any(start <= at_s < end for start, end in found.hidden)
    return {"at_s": at_s, "heard": heard[-1] if heard else None, "scores": scores, "away": away}


def draw(found: Timeline, at_s: float | None = None) -> str:
    """The timeline as SVG, of numbers and our own words alone: logs are written by browsers."""
    lanes = {version: i for i, version in enumerate(found.versions)}
    height = _TOP + _LANE * max(1, len(lanes)) + 30
    span = max(found.end_s, 1.0)

    def x(time_s: float) -> float:
        return round(_LEFT + (_W - _LEFT - 20) * time_s / span, 1)

    parts = [f'<svg class="timeline" viewBox="0 0 {_W} {height}" role="img" ']
    parts.append(f'aria-label="{len(found.steps)} events in {span:.0f} seconds">')
    bottom = _TOP + _LANE * max(1, len(lanes))
    parts += [
        f'<rect class="away" x="{x(a)}" y="{_TOP}" width="{max(1.0, x(b) - x(a)):.1f}" '
        f'height="{bottom - _TOP}"/>'
        for a, b in found.hidden
    ]
    for version, lane in lanes.items():
        y = _TOP + _LANE * lane
        parts.append(
            f'<line class="lane" x1="{_LEFT}" x2="{_W - 20}" y1="{y + 13}" y2="{y + 13}"/>'
        )
        parts.append(f'<text class="name" x="{_LEFT - 12}" y="{y + 18}">{letter(version)}</text>')
    for version, start, end in found.playing:
        y = _TOP + _LANE * lanes.get(version, 0) + 6
        width = max(1.5, x(end) - x(start))
        parts.append(
            f'<rect class="heard" x="{x(start)}" y="{y}" width="{width:.1f}" height="14" rx="3"/>'
        )
    parts += [f'<path class="loop" d="M{x(t)} {bottom} l-4 7 h8 z"/>' for t in found.loops]
    for time_s, version, score in found.rated:
        y = _TOP + _LANE * lanes.get(version if version is not None else -9, 0) + 13
        parts.append(f'<circle class="rate" cx="{x(time_s)}" cy="{y}" r="4"/>')
        if score is not None:
            parts.append(f'<text class="score" x="{x(time_s) + 7}" y="{y + 4}">{score}</text>')
    parts += _axis(span, bottom, x)
    if at_s is not None:
        parts.append(
            f'<line class="cursor" x1="{x(at_s)}" x2="{x(at_s)}" y1="4" y2="{bottom + 4}"/>'
        )
    return "".join([*parts, "</svg>"])


def _axis(span: float, bottom: float, x: Any) -> list[str]:
    steps = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600)
    step = next((s for s in steps if span / s <= 10), 1800 * math.ceil(span / 18000))
    ticks = range(0, int(span) + 1, step)
    return [f'<text class="tick" x="{x(t)}" y="{bottom + 22}">{_clock(t)}</text>' for t in ticks]


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{int(seconds % 60):02d}"


def _sitting(session: Session, study_id: int, pseudonym: str) -> int | None:
    own = (SittingRow.study_id == study_id, SittingRow.pseudonym == pseudonym)
    return session.scalar(select(SittingRow.id).where(*own))


def _data(event: EventRow) -> dict[str, Any]:
    found = json.loads(event.data)
    return found if isinstance(found, dict) else {}


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and abs(value) < 1e6 else None


def _said(kind: str, data: dict[str, Any]) -> str:
    if kind in ("play", "pause", "switch", "rate"):
        version = _whole(data.get("to" if kind == "switch" else "version"))
        named = letter(version) if version is not None and version < 702 else ""
        score = _whole(data.get("score")) if kind == "rate" else None
        return f"{named}: {score}" if score is not None else named
    start, end = data.get("start"), data.get("end")
    if kind == "loop" and isinstance(start, int | float) and isinstance(end, int | float):
        return f"{start:.2f} to {end:.2f} s"
    return ", ".join(f"{key} {value}" for key, value in data.items())[:200]
