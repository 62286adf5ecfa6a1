"""The JSON schema of study files, so that editors complete and check them while one types."""

import json
from pathlib import Path

from intone.files import write_whole
from mushra_app.manifest import audio_folder
from mushra_app.study import Study

NAME = "study-1.schema.json"


def schema_text() -> str:
    """The schema, as `data/schemas` and the folder beside every new study hold it."""
    return json.dumps(Study.model_json_schema(), indent=1, ensure_ascii=False) + "\n"


def pointer(study_yaml: Path) -> str:
    """The line by which editors find the schema: a relative path, which needs no network."""
    return f"yaml-language-server: $schema={audio_folder(study_yaml).name}/{NAME}\n"


def write_schema(study_yaml: Path) -> None:
    """Put the schema where the first line of a study file points: among what was made for it."""
    folder = audio_folder(study_yaml)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / NAME, schema_text())
