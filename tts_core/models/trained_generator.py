"""Files of a vocoder or refiner that was trained adversarially."""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field

from intone.documents import Closed, read
from intone.errors import UserError
from intone.files import sha256
from tts_core.config import Features


class GeneratorDescription(Closed):
    """Facts of every trained generator, beside its weights."""

    version: int = 1
    features: Features
    features_digest: str = Field(description="spectrograms with equal digests are interchangeable")
    corpus: dict[str, Any] = Field(description="summary of the corpus, its licence included")
    steps: int = Field(description="optimiser steps")
    before: dict[str, float] = Field(description="held-out values before the first step")
    after: dict[str, float] = Field(description="held-out values after the last step")
    weights_sha256: str


Described = TypeVar("Described", bound=GeneratorDescription)


def name_in_stimuli(recipe: str, described: GeneratorDescription) -> str:
    """Return a generator's name in stimulus sets, different for other weights."""
    return f"{recipe}-{described.weights_sha256[:12]}"


def find_generator(path: Path, subfolder: str, file: str) -> Path:
    """Return the folder of a trained generator.

    It is `path` itself, or a subfolder of a run or a voice.

    Args:
        subfolder: its name, which is also the generator's kind. file: of the description.

    Raises:
        UserError: there is none.
    """
    for folder in (path, path / subfolder):
        if (folder / file).is_file():
            return folder
    raise UserError(
        f"{path}: no trained {subfolder} there ({file} is missing); name the folder of a "
        f"finished `intone {subfolder} train`"
    )


def read_checked(path: Path, form: type[Described], weights: Path, kind: str) -> Described:
    """Read a description and check that its weights are unchanged.

    Args:
        path: of the description. form: its class. weights: file that it describes.
        kind: "vocoder" or "refiner", for the message.

    Raises:
        UserError: not in this form, changed, or beside other weights.
    """
    described = read(path, form, f"train the {kind} again, or copy the file again")
    if described.features_digest != described.features.digest():
        raise UserError(
            f"{path}: says the features' digest is {described.features_digest}, but theirs is "
            f"{described.features.digest()}; the file was changed: train or copy it again"
        )
    if not weights.is_file() or sha256(weights) != described.weights_sha256:
        raise UserError(f"{weights}: not the weights that {path.name} describes; copy them again")
    return described


def write_described(
    path: Path, form: type[Described], weights: Path, facts: dict[str, Any]
) -> Described:
    """Write the description of weights that are already written.

    Args:
        path: of the description. form: its class. facts: its fields but for `weights_sha256`.
    """
    described = form(**facts, weights_sha256=sha256(weights))
    path.write_text(described.model_dump_json(indent=2) + "\n", "utf-8")
    return described
