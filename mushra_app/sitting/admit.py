"""Admission of listeners, previews and simulated listeners."""

import secrets
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mushra_app.http.errors import RefusedError
from mushra_app.sitting.context import StudyContext
from mushra_app.sitting.find import find_sitting, progress_of
from mushra_app.store.database import now, retry_on_conflict, transaction
from mushra_app.store.digest import text_sha256
from mushra_app.store.tables import InvitationRow, SimulationTokenRow, SittingRow
from mushra_app.study.progress import Progress

# Two browsers may arrive with the same id or token at the same moment; the second finds the row.
_ATTEMPTS = 3


@dataclass(frozen=True)
class Visitor:
    """Browser that opens the study.

    Attributes:
        cookie: cookie of an earlier sitting.
        device: desktop, tablet or phone.
        external_id: id from a recruiting platform.
        token: token of an invitation, or of a listener's personal link.
    """

    cookie: str | None
    device: str | None
    external_id: str | None = None
    token: str | None = None


@dataclass(frozen=True)
class Arrival:
    """Cookie of a visitor's sitting, and its progress."""

    cookie: str
    progress: Progress


def admit(context: StudyContext, visitor: Visitor) -> Arrival:
    """Return the visitor's sitting, or open a new one.

    The id of a recruiting platform, or a token, opens the same sitting in every browser; the
    browser used before loses its access.

    Raises:
        RefusedError: the study is a rehearsal; an unknown token; no token in a study for invited
            listeners (403).
    """
    if context.rehearsal:
        raise RefusedError(403, "this is a rehearsal; only simulated listeners are admitted")

    def work(session: Session) -> Arrival:
        open_sitting = _by_token if visitor.token else _by_cookie_or_id
        cookie, sitting = open_sitting(context, session, visitor)
        return Arrival(cookie, progress_of(context, session, sitting))

    return retry_on_conflict(context.engine, work, _ATTEMPTS)


def admit_preview(context: StudyContext) -> str:
    """Open a sitting that no rating view contains; return its cookie."""
    with transaction(context.engine) as session:
        cookie, sitting = _new_sitting(context, session, "human", None, None)
        sitting.preview = True
        return cookie


def admit_simulated(context: StudyContext, token: str) -> Arrival:
    """Open the sitting of a simulated listener.

    Args:
        context: the study.
        token: a token of the rehearsal; it can be used once.

    Raises:
        RefusedError: unknown or used token (403).
    """
    with transaction(context.engine) as session:
        cookie, sitting = _new_sitting(context, session, "simulated", None, None)
        used = session.execute(
            update(SimulationTokenRow)
            .where(
                SimulationTokenRow.token_sha256 == text_sha256(token),
                SimulationTokenRow.study_id == context.study_id,
                SimulationTokenRow.session_id.is_(None),
            )
            .values(session_id=sitting.id)
            .returning(SimulationTokenRow.token_sha256)
        )
        if used.first() is None:
            raise RefusedError(403, "not a valid simulation token")
        return Arrival(cookie, progress_of(context, session, sitting))


def new_personal_token(sitting: SittingRow) -> str:
    """Return a new token for a sitting's personal link; earlier ones expire."""
    token = secrets.token_urlsafe(24)
    sitting.token_sha256 = text_sha256(token)
    return token


def _by_token(context: StudyContext, session: Session, visitor: Visitor) -> tuple[str, SittingRow]:
    digest = text_sha256(visitor.token or "")
    invitation = session.scalar(
        select(InvitationRow)
        .where(InvitationRow.token_sha256 == digest, InvitationRow.study_id == context.study_id)
        .with_for_update()
    )
    has_token = SittingRow.token_sha256 == digest
    if invitation and invitation.session_id:
        has_token = SittingRow.id == invitation.session_id
    sitting = session.scalar(
        select(SittingRow).where(SittingRow.study_id == context.study_id, has_token)
    )
    if sitting is None:
        if invitation is None:
            raise RefusedError(403, "this link is not valid; ask the researcher for a new one")
        cookie, sitting = _new_sitting(
            context, session, "human", visitor.device, visitor.external_id
        )
        invitation.session_id = sitting.id
        return cookie, sitting
    if visitor.cookie and find_sitting(context, session, visitor.cookie) is sitting:
        return visitor.cookie, sitting
    return _renewed_cookie(sitting), sitting


def _by_cookie_or_id(
    context: StudyContext, session: Session, visitor: Visitor
) -> tuple[str, SittingRow]:
    cookie, external_id = visitor.cookie, visitor.external_id
    of_cookie = find_sitting(context, session, cookie)
    if of_cookie and cookie and external_id in (None, of_cookie.external_id):
        return cookie, of_cookie
    of_id = external_id and session.scalar(
        select(SittingRow).where(
            SittingRow.study_id == context.study_id, SittingRow.external_id == external_id
        )
    )
    if of_id:
        return _renewed_cookie(of_id), of_id
    if of_cookie and cookie and of_cookie.external_id is None:
        of_cookie.external_id = external_id
        return cookie, of_cookie
    if context.study.access == "invited":
        raise RefusedError(403, "this test is for invited listeners; open your own link")
    return _new_sitting(context, session, "human", visitor.device, external_id)


def _new_sitting(
    context: StudyContext,
    session: Session,
    origin: str,
    device: str | None,
    external_id: str | None,
) -> tuple[str, SittingRow]:
    cookie = secrets.token_urlsafe(32)
    sitting = SittingRow(
        study_id=context.study_id,
        pseudonym="s" + secrets.token_hex(6),
        cookie_sha256=text_sha256(cookie),
        origin=origin,
        external_id=external_id,
        outcome="open",
        device=device,
        started_at=now(),
    )
    session.add(sitting)
    session.flush()
    return cookie, sitting


def _renewed_cookie(sitting: SittingRow) -> str:
    cookie = secrets.token_urlsafe(32)
    sitting.cookie_sha256 = text_sha256(cookie)
    return cookie
