"""A listener's way through the pages of a study; all state is in the database.

The HTTP endpoints and the Gradio pages are two doors to these functions; neither keeps state.
"""

import hashlib
import hmac
import json
import secrets

from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session

from intone.errors import UserError
from mushra_app.admission import Admission
from mushra_app.database import PageRow, RatingRow, SittingRow, StudyRow, now, transaction
from mushra_app.manifest import Manifest
from mushra_app.progress import Progress, RefusedError, Score
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


class Sittings(Admission):
    """All sittings of one study in one database: the way in, and the pages."""

    def __init__(
        self, engine: Engine, study: Study, manifest: Manifest, row: StudyRow, rehearsal: bool
    ) -> None:
        super().__init__(engine, study, row, rehearsal)
        self._manifest = manifest

    @property
    def sample_rate(self) -> int:
        """Sampling rate of every played file, Hz."""
        return self._manifest.sample_rate

    def check_unchanged(self) -> None:
        """See that listeners hear what earlier ones heard, and all that was planned for them.

        Raises:
            UserError: sounds were made again or changed after the first rating, or a sentence or
                a system that a listener will still be asked about was taken out.
        """
        self._check_planned()
        digest = self._manifest.played_sha256
        of_study = SittingRow.study_id == self._row.id
        rated = (
            select(RatingRow.id)
            .join(PageRow, PageRow.id == RatingRow.page_id)
            .join(SittingRow, SittingRow.id == PageRow.session_id)
            .where(of_study)
            .limit(1)
        )
        with transaction(self._engine) as session:
            before = session.scalar(
                select(StudyRow.played_sha256).where(StudyRow.id == self._row.id)
            )
            if before not in (None, digest) and session.scalar(rated) is not None:
                raise UserError(
                    f"study {self._study.name!r}: its sounds, systems or sentences are no longer "
                    "those that listeners have rated; put them back, or give the study a new name"
                )
            session.execute(
                update(StudyRow).where(StudyRow.id == self._row.id).values(played_sha256=digest)
            )

    def _check_planned(self) -> None:
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

    def _page(self, session: Session, sitting: SittingRow, index: int) -> PageRow:
        page = session.scalar(
            select(PageRow).where(PageRow.session_id == sitting.id, PageRow.page_index == index)
        )
        if page is None:
            raise RefusedError(404, "no such page")
        return page
