"""Consent; a listener who agrees receives a number, a seat and pages."""

import secrets

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mushra_app.design.allocation import allocate, arm_of
from mushra_app.http.errors import RefusedError
from mushra_app.sitting.context import StudyContext
from mushra_app.sitting.find import progress_of, require_sitting
from mushra_app.sitting.seats import free_seat, page_row
from mushra_app.store.database import now, retry_on_conflict
from mushra_app.store.digest import text_sha256
from mushra_app.store.tables import ListenerRow, SittingRow
from mushra_app.study.progress import Progress

# Two listeners may take the same number at once; one of them retries with the next number.
_ATTEMPTS = 20


def decide_consent(
    context: StudyContext, cookie: str | None, version: str, agrees: bool
) -> Progress:
    """Store the listener's decision; on consent, plan the pages.

    Args:
        context: the study.
        cookie: the browser's.
        version: version of the consent text that was shown.
        agrees: the decision.

    Raises:
        RefusedError: no such sitting (401), or the consent text has another version (409).
    """
    if version != context.study.consent.version:
        raise RefusedError(409, "the consent text has changed; reload the page")

    def work(session: Session) -> Progress:
        sitting = require_sitting(context, session, cookie)
        if sitting.listener_id is None:
            _store_decision(context, sitting, agrees)
            if agrees:
                _plan_pages(context, session, sitting)
        return progress_of(context, session, sitting)

    return retry_on_conflict(context.engine, work, _ATTEMPTS)


def _store_decision(context: StudyContext, sitting: SittingRow, agrees: bool) -> None:
    consent, codes = context.study.consent, context.study.recruiting.codes
    sitting.consent_given, sitting.consent_at = agrees, now()
    sitting.consent_version = consent.version
    sitting.consent_text_sha256 = text_sha256(consent.text)
    sitting.outcome = "open" if agrees else "declined"
    sitting.completion_code = None if agrees else codes.get("declined")


def _plan_pages(context: StudyContext, session: Session, sitting: SittingRow) -> None:
    study, study_id = context.study, context.study_id
    highest = session.scalar(
        select(func.max(ListenerRow.number)).where(ListenerRow.study_id == study_id)
    )
    number = 0 if highest is None else highest + 1
    seat = free_seat(session, study_id)
    simulated = sitting.origin == "simulated"
    listener = ListenerRow(
        study_id=study_id,
        number=number,
        place=seat,
        arm=arm_of(study, seat).name,
        pseudonym=f"sim{number:04d}" if simulated else "l" + secrets.token_hex(6),
    )
    session.add(listener)
    session.flush()
    sitting.listener_id, sitting.seen_at = listener.id, now()
    planned = enumerate(allocate(study, number, seat))
    session.add_all(page_row(sitting, index, page) for index, page in planned)
