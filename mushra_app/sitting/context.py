"""Context of a sitting: the study, its database, its sounds."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from mushra_app.store.tables import StudyRow
from mushra_app.study.file import Study
from mushra_app.study.manifest import Manifest


@dataclass(frozen=True)
class StudyContext:
    """Study with its database and its played files.

    Attributes:
        engine: engine of the ratings database.
        study: the study.
        row: the study's row in the database.
        manifest: manifest of the played files.
        audio_folder: folder of the played files.
        rehearsal: whether only simulated listeners are admitted.
    """

    engine: Engine
    study: Study
    row: StudyRow
    manifest: Manifest
    audio_folder: Path
    rehearsal: bool

    @property
    def study_id(self) -> int:
        """Key of the study's row."""
        return self.row.id
