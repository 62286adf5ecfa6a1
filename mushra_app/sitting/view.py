"""Page to show."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from mushra_app.http.errors import RefusedError
from mushra_app.page_types import RATING_TYPES, UNRATED_TYPES
from mushra_app.page_types.score import Score
from mushra_app.sitting.context import StudyContext
from mushra_app.sitting.find import progress_of, require_page
from mushra_app.sitting.page_context import page_context
from mushra_app.sitting.rate import saved_choice, saved_scores
from mushra_app.store.database import now
from mushra_app.store.tables import PageRow, PreferenceRow, SittingRow


@dataclass(frozen=True)
class View:
    """Page to show, with the number of pages and the saved answers."""

    page: PageRow
    pages: int
    scores: dict[int, Score]
    choice: PreferenceRow | None
    loudness: float | None


def open_current_page(context: StudyContext, session: Session, sitting: SittingRow) -> View:
    """Return the page to show now, and store its opening time.

    Raises:
        RefusedError: the sitting is not at a page (409).
    """
    progress = progress_of(context, session, sitting)
    if progress.stage != "page":
        raise RefusedError(409, f"no page to show: {progress.stage}")
    page = require_page(session, sitting, progress.page)
    page.opened_at = page.opened_at or now()
    sitting.seen_at = now()
    return View(
        page,
        progress.pages,
        saved_scores(session, page),
        saved_choice(session, page),
        sitting.loudness,
    )


def page_details(context: StudyContext, session: Session, page: PageRow) -> dict[str, Any]:
    """Return the JSON of a page that its page type defines."""
    if page.kind in UNRATED_TYPES:
        return UNRATED_TYPES[page.kind].asked(page_context(context, session, page))
    step: Any = context.study.sitting[page.step]
    return {
        "prompt": step.prompt or context.study.prompt,
        "scale": [page.scale_min, page.scale_max],
        "attention": json.loads(page.expected)["asked"] if page.expected else None,
        **RATING_TYPES[page.kind].asked(step),
    }


def sentence_text(context: StudyContext, page: PageRow) -> str:
    """Return the sentence of a page as written."""
    return context.manifest.item(page.sentence, context.study.reference).text
