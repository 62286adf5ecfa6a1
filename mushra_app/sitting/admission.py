"""The way in: who has which sitting, what they agreed to, and where they stand."""

import secrets
from typing import Literal

from sqlalchemy import Engine, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mushra_app.design.allocation import allocate, arm_of
from mushra_app.http.errors import RefusedError
from mushra_app.sitting.seats import free_place, page_row
from mushra_app.store.database import now, transaction
from mushra_app.store.digest import text_sha256
from mushra_app.store.tables import (
    InvitationRow,
    ListenerRow,
    PageRow,
    SimulationTokenRow,
    SittingRow,
    StudyRow,
)
from mushra_app.study.file import Study
from mushra_app.study.progress import Progress, Stage


class Admission:
    """Opening a sitting and consent, up to the first page."""

    def __init__(self, engine: Engine, study: Study, row: StudyRow, rehearsal: bool) -> None:
        self._engine = engine
        self._study = study
        self._row = row
        self._rehearsal = rehearsal

    def open(
        self,
        cookie: str | None,
        device: str | None,
        external_id: str | None,
        token: str | None = None,
    ) -> str:
        """The cookie of this person's sitting; a new sitting for who has none.

        Whoever comes with the id of a recruiting platform, or with a token, gets the sitting of
        that id or token, also in another browser; the browser used before then has to open the
        link again.

        Args:
            cookie: the browser's.
            device: desktop, tablet or phone.
            external_id: id from a recruiting platform.
            token: from an invitation, or from a listener's own link.

        Raises:
            RefusedError: this is a rehearsal, where nobody is human; an unknown token; no token
                in a study for invited listeners.
        """
        if self._rehearsal:
            raise RefusedError(403, "this is a rehearsal; people are not rated here")
        for attempt in range(3):
            try:
                return self._open(cookie, device, external_id, token)
            except IntegrityError:
                # The same id or token came in at the same moment, and now has a sitting.
                if attempt == 2:
                    raise
        raise AssertionError

    def preview(self) -> str:
        """The cookie of a new sitting that no view of the ratings ever contains."""
        with transaction(self._engine) as session:
            cookie, sitting = self._new(session, "human", None, None)
            sitting.preview = True
            return cookie

    def platform_id(self, cookie: str | None) -> str | None:
        """The id that a recruiting platform gave this listener.

        Raises:
            RefusedError: no such sitting.
        """
        with transaction(self._engine) as session:
            return self._need(session, cookie).external_id

    def personal_token(self, cookie: str | None) -> str:
        """A new token for this sitting's own link; one made before stops working.

        Raises:
            RefusedError: no such sitting.
        """
        token = secrets.token_urlsafe(24)
        with transaction(self._engine) as session:
            self._need(session, cookie).token_sha256 = text_sha256(token)
        return token

    def open_simulated(self, token: str) -> str:
        """A sitting of a simulated listener, for a token that the rehearsal left and nobody used.

        Raises:
            RefusedError: unknown or used token.
        """
        with transaction(self._engine) as session:
            cookie, sitting = self._new(session, "simulated", None, None)
            used = session.execute(
                update(SimulationTokenRow)
                .where(
                    SimulationTokenRow.token_sha256 == text_sha256(token),
                    SimulationTokenRow.study_id == self._row.id,
                    SimulationTokenRow.session_id.is_(None),
                )
                .values(session_id=sitting.id)
                .returning(SimulationTokenRow.token_sha256)
            )
            if used.first() is None:
                raise RefusedError(403, "not a valid simulation token")
            return cookie

    def progress(self, cookie: str | None) -> Progress:
        """Where this browser stands.

        Raises:
            RefusedError: no such sitting.
        """
        with transaction(self._engine) as session:
            return self._progress(session, self._need(session, cookie))

    def consent(self, cookie: str | None, version: str, agree: bool) -> None:
        """Store a decision; on yes, the listener gets a number and its pages.

        Args:
            cookie: the browser's.
            version: version of the consent text that was on the screen.
            agree: the decision.

        Raises:
            RefusedError: another version of the consent text is in force.
        """
        if version != self._study.consent.version:
            raise RefusedError(409, "the consent text has changed; reload the page")
        # Two listeners may reach for the same number at once; one of them takes the next.
        for attempt in range(20):
            try:
                return self._consent(cookie, agree)
            except IntegrityError:
                if attempt == 19:
                    raise

    def _open(
        self,
        cookie: str | None,
        device: str | None,
        external_id: str | None,
        token: str | None,
    ) -> str:
        with transaction(self._engine) as session:
            here = self._find(session, cookie) if cookie else None
            if token:
                return self._by_token(session, token, here, cookie, device, external_id)
            if here and cookie and external_id in (None, here.external_id):
                return cookie
            there = external_id and session.scalar(
                select(SittingRow).where(
                    SittingRow.study_id == self._row.id, SittingRow.external_id == external_id
                )
            )
            if there:
                return _renewed(there)
            if here and cookie and here.external_id is None:
                here.external_id = external_id
                return cookie
            if self._study.access == "invited":
                raise RefusedError(403, "this test is for invited listeners; use your own link")
            return self._new(session, "human", device, external_id)[0]

    def _by_token(
        self,
        session: Session,
        token: str,
        here: SittingRow | None,
        cookie: str | None,
        device: str | None,
        external_id: str | None,
    ) -> str:
        digest = text_sha256(token)
        invitation = session.scalar(
            select(InvitationRow)
            .where(InvitationRow.token_sha256 == digest, InvitationRow.study_id == self._row.id)
            .with_for_update()
        )
        own = SittingRow.token_sha256 == digest
        if invitation and invitation.session_id:
            own = SittingRow.id == invitation.session_id
        there = session.scalar(select(SittingRow).where(SittingRow.study_id == self._row.id, own))
        if there is None:
            if invitation is None:
                raise RefusedError(403, "this link is not valid; ask whoever sent it for a new one")
            cookie, there = self._new(session, "human", device, external_id)
            invitation.session_id = there.id
            return cookie
        return cookie if here is there and cookie else _renewed(there)

    def _find(self, session: Session, cookie: str) -> SittingRow | None:
        return session.scalar(
            select(SittingRow).where(
                SittingRow.cookie_sha256 == text_sha256(cookie), SittingRow.study_id == self._row.id
            )
        )

    def _need(self, session: Session, cookie: str | None) -> SittingRow:
        sitting = self._find(session, cookie) if cookie else None
        if sitting is None:
            raise RefusedError(401, "no sitting; open the link of the study again")
        return sitting

    def _new(
        self, session: Session, origin: str, device: str | None, external_id: str | None
    ) -> tuple[str, SittingRow]:
        cookie = secrets.token_urlsafe(32)
        sitting = SittingRow(
            study_id=self._row.id,
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

    def _consent(self, cookie: str | None, agree: bool) -> None:
        with transaction(self._engine) as session:
            sitting = self._need(session, cookie)
            if sitting.listener_id is not None:
                return
            sitting.consent_given, sitting.consent_at = agree, now()
            sitting.consent_version = self._study.consent.version
            sitting.consent_text_sha256 = text_sha256(self._study.consent.text)
            sitting.outcome = "open" if agree else "declined"
            if not agree:
                sitting.completion_code = self._study.recruiting.codes.get("declined")
                return
            sitting.completion_code = None
            highest = session.scalar(
                select(func.max(ListenerRow.number)).where(ListenerRow.study_id == self._row.id)
            )
            number = 0 if highest is None else highest + 1
            place = free_place(session, self._row.id)
            simulated = sitting.origin == "simulated"
            pseudonym = f"sim{number:04d}" if simulated else "l" + secrets.token_hex(6)
            listener = ListenerRow(
                study_id=self._row.id,
                number=number,
                place=place,
                arm=arm_of(self._study, place).name,
                pseudonym=pseudonym,
            )
            session.add(listener)
            session.flush()
            sitting.listener_id, sitting.seen_at = listener.id, now()
            planned = enumerate(allocate(self._study, number, place))
            session.add_all(page_row(sitting, index, page) for index, page in planned)

    def _progress(self, session: Session, sitting: SittingRow) -> Progress:
        of_sitting = PageRow.session_id == sitting.id
        pages = session.scalar(select(func.count()).where(of_sitting)) or 0
        submitted = PageRow.submitted_at.is_not(None)
        done = session.scalar(select(func.count()).where(of_sitting, submitted)) or 0
        stage: Stage = "page"
        if sitting.outcome in ("declined", "screened_out", "withdrawn"):
            stage = sitting.outcome
        elif sitting.outcome == "completed" or (pages and done == pages):
            stage = "done"
        elif not (sitting.preview or sitting.origin == "simulated" or self._admits(session)):
            stage = "closed"
        elif not sitting.consent_given:
            stage = "consent"
        return Progress(stage, done, pages, sitting.completion_code)

    def _admits(self, session: Session) -> bool:
        state = select(StudyRow.state).where(StudyRow.id == self._row.id)
        return session.scalar(state) == "open"

    def _end(
        self, sitting: SittingRow, outcome: Literal["completed", "screened_out", "withdrawn"]
    ) -> None:
        """Close a sitting, with the code that belongs to how it ended."""
        own = secrets.token_hex(4).upper()
        codes = self._study.recruiting.codes
        sitting.outcome, sitting.finished_at = outcome, now()
        sitting.completion_code = codes.get(outcome) if codes else own


def _renewed(sitting: SittingRow) -> str:
    """Hand a sitting over to another browser."""
    cookie = secrets.token_urlsafe(32)
    sitting.cookie_sha256 = text_sha256(cookie)
    return cookie
