"""Progress of a study, read from its tables without scores of systems."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import Engine, func, select, text

from mushra_app.store.database import now, transaction
from mushra_app.store.tables import ListenerRow, LookRow, PageRow, RemarkRow, SittingRow

AWAY = timedelta(minutes=30)
"""Time without a request after which a listener counts as away."""
MOST_SITTINGS = 500
MOST_REMARKS = 2000
_MOST_PAGES = 20_000


@dataclass(frozen=True)
class Sitting:
    """Row of the list of sittings; `page` counts the finished pages."""

    pseudonym: str
    listener: str
    arm: str
    status: str
    page: int
    pages: int
    device: str
    headphones: str
    seen_at: str
    minutes: float


@dataclass(frozen=True)
class PageNumber:
    """Pages of all sittings at one position."""

    number: int
    kind: str
    reached: int
    left: int
    median_s: float | None


@dataclass(frozen=True)
class Failed:
    """Page with a known answer that was not passed."""

    pseudonym: str
    page: int
    kind: str
    what: str
    sentence: str


def status(outcome: str, consented: bool, seen_at: str | None) -> str:
    """Return the state of a sitting, in words."""
    if outcome != "open":
        return {"screened_out": "screened out"}.get(outcome, outcome)
    if not consented:
        return "before consent"
    return "away" if (seen_at or "") < _long_ago() else "listening"


def sittings(engine: Engine, study_id: int) -> list[Sitting]:
    """Return the newest sittings, newest first, without previews."""
    of_sitting = PageRow.session_id == SittingRow.id
    submitted = PageRow.submitted_at.is_not(None)
    pages = select(func.count()).where(of_sitting).scalar_subquery()
    done = select(func.count()).where(of_sitting, submitted).scalar_subquery()
    query = (
        select(SittingRow, ListenerRow.pseudonym, ListenerRow.arm, done, pages)
        .outerjoin(ListenerRow, ListenerRow.id == SittingRow.listener_id)
        .where(SittingRow.study_id == study_id, SittingRow.preview.is_(False))
        .order_by(SittingRow.id.desc())
        .limit(MOST_SITTINGS)
    )
    with transaction(engine) as session:
        rows = session.execute(query).all()
    return [
        Sitting(
            pseudonym=row.pseudonym,
            listener=listener or "",
            arm=arm or "",
            status=status(row.outcome, bool(row.consent_given), row.seen_at),
            page=n_done,
            pages=n_pages,
            device=row.device or "",
            headphones=row.headphones.replace("_", " "),
            seen_at=row.seen_at or row.started_at,
            minutes=_minutes(row.started_at, row.finished_at or row.seen_at or row.started_at),
        )
        for row, listener, arm, n_done, n_pages in rows
    ]


def tally(engine: Engine, study_id: int) -> dict[str, int]:
    """Return the number of sittings by status, without previews."""
    columns = (SittingRow.outcome, SittingRow.consent_given, SittingRow.seen_at > _long_ago())
    query = (
        select(*columns, func.count())
        .where(SittingRow.study_id == study_id, SittingRow.preview.is_(False))
        .group_by(*columns)
    )
    counted: Counter[str] = Counter()
    with transaction(engine) as session:
        for outcome, consented, recent, number in session.execute(query):
            counted[status(outcome, bool(consented), now() if recent else None)] += number
    return dict(counted)


def page_numbers(engine: Engine, study_id: int) -> list[PageNumber]:
    """Return visits, exits and median time of each page."""
    query = (
        select(
            PageRow.page_index,
            PageRow.kind,
            PageRow.opened_at,
            PageRow.submitted_at,
            SittingRow.outcome,
            SittingRow.seen_at,
        )
        .join(SittingRow, SittingRow.id == PageRow.session_id)
        .where(_of(study_id), PageRow.opened_at.is_not(None))
        .order_by(PageRow.id.desc())
        .limit(_MOST_PAGES)
    )
    kinds: defaultdict[int, Counter[str]] = defaultdict(Counter)
    left: Counter[int] = Counter()
    times: defaultdict[int, list[float]] = defaultdict(list)
    with transaction(engine) as session:
        for number, kind, opened, submitted, outcome, seen_at in session.execute(query):
            kinds[number][kind] += 1
            if opened and submitted:
                times[number].append(_seconds(opened, submitted))
            elif outcome != "open" or (seen_at or "") < _long_ago():
                left[number] += 1
    return [
        PageNumber(
            number=number + 1,
            kind=" or ".join(kind for kind, _ in kinds[number].most_common(2)),
            reached=sum(kinds[number].values()),
            left=left[number],
            median_s=median(times[number]) if times[number] else None,
        )
        for number in sorted(kinds)
    ]


def failed(engine: Engine, study_id: int) -> list[Failed]:
    """Return attention, gold and check pages not passed, newest first."""
    query = (
        select(SittingRow.pseudonym, PageRow)
        .join(SittingRow, SittingRow.id == PageRow.session_id)
        .where(_of(study_id), PageRow.passed.is_(False))
        .order_by(PageRow.id.desc())
        .limit(MOST_SITTINGS)
    )
    with transaction(engine) as session:
        rows = session.execute(query).all()
    return [Failed(name, p.page_index + 1, p.kind, _check(p), p.sentence) for name, p in rows]


def coverage(engine: Engine, study: str) -> dict[str, dict[str, int]]:
    """Return the number of ratings by sentence, then by system or pair."""
    where = "WHERE study = :study AND phase = 'test'"
    queries = (
        f"SELECT utterance, system, COUNT(*) FROM ratings_v1 {where} GROUP BY utterance, system",
        f"SELECT utterance, system_a || ' / ' || system_b, COUNT(*) FROM preferences_v1 {where} "
        "GROUP BY utterance, system_a, system_b",
    )
    counts: dict[str, dict[str, int]] = {}
    with engine.connect() as connection:
        for query in queries:
            for sentence, system, number in connection.execute(text(query), {"study": study}):
                counts.setdefault(sentence, {})[system] = number
    return counts


def remarks(engine: Engine, study_id: int, kind: str | None = None) -> list[tuple[str, RemarkRow]]:
    """Return remarks with the pseudonyms of their sittings, newest first.

    Args:
        engine: the database.
        study_id: the study.
        kind: comment or problem; None for both.
    """
    query = (
        select(SittingRow.pseudonym, RemarkRow)
        .join(RemarkRow, RemarkRow.session_id == SittingRow.id)
        .where(_of(study_id), *([RemarkRow.kind == kind] if kind else []))
        .order_by(RemarkRow.id.desc())
        .limit(MOST_REMARKS)
    )
    with transaction(engine) as session:
        return [(name, row) for name, row in session.execute(query)]


def ratings(engine: Engine, study: str) -> list[dict[str, Any]]:
    """Return all rows of `ratings_v1`."""
    with engine.connect() as connection:
        query = text("SELECT * FROM ratings_v1 WHERE study = :study")
        return [dict(row) for row in connection.execute(query, {"study": study}).mappings()]


def note_look(engine: Engine, study_id: int, by: str, rows: list[dict[str, Any]]) -> None:
    """Record a look at the results with the number of ratings."""
    listeners = len({row["listener"] for row in rows})
    with transaction(engine) as session:
        look = LookRow(
            study_id=study_id, looked_at=now(), n_listeners=listeners, n_ratings=len(rows), by=by
        )
        session.add(look)


def looks(engine: Engine, study_id: int) -> list[LookRow]:
    """Return the recorded looks at the results, newest first."""
    with transaction(engine) as session:
        query = select(LookRow).where(LookRow.study_id == study_id).order_by(LookRow.id.desc())
        return list(session.scalars(query))


def _of(study_id: int) -> Any:
    kept = SittingRow.preview.is_(False) & (SittingRow.outcome != "withdrawn")
    return (SittingRow.study_id == study_id) & kept


def _check(page: PageRow) -> str:
    if page.phase != "gold":
        return "check"
    return "gold" if json.loads(page.expected or "{}").get("asked") is None else "attention"


def _long_ago() -> str:
    return (datetime.now(UTC) - AWAY).isoformat(timespec="milliseconds")


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def _minutes(start: str, end: str) -> float:
    return round(_seconds(start, end) / 60, 1)
