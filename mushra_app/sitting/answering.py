"""What a listener answers on the page that is open: scores, choices, answers to questions."""

import json
from typing import Any

from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from mushra_app.http.errors import RefusedError
from mushra_app.page_types import RATING_TYPES, SCREENS
from mushra_app.page_types.base import Choice
from mushra_app.page_types.score import Score
from mushra_app.sitting.records import Records
from mushra_app.store.database import now, transaction
from mushra_app.store.tables import PageRow, PreferenceRow, RatingRow, SittingRow, StudyRow
from mushra_app.study.file import Study
from mushra_app.study.manifest import Manifest

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


class Answering(Records):
    """Saving; a newer answer replaces an older one, and never the other way round."""

    def __init__(
        self, engine: Engine, study: Study, manifest: Manifest, row: StudyRow, rehearsal: bool
    ) -> None:
        super().__init__(engine, study, row, rehearsal)
        self._manifest = manifest

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
