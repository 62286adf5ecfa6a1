"""Context of a page without ratings, for its page type."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mushra_app.page_types import RATING_TYPES
from mushra_app.page_types.base import PageContext
from mushra_app.sitting.context import StudyContext
from mushra_app.sitting.tokens import page_token
from mushra_app.store.tables import PageRow, SittingRow


def page_context(context: StudyContext, session: Session, page: PageRow) -> PageContext[Any]:
    """Return the context of a page, with the listener's seed."""
    kinds = select(PageRow.kind).where(
        PageRow.session_id == page.session_id, PageRow.kind.in_(RATING_TYPES)
    )
    rated_kind = session.scalars(kinds.order_by(PageRow.page_index)).first()
    sitting = session.get_one(SittingRow, page.session_id)
    step: Any = context.study.sitting[page.step]
    return PageContext(
        study=context.study,
        step=step,
        seed=int(page_token(context, page, "seed")[:8], 16),
        kind=rated_kind or "mushra",
        manifest=context.manifest,
        loudness=sitting.loudness,
    )
