"""Recipe of a refiner."""

from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from tts_core.config import AdversarialRecipe, read_recipe

RECIPES = Path(__file__).parent / "recipes"


class RefinerRecipe(AdversarialRecipe):
    """Layout and training of a refiner; the values are our choice."""

    width: int = Field(default=160, gt=0, description="channels of the hidden layers")
    kernel: int = Field(default=5, gt=0, description="odd width of the convolutions, frames")
    dilations: list[int] = Field(
        default=[1, 2, 4, 1, 2, 4], min_length=1, description="of the residual blocks, frames"
    )
    noise: int = Field(
        default=8, ge=0, description="channels of white noise beside the spectrogram"
    )

    @field_validator("kernel")
    @classmethod
    def _odd(cls, kernel: int) -> int:
        if kernel % 2 == 0:
            raise ValueError(f"kernel {kernel} is even; a frame has as many before as after it")
        return kernel

    @field_validator("dilations")
    @classmethod
    def _positive(cls, dilations: list[int]) -> list[int]:
        if min(dilations) < 1:
            raise ValueError("a dilation is 1 or more")
        return dilations


def load_refiner_recipe(name: str, overrides: dict[str, Any] | None = None) -> RefinerRecipe:
    """Read a refiner's recipe by name or path, as `tts_core.config.load_recipe` does.

    Raises:
        UserError: no such recipe, unknown key, or a value out of range; names file and key.
    """
    return read_recipe(RefinerRecipe, RECIPES, name, overrides)
