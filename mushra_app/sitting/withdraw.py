"""Withdrawal of a listener."""

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from mushra_app.sitting.context import StudyContext
from mushra_app.sitting.end import end_sitting
from mushra_app.store.tables import (
    EventRow,
    PageRow,
    PreferenceRow,
    RatingRow,
    RemarkRow,
    SittingRow,
)


def withdraw(context: StudyContext, session: Session, sitting: SittingRow) -> None:
    """Delete a listener's data; only the withdrawal and its time remain."""
    if sitting.outcome == "withdrawn":
        return
    pages = select(PageRow.id).where(PageRow.session_id == sitting.id)
    for row in (RatingRow, PreferenceRow):
        session.execute(delete(row).where(row.page_id.in_(pages)))
    for row in (EventRow, RemarkRow):
        session.execute(delete(row).where(row.session_id == sitting.id))
    of_sitting = PageRow.session_id == sitting.id
    session.execute(update(PageRow).where(of_sitting).values(answers=None, passed=None))
    sitting.external_id = sitting.device = sitting.loudness = None
    sitting.headphones = "not_asked"
    end_sitting(context, sitting, "withdrawn")
