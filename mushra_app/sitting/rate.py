"""Ratings, choices and answers; an older value never replaces a newer one."""

import json
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from mushra_app.http.errors import RefusedError
from mushra_app.page_types import RATING_TYPES, UNRATED_TYPES
from mushra_app.page_types.base import Choice
from mushra_app.page_types.score import Score
from mushra_app.sitting.context import StudyContext
from mushra_app.sitting.find import require_current_page
from mushra_app.store.database import now
from mushra_app.store.tables import PageRow, PreferenceRow, RatingRow, SittingRow

# Building insert().on_conflict_do_update() for every rating takes ten times this statement.
_SAVE = text("""
INSERT INTO rating (page_id, slot, system, role, score, n_plays, heard_ms, rating_time_ms, seq,
  updated_at)
VALUES (:page_id, :slot, :system, :role, :score, :n_plays, :heard_ms, :rating_time_ms, :seq,
  :updated_at)
ON CONFLICT (page_id, slot) DO UPDATE SET score = excluded.score, n_plays = excluded.n_plays,
  heard_ms = excluded.heard_ms, rating_time_ms = excluded.rating_time_ms, seq = excluded.seq,
  updated_at = excluded.updated_at
WHERE rating.seq < excluded.seq""")


def save_rating(
    context: StudyContext,
    session: Session,
    sitting: SittingRow,
    page_index: int,
    slot: int,
    score: Score,
) -> None:
    """Save one slider, unless a newer state (`seq`) is stored.

    Raises:
        RefusedError: no such page or slider (404), no such score (422), the page is not current
            or a newer state is stored (409).
    """
    page = require_current_page(context, session, sitting, page_index)
    systems = json.loads(page.slots)
    if not 0 <= slot < len(systems):
        raise RefusedError(404, "no such slider")
    if score.score is not None and not (
        RATING_TYPES[page.kind].scored and page.scale_min <= score.score <= page.scale_max
    ):
        raise RefusedError(422, "no such score on this page")
    role = context.manifest.item(page.sentence, systems[slot]).role
    values = {"system": systems[slot], "role": role, "updated_at": now(), **vars(score)}
    session.execute(_SAVE, {"page_id": page.id, "slot": slot, **values})
    stored = session.scalar(
        select(RatingRow).where(RatingRow.page_id == page.id, RatingRow.slot == slot)
    )
    if stored is None or (stored.seq, stored.score) != (score.seq, score.score):
        raise RefusedError(409, "a newer value is stored; reload the page")


def save_choice(
    context: StudyContext,
    session: Session,
    sitting: SittingRow,
    page_index: int,
    choice: Choice,
    seq: int,
    rating_time_ms: int | None,
) -> None:
    """Save a choice, unless a newer one (`seq`) is stored.

    Raises:
        RefusedError: no such page, or a page without a choice (404); no preference is not allowed
            (422); the page is not current or a newer choice is stored (409).
    """
    page = require_current_page(context, session, sitting, page_index)
    if page.kind in UNRATED_TYPES or RATING_TYPES[page.kind].scored:
        raise RefusedError(404, "this page has no choice")
    step: Any = context.study.sitting[page.step]
    if choice == "none" and not step.no_preference:
        raise RefusedError(422, "no preference is not an answer here; choose one version")
    first, second = json.loads(page.slots)
    a, b = sorted((first, second), key=[context.study.reference, *context.study.systems].index)
    chosen = {"first": first, "second": second, "none": None}[choice]
    letter = "none" if chosen is None else "a" if chosen == a else "b"
    row = session.scalar(
        select(PreferenceRow).where(PreferenceRow.page_id == page.id).with_for_update()
    )
    if row is None:
        row = PreferenceRow(
            page_id=page.id,
            system_a=a,
            system_b=b,
            first_on_screen="a" if first == a else "b",
        )
        session.add(row)
    elif row.seq > seq or (row.seq == seq and row.choice != letter):
        raise RefusedError(409, "a newer value is stored; reload the page")
    row.choice, row.rating_time_ms, row.seq = letter, rating_time_ms, seq


def save_answers(
    context: StudyContext,
    session: Session,
    sitting: SittingRow,
    page_index: int,
    answers: dict[str, Any],
    seq: int,
) -> None:
    """Save the answers of a page without ratings, complete or not.

    Raises:
        RefusedError: no such page, or a rating page (404); the page is not current or newer
            answers are stored (409).
    """
    page = require_current_page(context, session, sitting, page_index)
    if page.kind not in UNRATED_TYPES:
        raise RefusedError(404, "this page takes ratings, not answers")
    answers_json = json.dumps(answers, ensure_ascii=False, sort_keys=True)
    if page.answers_seq > seq or (page.answers_seq == seq and page.answers != answers_json):
        raise RefusedError(409, "newer answers are stored; reload the page")
    page.answers, page.answers_seq = answers_json, seq


def saved_scores(session: Session, page: PageRow) -> dict[int, Score]:
    """Return the saved sliders of a page, by slot."""
    rows = session.scalars(select(RatingRow).where(RatingRow.page_id == page.id))
    return {r.slot: Score(r.score, r.n_plays, r.heard_ms, r.rating_time_ms, r.seq) for r in rows}


def saved_choice(session: Session, page: PageRow) -> PreferenceRow | None:
    """Return the saved choice of a page."""
    return session.scalar(select(PreferenceRow).where(PreferenceRow.page_id == page.id))


def choice_on_screen(row: PreferenceRow | None) -> Choice | None:
    """Return a stored preference as the position that the listener chose."""
    if row is None:
        return None
    if row.choice == "none":
        return "none"
    return "first" if row.choice == row.first_on_screen else "second"
