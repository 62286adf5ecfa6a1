"""A listener's way through the pages of a study; all state is in the database.

The HTTP endpoints and the Gradio pages are two doors to these functions; neither keeps state.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from mushra_app.database import now, transaction
from mushra_app.manifest import Manifest
from mushra_app.progress import Progress, RefusedError, Score
from mushra_app.records import Records
from mushra_app.study import Study
from mushra_app.tables import PageRow, PreferenceRow, RatingRow, SittingRow, StudyRow
from mushra_app.types import RATING_TYPES, SCREENS
from mushra_app.types.base import Choice

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


@dataclass(frozen=True)
class View:
    """The page to show now: its row, how many there are, and what was saved of it."""

    page: PageRow
    pages: int
    scores: dict[int, Score]
    choice: PreferenceRow | None
    loudness: float | None


class Sittings(Records):
    """All sittings of one study in one database: the way in, the pages, the log."""

    def __init__(
        self, engine: Engine, study: Study, manifest: Manifest, row: StudyRow, rehearsal: bool
    ) -> None:
        super().__init__(engine, study, row, rehearsal)
        self._manifest = manifest

    @property
    def sample_rate(self) -> int:
        """Sampling rate of every played file, Hz."""
        return self._manifest.sample_rate

    def view(self, cookie: str | None) -> View:
        """The page to show now.

        Raises:
            RefusedError: the sitting is not at a page.
        """
        with transaction(self._engine) as session:
            sitting = self._need(session, cookie)
            progress = self._progress(session, sitting)
            if progress.stage != "page":
                raise RefusedError(409, f"no page to show: {progress.stage}")
            page = self._page(session, sitting, progress.page)
            page.opened_at = page.opened_at or now()
            sitting.seen_at = now()
            scores, choice = self._saved(session, page)
            return View(page, progress.pages, scores, choice, sitting.loudness)

    def asked(self, page: PageRow) -> dict[str, Any]:
        """What the browser is told of a page, by its kind."""
        step: Any = self._study.sitting[page.step]
        if page.kind in SCREENS:
            rated = self._rated_kind(page.session_id)
            return SCREENS[page.kind].asked(self._study, step, self._seed(page), rated)
        kind = RATING_TYPES[page.kind]
        return {
            "prompt": step.prompt or self._study.prompt,
            "scale": [page.scale_min, page.scale_max],
            "attention": json.loads(page.expected)["asked"] if page.expected else None,
            **kind.asked(step),
        }

    def token(self, page: PageRow, slot: str) -> str:
        """Unguessable name of one sound, different for every listener, page and slot."""
        key = self._row.secret.encode()
        said = f"{self._row.id}|{page.session_id}|{page.page_index}|{slot}".encode()
        return hmac.new(key, said, hashlib.sha256).hexdigest()[:32]

    def sounds(self, page: PageRow) -> int:
        """How many sounds a page without ratings plays."""
        step: Any = self._study.sitting[page.step]
        return SCREENS[page.kind].sounds(step)

    def text(self, page: PageRow) -> str:
        """The sentence of a page as written."""
        return self._manifest.item(page.sentence, self._study.reference).text

    def sound(self, cookie: str | None, page_index: int, token: str, folder: Path) -> bytes:
        """The WAV file behind a token of this listener.

        Args:
            cookie: the browser's.
            page_index: the page on which it is played.
            token: as `token` made it.
            folder: folder of the played files.

        Raises:
            RefusedError: not a token of this listener and page.
        """
        with transaction(self._engine) as session:
            page = self._page(session, self._need(session, cookie), page_index)

        def meant(slot: object) -> bool:
            return hmac.compare_digest(token.encode(), self.token(page, str(slot)).encode())

        if page.kind in SCREENS:
            step: Any = self._study.sitting[page.step]
            for slot in range(self.sounds(page)):
                if meant(slot):
                    return SCREENS[page.kind].sound(self._study, step, self._seed(page), slot)
            raise RefusedError(404, "no such sound")
        slots = {"open": self._study.reference, **dict(enumerate(json.loads(page.slots)))}
        for slot, system in slots.items():
            if meant(slot):
                return (folder / self._manifest.item(page.sentence, system).path).read_bytes()
        raise RefusedError(404, "no such sound")

    def rate(self, cookie: str | None, page_index: int, slot: int, score: Score) -> None:
        """Save a slider. When this returns, it is committed. An older `seq` never wins.

        Raises:
            RefusedError: no such slider, no such score, page already submitted, or a newer value
                is there.
        """
        with transaction(self._engine) as session:
            page = self._current(session, cookie, page_index)
            slots = json.loads(page.slots)
            if not 0 <= slot < len(slots):
                raise RefusedError(404, "no such slider")
            if score.score is not None and not (
                RATING_TYPES[page.kind].scored and page.scale_min <= score.score <= page.scale_max
            ):
                raise RefusedError(422, "no such score on this page")
            role = self._manifest.item(page.sentence, slots[slot]).role
            values = {"system": slots[slot], "role": role, "updated_at": now(), **vars(score)}
            session.execute(_SAVE, {"page_id": page.id, "slot": slot, **values})
            stored = session.scalar(
                select(RatingRow).where(RatingRow.page_id == page.id, RatingRow.slot == slot)
            )
            if stored is None or (stored.seq, stored.score) != (score.seq, score.score):
                raise RefusedError(409, "a newer value is stored; reload the page")

    def choose(
        self,
        cookie: str | None,
        page_index: int,
        choice: Choice,
        seq: int,
        rating_time_ms: int | None,
    ) -> None:
        """Save a choice between two versions. When this returns, it is committed.

        Raises:
            RefusedError: this page has no choice, or a newer one is there.
        """
        with transaction(self._engine) as session:
            page = self._current(session, cookie, page_index)
            if page.kind in SCREENS or RATING_TYPES[page.kind].scored:
                raise RefusedError(404, "this page has no choice")
            step: Any = self._study.sitting[page.step]
            if choice == "none" and not step.no_preference:
                raise RefusedError(422, "one of the two has to be chosen")
            slots = json.loads(page.slots)
            a, b = sorted(slots, key=[self._study.reference, *self._study.systems].index)
            chosen = {"first": slots[0], "second": slots[1], "none": None}[choice]
            values = {
                "choice": "none" if chosen is None else "a" if chosen == a else "b",
                "rating_time_ms": rating_time_ms,
                "seq": seq,
            }
            row = session.scalar(
                select(PreferenceRow).where(PreferenceRow.page_id == page.id).with_for_update()
            )
            if row is None:
                first = "a" if slots[0] == a else "b"
                own = {"system_a": a, "system_b": b, "first_on_screen": first, **values}
                session.add(PreferenceRow(page_id=page.id, **own))
            elif row.seq > seq or (row.seq == seq and row.choice != values["choice"]):
                raise RefusedError(409, "a newer value is stored; reload the page")
            else:
                row.choice, row.rating_time_ms, row.seq = values["choice"], rating_time_ms, seq

    def answer(
        self, cookie: str | None, page_index: int, answers: dict[str, Any], seq: int
    ) -> None:
        """Save the answers of a page without ratings, complete or not.

        Raises:
            RefusedError: this page takes no answers, or newer ones are there.
        """
        with transaction(self._engine) as session:
            page = self._current(session, cookie, page_index)
            if page.kind not in SCREENS:
                raise RefusedError(404, "this page takes ratings")
            said = json.dumps(answers, ensure_ascii=False, sort_keys=True)
            if page.answers_seq > seq or (page.answers_seq == seq and page.answers != said):
                raise RefusedError(409, "newer answers are stored; reload the page")
            page.answers, page.answers_seq = said, seq

    def submit(self, cookie: str | None, page_index: int) -> Progress:
        """Close a page; again is allowed.

        Raises:
            RefusedError: something was not played, not rated or not answered.
        """
        with transaction(self._engine) as session:
            sitting = self._need(session, cookie)
            page = self._page(session, sitting, page_index)
            if page.submitted_at is None:
                if self._progress(session, sitting).page != page_index or not page.opened_at:
                    raise RefusedError(409, "another page is to be rated now")
                self._close(session, sitting, page)
                session.flush()
            progress = self._progress(session, sitting)
            if progress.page == progress.pages and sitting.outcome == "open":
                self._end(sitting, "completed")
                progress = self._progress(session, sitting)
            return progress

    def _close(self, session: Session, sitting: SittingRow, page: PageRow) -> None:
        step: Any = self._study.sitting[page.step]
        if page.kind in SCREENS:
            answers = json.loads(page.answers or "{}")
            opened = datetime.fromisoformat(page.opened_at or now())
            opened_s = (datetime.now(UTC) - opened).total_seconds()
            screen = SCREENS[page.kind]
            page.passed = screen.check(step, self._seed(page), answers, opened_s)
            screen.remember(sitting, step, answers, page.passed)
            screened_out = page.passed is False and getattr(step, "on_fail", "") == "screen_out"
        else:
            scores, row = self._saved(session, page)
            choice = on_screen(row)
            kind, slots = RATING_TYPES[page.kind], len(json.loads(page.slots))
            if not kind.complete(scores, slots, choice):
                raise RefusedError(409, "not every version was played and rated")
            if page.expected:
                limits = json.loads(page.expected)["limits"]
                page.passed = kind.passes(limits, scores, choice)
            screened_out = page.passed is False and self._failed_too_often(session, page)
        page.submitted_at = now()
        if screened_out:
            self._end(sitting, "screened_out")

    def _failed_too_often(self, session: Session, page: PageRow) -> bool:
        allowed = self._study.failures_allowed
        if allowed is None:
            return False
        failed = select(PageRow.id).where(
            PageRow.session_id == page.session_id,
            PageRow.phase == "gold",
            PageRow.passed.is_(False),
            PageRow.id != page.id,
        )
        return len(session.scalars(failed).all()) + 1 > allowed

    def _rated_kind(self, session_id: int) -> str:
        kinds = select(PageRow.kind).where(
            PageRow.session_id == session_id, PageRow.kind.in_(RATING_TYPES)
        )
        with transaction(self._engine) as session:
            return session.scalars(kinds.order_by(PageRow.page_index)).first() or "mushra"

    def _seed(self, page: PageRow) -> int:
        return int(self.token(page, "seed")[:8], 16)

    def _saved(
        self, session: Session, page: PageRow
    ) -> tuple[dict[int, Score], PreferenceRow | None]:
        rows = session.scalars(select(RatingRow).where(RatingRow.page_id == page.id))
        scores = {
            r.slot: Score(r.score, r.n_plays, r.heard_ms, r.rating_time_ms, r.seq) for r in rows
        }
        return scores, session.scalar(select(PreferenceRow).where(PreferenceRow.page_id == page.id))

    def _current(self, session: Session, cookie: str | None, index: int) -> PageRow:
        sitting = self._need(session, cookie)
        page = self._page(session, sitting, index)
        if page.submitted_at:
            raise RefusedError(409, "this page has been submitted")
        if self._progress(session, sitting).page != index or not page.opened_at:
            raise RefusedError(409, "another page is to be rated now")
        if sitting.outcome != "open":
            raise RefusedError(409, "this sitting has ended")
        return page

    def _page(self, session: Session, sitting: SittingRow, index: int) -> PageRow:
        page = session.scalar(
            select(PageRow).where(PageRow.session_id == sitting.id, PageRow.page_index == index)
        )
        if page is None:
            raise RefusedError(404, "no such page")
        return page


def on_screen(row: PreferenceRow | None) -> Choice | None:
    """A stored preference as the listener made it."""
    if row is None:
        return None
    if row.choice == "none":
        return "none"
    return "first" if row.choice == row.first_on_screen else "second"
