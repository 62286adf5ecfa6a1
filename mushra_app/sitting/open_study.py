"""Opening of a study: its file, its sounds, its database."""

from collections.abc import Callable
from pathlib import Path

from mushra_app.sitting.context import StudyContext
from mushra_app.sitting.study_drift import check_unchanged
from mushra_app.sounds.played_files import prepare
from mushra_app.store.database import connect, database_url, study_row, transaction
from mushra_app.study.file import read_study
from mushra_app.study.manifest import audio_folder


def open_study(
    study_yaml: Path,
    rehearsal: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> StudyContext:
    """Return the context of a study; prepares its sounds if needed.

    Args:
        study_yaml: the study file.
        rehearsal: use the rehearsal's database.
        progress: called with the number of prepared sentences and of all sentences.

    Raises:
        UserError: the study, its stimuli or its database cannot be used, or the study changed
            after listeners started.
    """
    study = read_study(study_yaml)
    manifest = prepare(study, study_yaml, progress)
    engine = connect(database_url(study, study_yaml, rehearsal))
    with transaction(engine) as session:
        row = study_row(session, study, rehearsal)
    folder = audio_folder(study_yaml)
    context = StudyContext(engine, study, row, manifest, folder, rehearsal)
    check_unchanged(context)
    return context
