"""Arguments that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

StudyFile = Annotated[Path, typer.Argument(help="The study file, e.g. study.yaml.")]
NewStudyFile = Annotated[
    Path, typer.Option("-o", "--out", help="Study file to write; it must not exist yet.")
]
