"""A listener's way through the study: consent, instructions, pages, end; all state in the database.

The HTTP endpoints and the Gradio pages are two doors to these functions; neither keeps state.
"""

import hashlib
import hmac
import json
import secrets

from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from intone.errors import UserError
from mushra_app.allocation import allocate
from mushra_app.database import (
    ListenerRow,
    PageRow,
    RatingRow,
    SimulationTokenRow,
    SittingRow,
    StudyRow,
    now,
    transaction,
)
from mushra_app.progress import Progress, RefusedError, Score, Stage, sha256
from mushra_app.stimuli import Manifest
from mushra_app.study import Study

# Building insert().on_conflict_do_update() anew for every rating costs ten times this statement.
_SAVE = text("""
INSERT INTO rating (page_id, slot, system, role, score, n_plays, heard_ms, rating_time_ms, seq,
  updated_at)
VALUES (:page_id, :slot, :system, :role, :score, :n_plays, :heard_ms, :rating_time_ms, :seq,
  :updated_at)
ON CONFLICT (page_id, slot) DO UPDATE SET score = excluded.score, n_plays = excluded.n_plays,
  heard_ms = excluded.heard_ms, rating_time_ms = excluded.rating_time_ms, seq = excluded.seq,
  updated_at = excluded.updated_at
WHERE rating.seq < excluded.seq""")


class Sittings:
    """All sittings of one study in one database."""

    def __init__(
        self, engine: Engine, study: Study, manifest: Manifest, row: StudyRow, rehearsal: bool
    ) -> None:
        self._engine = engine
        self._study = study
        self._manifest = manifest
        self._row = row
        self._rehearsal = rehearsal

    @property
    def sample_rate(self) -> int:
        """Sampling rate of every played file, Hz."""
        return self._manifest.sample_rate

    def check_planned(self) -> None:
        """See that everything planned for listeners who are not done can still be played.

        Raises:
            UserError: a sentence or a system was taken out of the study while it was running.
        """
        here = {(item.sentence, item.system) for item in self._manifest.items}
        with transaction(self._engine) as session:
            planned = session.execute(
                select(PageRow.sentence, PageRow.slots)
                .join(SittingRow, SittingRow.id == PageRow.session_id)
                .where(
                    SittingRow.study_id == self._row.id,
                    SittingRow.outcome == "open",
                    PageRow.submitted_at.is_(None),
                )
                .distinct()
            )
            wanted = {(page.sentence, s) for page in planned for s in json.loads(page.slots)}
        if wanted - here:
            sentence, system = sorted(wanted - here)[0]
            raise UserError(
                f"study {self._study.name!r}: listeners have begun who will still be asked about "
                f"sentence {sentence!r} by {system!r}; put it back, or give the study a new name"
            )

    def open(self, cookie: str | None, device: str | None, external_id: str | None) -> str:
        """The cookie of this browser's sitting; a new sitting if it has none.

        Raises:
            RefusedError: this is a rehearsal, where nobody is human.
        """
        if self._rehearsal:
            raise RefusedError(403, "this is a rehearsal; people are not rated here")
        with transaction(self._engine) as session:
            if cookie and self._find(session, cookie):
                return cookie
            return self._new(session, "human", device, external_id)[0]

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

    def page(self, cookie: str | None) -> tuple[PageRow, int, dict[int, RatingRow]]:
        """The page to rate now, the number of pages, and what was saved of it by slot.

        Raises:
            RefusedError: the sitting is not at a page.
        """
        with transaction(self._engine) as session:
            sitting = self._need(session, cookie)
            progress = self._progress(session, sitting)
            if progress.stage != "trial":
                raise RefusedError(409, f"no page to rate: {progress.stage}")
            page = self._page(session, sitting, progress.page)
            page.opened_at = page.opened_at or now()
            saved = session.scalars(select(RatingRow).where(RatingRow.page_id == page.id))
            return page, progress.pages, {r.slot: r for r in saved}

    def token(self, page: PageRow, slot: str) -> str:
        """Unguessable name of one stimulus, different for every listener, page and slot."""
        key = self._row.secret.encode()
        said = f"{self._row.id}|{page.session_id}|{page.page_index}|{slot}".encode()
        return hmac.new(key, said, hashlib.sha256).hexdigest()[:32]

    def text(self, page: PageRow) -> str:
        """The sentence of a page as written."""
        return self._manifest.item(page.sentence, self._study.reference).text

    def file_of(self, cookie: str | None, page_index: int, token: str) -> str:
        """File name of the stimulus behind a token of this listener.

        Raises:
            RefusedError: not a token of this listener and page.
        """
        with transaction(self._engine) as session:
            page = self._page(session, self._need(session, cookie), page_index)
        slots = {"open": self._study.reference, **dict(enumerate(json.loads(page.slots)))}
        for slot, system in slots.items():
            if hmac.compare_digest(token.encode(), self.token(page, str(slot)).encode()):
                return self._manifest.item(page.sentence, system).path
        raise RefusedError(404, "no such sound")

    def rate(self, cookie: str | None, page_index: int, slot: int, score: Score) -> None:
        """Save a slider. When this returns, it is committed. An older `seq` never wins.

        Raises:
            RefusedError: no such slider, page already submitted, or a newer value is there.
        """
        with transaction(self._engine) as session:
            sitting = self._need(session, cookie)
            page = self._page(session, sitting, page_index)
            slots = json.loads(page.slots)
            if not 0 <= slot < len(slots):
                raise RefusedError(404, "no such slider")
            if page.submitted_at:
                raise RefusedError(409, "this page has been submitted")
            if self._progress(session, sitting).page != page_index or not page.opened_at:
                raise RefusedError(409, "another page is to be rated now")
            role = self._manifest.item(page.sentence, slots[slot]).role
            values = {"system": slots[slot], "role": role, "updated_at": now(), **vars(score)}
            session.execute(_SAVE, {"page_id": page.id, "slot": slot, **values})
            stored = session.scalar(
                select(RatingRow).where(RatingRow.page_id == page.id, RatingRow.slot == slot)
            )
            if stored is None or (stored.seq, stored.score) != (score.seq, score.score):
                raise RefusedError(409, "a newer value is stored; reload the page")

    def submit(self, cookie: str | None, page_index: int) -> Progress:
        """Close a page; again is allowed.

        Raises:
            RefusedError: something was not played or not rated.
        """
        with transaction(self._engine) as session:
            sitting = self._need(session, cookie)
            page = self._page(session, sitting, page_index)
            if page.submitted_at is None:
                saved = session.scalars(select(RatingRow).where(RatingRow.page_id == page.id)).all()
                complete = sum(r.score is not None and r.n_plays > 0 for r in saved)
                if complete < len(json.loads(page.slots)):
                    raise RefusedError(409, "not every version was played and rated")
                page.submitted_at = now()
                session.flush()
            progress = self._progress(session, sitting)
            if progress.page == progress.pages and sitting.outcome == "open":
                sitting.outcome, sitting.finished_at = "completed", now()
                sitting.completion_code = secrets.token_hex(4).upper()
                progress = self._progress(session, sitting)
            return progress

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

    def _page(self, session: Session, sitting: SittingRow, index: int) -> PageRow:
        page = session.scalar(
            select(PageRow).where(PageRow.session_id == sitting.id, PageRow.page_index == index)
        )
        if page is None:
            raise RefusedError(404, "no such page")
        return page

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
