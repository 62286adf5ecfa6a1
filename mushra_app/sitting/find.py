"""Search for sittings, their pages and their progress."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mushra_app.http.errors import RefusedError
from mushra_app.sitting.context import StudyContext
from mushra_app.store.digest import text_sha256
from mushra_app.store.tables import PageRow, SittingRow, StudyRow
from mushra_app.study.progress import Progress, Stage


def find_sitting(context: StudyContext, session: Session, cookie: str | None) -> SittingRow | None:
    """Return the sitting of a browser's cookie, or None."""
    if not cookie:
        return None
    return session.scalar(
        select(SittingRow).where(
            SittingRow.cookie_sha256 == text_sha256(cookie),
            SittingRow.study_id == context.study_id,
        )
    )


def require_sitting(context: StudyContext, session: Session, cookie: str | None) -> SittingRow:
    """Return the sitting of a browser's cookie.

    Raises:
        RefusedError: no such sitting (401).
    """
    sitting = find_sitting(context, session, cookie)
    if sitting is None:
        raise RefusedError(401, "no sitting; open the link of the study again")
    return sitting


def require_page(session: Session, sitting: SittingRow, index: int) -> PageRow:
    """Return a page of a sitting.

    Args:
        session: session of the request.
        sitting: the listener's.
        index: position of the page, from 0.

    Raises:
        RefusedError: no such page (404).
    """
    page = session.scalar(
        select(PageRow).where(PageRow.session_id == sitting.id, PageRow.page_index == index)
    )
    if page is None:
        raise RefusedError(404, "no such page")
    return page


def require_current_page(
    context: StudyContext, session: Session, sitting: SittingRow, index: int
) -> PageRow:
    """Return a page that takes answers now.

    Raises:
        RefusedError: no such page (404), another page is current, the page was submitted or the
            sitting has ended (409).
    """
    page = require_page(session, sitting, index)
    if page.submitted_at:
        raise RefusedError(409, "this page was already submitted; reload the page")
    if progress_of(context, session, sitting).page != index or not page.opened_at:
        raise RefusedError(409, "another page is current; reload the page")
    if sitting.outcome != "open":
        raise RefusedError(409, "this sitting has ended; reload the page")
    return page


def progress_of(context: StudyContext, session: Session, sitting: SittingRow) -> Progress:
    """Return the stage of a sitting and its first page not submitted."""
    of_sitting = PageRow.session_id == sitting.id
    pages = session.scalar(select(func.count()).where(of_sitting)) or 0
    submitted = PageRow.submitted_at.is_not(None)
    done = session.scalar(select(func.count()).where(of_sitting, submitted)) or 0
    stage: Stage = "page"
    if sitting.outcome in ("declined", "screened_out", "withdrawn"):
        stage = sitting.outcome
    elif sitting.outcome == "completed" or (pages and done == pages):
        stage = "done"
    elif not (sitting.preview or sitting.origin == "simulated" or _study_is_open(context, session)):
        stage = "closed"
    elif not sitting.consent_given:
        stage = "consent"
    return Progress(stage, done, pages, sitting.completion_code)


def _study_is_open(context: StudyContext, session: Session) -> bool:
    state = select(StudyRow.state).where(StudyRow.id == context.study_id)
    return session.scalar(state) == "open"
