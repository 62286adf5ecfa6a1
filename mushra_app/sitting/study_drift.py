"""Check that a running study has not changed."""

import json

from sqlalchemy import select, update

from intone.errors import UserError
from mushra_app.page_types import UNRATED_TYPES
from mushra_app.sitting.context import StudyContext
from mushra_app.store.database import transaction
from mushra_app.store.tables import PageRow, RatingRow, SittingRow, StudyRow

_ADVICE = "restore it, or give the study a new name"


def check_unchanged(context: StudyContext) -> None:
    """Check that rated sounds and planned pages are still the same.

    Raises:
        UserError: the sounds changed after the first rating, or a step, sentence or system that a
            listener will still be asked about was removed.
    """
    _check_planned(context)
    digest = context.manifest.played_sha256
    rated = (
        select(RatingRow.id)
        .join(PageRow, PageRow.id == RatingRow.page_id)
        .join(SittingRow, SittingRow.id == PageRow.session_id)
        .where(SittingRow.study_id == context.study_id)
        .limit(1)
    )
    of_study = StudyRow.id == context.study_id
    with transaction(context.engine) as session:
        before = session.scalar(select(StudyRow.played_sha256).where(of_study))
        if before not in (None, digest) and session.scalar(rated) is not None:
            raise UserError(
                f"study {context.study.name!r}: sounds, systems or sentences changed after "
                "listeners rated them; restore them, or give the study a new name"
            )
        session.execute(update(StudyRow).where(of_study).values(played_sha256=digest))


def _check_planned(context: StudyContext) -> None:
    study = context.study
    with transaction(context.engine) as session:
        planned = session.execute(
            select(PageRow.sentence, PageRow.slots, PageRow.step, PageRow.kind)
            .join(SittingRow, SittingRow.id == PageRow.session_id)
            .where(
                SittingRow.study_id == context.study_id,
                SittingRow.outcome == "open",
                PageRow.submitted_at.is_(None),
            )
            .distinct()
        ).all()
    for page in planned:
        known = {page.kind} if page.kind in UNRATED_TYPES else {"training", "trials"}
        if page.step >= len(study.sitting) or study.sitting[page.step].type not in known:
            raise UserError(
                f"study {study.name!r}: sitting: step {page.step + 1} changed after listeners "
                f"started; {_ADVICE}"
            )
    played = {(item.sentence, item.system) for item in context.manifest.items}
    wanted = {(page.sentence, system) for page in planned for system in json.loads(page.slots)}
    if wanted - played:
        sentence, system = min(wanted - played)
        raise UserError(
            f"study {study.name!r}: listeners started who will still be asked about sentence "
            f"{sentence!r} by {system!r}; {_ADVICE}"
        )
