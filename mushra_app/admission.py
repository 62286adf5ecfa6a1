"""The way in: who has which sitting, what they agreed to, and where they stand."""

import json
import secrets

from sqlalchemy import Engine, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mushra_app.allocation import allocate
from mushra_app.database import (
    ListenerRow,
    PageRow,
    SimulationTokenRow,
    SittingRow,
    StudyRow,
    now,
    transaction,
)
from mushra_app.progress import Progress, RefusedError, Stage, sha256
from mushra_app.study import Study


class Admission:
    """Opening a sitting, consent and instructions, up to the first page."""

    def __init__(self, engine: Engine, study: Study, row: StudyRow, rehearsal: bool) -> None:
        self._engine = engine
        self._study = study
        self._row = row
        self._rehearsal = rehearsal

    def open(self, cookie: str | None, device: str | None, external_id: str | None) -> str:
        """The cookie of this person's sitting; a new sitting for who has none.

        Whoever comes with the id of a recruiting platform gets the sitting of that id, also in
        another browser; the browser used before then has to open the link again.

        Raises:
            RefusedError: this is a rehearsal, where nobody is human.
        """
        if self._rehearsal:
            raise RefusedError(403, "this is a rehearsal; people are not rated here")
        try:
            return self._open(cookie, device, external_id)
        except IntegrityError:
            # The same id came in at the same moment, and now has a sitting.
            return self._open(cookie, device, external_id)

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
                    SimulationTokenRow.token_sha256 == sha256(token),
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

    def instructed(self, cookie: str | None) -> None:
        """The instructions were read; the first page may open."""
        with transaction(self._engine) as session:
            sitting = self._need(session, cookie)
            if self._progress(session, sitting).stage == "instructions":
                sitting.instructed_at = now()

    def _open(self, cookie: str | None, device: str | None, external_id: str | None) -> str:
        with transaction(self._engine) as session:
            here = self._find(session, cookie) if cookie else None
            if here and cookie and external_id in (None, here.external_id):
                return cookie
            there = external_id and session.scalar(
                select(SittingRow).where(
                    SittingRow.study_id == self._row.id, SittingRow.external_id == external_id
                )
            )
            if there:
                renewed = secrets.token_urlsafe(32)
                there.cookie_sha256 = sha256(renewed)
                return renewed
            if here and cookie and here.external_id is None:
                here.external_id = external_id
                return cookie
            return self._new(session, "human", device, external_id)[0]

    def _find(self, session: Session, cookie: str) -> SittingRow | None:
        return session.scalar(
            select(SittingRow).where(
                SittingRow.cookie_sha256 == sha256(cookie), SittingRow.study_id == self._row.id
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
            cookie_sha256=sha256(cookie),
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
            sitting.consent_text_sha256 = sha256(self._study.consent.text)
            sitting.outcome = "open" if agree else "declined"
            if not agree:
                return
            highest = session.scalar(
                select(func.max(ListenerRow.number)).where(ListenerRow.study_id == self._row.id)
            )
            number = 0 if highest is None else highest + 1
            simulated = sitting.origin == "simulated"
            pseudonym = f"sim{number:04d}" if simulated else "l" + secrets.token_hex(6)
            listener = ListenerRow(study_id=self._row.id, number=number, pseudonym=pseudonym)
            session.add(listener)
            session.flush()
            sitting.listener_id = listener.id
            session.add_all(
                PageRow(
                    session_id=sitting.id,
                    page_index=index,
                    sentence=page.sentence,
                    slots=json.dumps(page.slots),
                )
                for index, page in enumerate(allocate(self._study, number))
            )

    def _progress(self, session: Session, sitting: SittingRow) -> Progress:
        of_sitting = PageRow.session_id == sitting.id
        pages = session.scalar(select(func.count()).where(of_sitting)) or 0
        submitted = PageRow.submitted_at.is_not(None)
        done = session.scalar(select(func.count()).where(of_sitting, submitted)) or 0
        stage: Stage = "trial"
        if sitting.outcome == "declined":
            stage = "declined"
        elif not sitting.consent_given:
            stage = "consent"
        elif sitting.instructed_at is None:
            stage = "instructions"
        elif done == pages:
            stage = "done"
        return Progress(stage, done, pages, sitting.completion_code)
