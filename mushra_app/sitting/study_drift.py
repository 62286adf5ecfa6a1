"""A study that runs stays the study that it was."""

import json

from sqlalchemy import Engine, select, update

from intone.errors import UserError
from mushra_app.page_types import SCREENS
from mushra_app.store.database import transaction
from mushra_app.store.tables import PageRow, RatingRow, SittingRow, StudyRow
from mushra_app.study.file import Study
from mushra_app.study.manifest import Manifest


def check_unchanged(engine: Engine, study: Study, row: StudyRow, manifest: Manifest) -> None:
    """See that listeners hear what earlier ones heard, and all that was planned for them.

    Raises:
        UserError: sounds were made again or changed after the first rating, or a sentence or
            a system that a listener will still be asked about was taken out.
    """
    _check_planned(engine, study, row, manifest)
    digest = manifest.played_sha256
    of_study = SittingRow.study_id == row.id
    rated = (
        select(RatingRow.id)
        .join(PageRow, PageRow.id == RatingRow.page_id)
        .join(SittingRow, SittingRow.id == PageRow.session_id)
        .where(of_study)
        .limit(1)
    )
    with transaction(engine) as session:
        before = session.scalar(select(StudyRow.played_sha256).where(StudyRow.id == row.id))
        if before not in (None, digest) and session.scalar(rated) is not None:
            raise UserError(
                f"study {study.name!r}: its sounds, systems or sentences are no longer "
                "those that listeners have rated; put them back, or give the study a new name"
            )
        session.execute(update(StudyRow).where(StudyRow.id == row.id).values(played_sha256=digest))


def _check_planned(engine: Engine, study: Study, row: StudyRow, manifest: Manifest) -> None:
    here = {(item.sentence, item.system) for item in manifest.items}
    with transaction(engine) as session:
        planned = session.execute(
            select(PageRow.sentence, PageRow.slots, PageRow.step, PageRow.kind)
            .join(SittingRow, SittingRow.id == PageRow.session_id)
            .where(
                SittingRow.study_id == row.id,
                SittingRow.outcome == "open",
                PageRow.submitted_at.is_(None),
            )
            .distinct()
        ).all()
    for page in planned:
        steps = study.sitting
        known = {page.kind} if page.kind in SCREENS else {"training", "trials"}
        if page.step >= len(steps) or steps[page.step].type not in known:
            raise UserError(
                f"study {study.name!r}: sitting: listeners have begun to whom step "
                f"{page.step + 1} was something else; put the steps back, or give the study a "
                "new name"
            )
    wanted = {(page.sentence, s) for page in planned for s in json.loads(page.slots)}
    if wanted - here:
        sentence, system = sorted(wanted - here)[0]
        raise UserError(
            f"study {study.name!r}: listeners have begun who will still be asked about "
            f"sentence {sentence!r} by {system!r}; put it back, or give the study a new name"
        )
