"""Folder of a trained refiner."""

from pathlib import Path
from typing import Any

from pydantic import Field
from safetensors.torch import load_file, save_file

from intone.documents import Closed, read
from intone.errors import UserError
from intone.files import sha256, whole_folder
from tts_core.config import Features
from tts_core.models.facts import CorpusFacts
from tts_core.refiner.config import RefinerRecipe
from tts_core.refiner.network import Refiner

REFINER = "refiner"
"""Folder of a trained refiner in a run or a voice."""
DESCRIPTION = "refiner.json"
WEIGHTS = "refiner.safetensors"


class Teacher(Closed):
    """System whose predictions a refiner learnt from."""

    system: str
    recipe: str = Field(description="name of its training recipe")
    weights_sha256: str


class Description(Closed):
    """`refiner.json`: what a refiner reads, and what it was trained on."""

    version: int = 1
    recipe: RefinerRecipe
    features: Features
    features_digest: str = Field(description="spectrograms with equal digests are interchangeable")
    facts: CorpusFacts
    corpus: dict[str, Any] = Field(description="summary of the corpus, its licence included")
    systems: list[Teacher] = Field(description="systems whose predictions it learnt from")
    steps: int = Field(description="optimiser steps")
    before: dict[str, float] = Field(description="held-out values before the first step")
    after: dict[str, float] = Field(description="held-out values after the last step")
    weights_sha256: str

    @property
    def called(self) -> str:
        """Name in stimulus sets, different for other weights."""
        return f"{self.recipe.name}-{self.weights_sha256[:12]}"


def refiner_folder(path: Path) -> Path:
    """Return the folder of a trained refiner.

    It is `path` itself, or `refiner` in the folder of a run or a voice.

    Raises:
        UserError: there is none.
    """
    for folder in (path, path / REFINER):
        if (folder / DESCRIPTION).is_file():
            return folder
    raise UserError(
        f"{path}: no trained refiner there ({DESCRIPTION} is missing); name the folder of a "
        "finished `intone refiner train`"
    )


def read_description(folder: Path) -> Description:
    """Read `refiner.json` and check that its weights are unchanged.

    Raises:
        UserError: not in this form, changed, or beside other weights.
    """
    path = folder / DESCRIPTION
    described = read(path, Description, "train the refiner again, or copy the file again")
    if described.features_digest != described.features.digest():
        raise UserError(
            f"{path}: says the features' digest is {described.features_digest}, but theirs is "
            f"{described.features.digest()}; the file was changed: train or copy it again"
        )
    weights = folder / WEIGHTS
    if not weights.is_file() or sha256(weights) != described.weights_sha256:
        raise UserError(f"{weights}: not the weights that {DESCRIPTION} describes; copy them again")
    return described


def save_refiner(folder: Path, refiner: Refiner, described: dict[str, Any]) -> Description:
    """Write a trained refiner into `folder`, complete or not at all.

    Args:
        refiner: its weights. described: fields of `Description`, but for `weights_sha256`.
    """
    with whole_folder(folder) as scratch:
        state = {k: v.detach().cpu().contiguous() for k, v in refiner.state_dict().items()}
        save_file(state, scratch / WEIGHTS)
        description = Description(**described, weights_sha256=sha256(scratch / WEIGHTS))
        (scratch / DESCRIPTION).write_text(description.model_dump_json(indent=2) + "\n", "utf-8")
    return description


def read_refiner(folder: Path) -> tuple[Refiner, Description]:
    """Rebuild the refiner of `folder`, in evaluation mode, on the CPU.

    Raises:
        UserError: no refiner there, or a damaged one.
    """
    description = read_description(folder)
    refiner = Refiner(description.recipe, description.facts)
    refiner.load_state_dict(load_file(folder / WEIGHTS))
    return refiner.eval().requires_grad_(False), description


def halve(folder: Path) -> Description:
    """Store a refiner's weights in half precision; computing stays single."""
    refiner, description = read_refiner(folder)
    save_file({k: v.half() for k, v in refiner.state_dict().items()}, folder / WEIGHTS)
    description = description.model_copy(update={"weights_sha256": sha256(folder / WEIGHTS)})
    (folder / DESCRIPTION).write_text(description.model_dump_json(indent=2) + "\n", "utf-8")
    return description
