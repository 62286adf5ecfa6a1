"""Submission of a page: completeness, attention checks, end of the sitting."""

import json
import math
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mushra_app.http.errors import RefusedError
from mushra_app.page_types import RATING_TYPES, UNRATED_TYPES
from mushra_app.sitting.context import StudyContext
from mushra_app.sitting.end import end_sitting
from mushra_app.sitting.find import progress_of, require_page
from mushra_app.sitting.page_context import page_context
from mushra_app.sitting.rate import choice_on_screen, saved_choice, saved_scores
from mushra_app.store.database import now
from mushra_app.store.tables import PageRow, SittingRow
from mushra_app.study.progress import Progress


def submit_page(
    context: StudyContext, session: Session, sitting: SittingRow, page_index: int
) -> Progress:
    """Close a page, and after the last page the sitting.

    A second call changes nothing.

    Raises:
        RefusedError: no such page (404); another page is current, or a version was not played, or
            not rated, or a question not answered (409); an invalid answer (422).
    """
    page = require_page(session, sitting, page_index)
    if page.submitted_at is None:
        if progress_of(context, session, sitting).page != page_index or not page.opened_at:
            raise RefusedError(409, "another page is current; reload the page")
        _close_page(context, session, sitting, page)
        session.flush()
    progress = progress_of(context, session, sitting)
    if progress.page == progress.pages and sitting.outcome == "open":
        end_sitting(context, sitting, "completed")
        progress = progress_of(context, session, sitting)
    return progress


def _close_page(
    context: StudyContext, session: Session, sitting: SittingRow, page: PageRow
) -> None:
    if page.kind in UNRATED_TYPES:
        screened_out = _close_unrated_page(context, session, sitting, page)
    else:
        screened_out = _close_rating_page(context, session, page)
    page.submitted_at = now()
    if screened_out:
        end_sitting(context, sitting, "screened_out")


def _close_unrated_page(
    context: StudyContext, session: Session, sitting: SittingRow, page: PageRow
) -> bool:
    """Check a page without ratings; return true to screen the listener out."""
    page_type, answers = UNRATED_TYPES[page.kind], json.loads(page.answers or "{}")
    shown = page_context(context, session, page)
    page.passed = page_type.check(shown, answers, _seconds_open(sitting, page))
    for column, value in page_type.remembered(answers, page.passed).items():
        setattr(sitting, column, value)
    return page.passed is False and getattr(shown.step, "on_fail", "") == "screen_out"


def _close_rating_page(context: StudyContext, session: Session, page: PageRow) -> bool:
    """Check a rating page; return true to screen the listener out."""
    scores, choice = saved_scores(session, page), choice_on_screen(saved_choice(session, page))
    rating_type, slots = RATING_TYPES[page.kind], len(json.loads(page.slots))
    if not rating_type.complete(scores, slots, choice):
        raise RefusedError(
            409, "a version was not played, or a rating or choice is missing; complete the page"
        )
    if page.expected:
        limits = json.loads(page.expected)["limits"]
        page.passed = rating_type.passes(limits, scores, choice)
    return page.passed is False and _failed_too_often(context, session, page)


def _failed_too_often(context: StudyContext, session: Session, page: PageRow) -> bool:
    allowed = context.study.failures_allowed
    if allowed is None:
        return False
    failed = select(func.count()).where(
        PageRow.session_id == page.session_id,
        PageRow.phase == "gold",
        PageRow.passed.is_(False),
        PageRow.id != page.id,
    )
    return (session.scalar(failed) or 0) + 1 > allowed


def _seconds_open(sitting: SittingRow, page: PageRow) -> float:
    """Return the time since a page was opened, s; infinite in simulations."""
    if sitting.origin == "simulated":
        return math.inf
    opened = datetime.fromisoformat(page.opened_at or now())
    return (datetime.now(UTC) - opened).total_seconds()
