"""Folder of a trained refiner."""

from pathlib import Path
from typing import Any

from pydantic import Field
from safetensors.torch import load_file, save_file

from intone.documents import Closed
from intone.files import whole_folder
from tts_core.models.facts import CorpusFacts
from tts_core.models.trained_generator import (
    GeneratorDescription,
    find_generator,
    name_in_stimuli,
    read_checked,
    write_described,
)
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


class Description(GeneratorDescription):
    """`refiner.json`: what a refiner reads, and what it was trained on."""

    recipe: RefinerRecipe
    facts: CorpusFacts
    systems: list[Teacher] = Field(description="systems whose predictions it learnt from")

    @property
    def called(self) -> str:
        """Name in stimulus sets."""
        return name_in_stimuli(self.recipe.name, self)


def refiner_folder(path: Path) -> Path:
    """Return the folder of a trained refiner.

    It is `path` itself, or `refiner` in the folder of a run or a voice.

    Raises:
        UserError: there is none.
    """
    return find_generator(path, REFINER, DESCRIPTION)


def read_description(folder: Path) -> Description:
    """Read `refiner.json` and check that its weights are unchanged.

    Raises:
        UserError: not in this form, changed, or beside other weights.
    """
    return read_checked(folder / DESCRIPTION, Description, folder / WEIGHTS, REFINER)


def save_refiner(folder: Path, refiner: Refiner, described: dict[str, Any]) -> Description:
    """Write a trained refiner into `folder`, complete or not at all.

    Args:
        refiner: its weights. described: fields of `Description`, but for `weights_sha256`.
    """
    with whole_folder(folder) as scratch:
        state = {k: v.detach().cpu().contiguous() for k, v in refiner.state_dict().items()}
        save_file(state, scratch / WEIGHTS)
        return write_described(scratch / DESCRIPTION, Description, scratch / WEIGHTS, described)


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
    facts = dict(description)
    del facts["weights_sha256"]
    return write_described(folder / DESCRIPTION, Description, folder / WEIGHTS, facts)
