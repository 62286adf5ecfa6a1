"""Recipe of a refiner."""

import math
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from intone.documents import Closed
from tts_core.config import read_recipe, recipe_digest

RECIPES = Path(__file__).parent / "recipes"


class RefinerRecipe(Closed):
    """Layout and training of a refiner; the values are our choice."""

    name: str = Field(description="name of the recipe")
    description: str = Field(default="", description="what it is and where its numbers come from")
    width: int = Field(default=160, gt=0, description="channels of the hidden layers")
    kernel: int = Field(default=5, gt=0, description="odd width of the convolutions, frames")
    dilations: list[int] = Field(
        default=[1, 2, 4, 1, 2, 4], min_length=1, description="of the residual blocks, frames"
    )
    noise: int = Field(
        default=8, ge=0, description="channels of white noise beside the spectrogram"
    )
    discriminator_channels: int = Field(
        default=16, gt=0, description="channels of the discriminators' first layers"
    )
    steps: int = Field(gt=0, description="optimiser steps")
    batch: int = Field(default=8, gt=0, description="crops per step")
    crop_frames: int = Field(default=48, ge=8, description="length of a crop, frames")
    lr: float = Field(default=4e-4, gt=0, description="AdamW learning rate, of both sides")
    lr_final: float = Field(
        default=0.1, gt=0, le=1, description="share of lr at the end, reached along a cosine"
    )
    betas: tuple[float, float] = Field(default=(0.8, 0.99), description="AdamW, of both sides")
    weight_decay: float = Field(default=0.0, ge=0, description="decoupled weight decay (AdamW)")
    ema: float = Field(
        default=0.999, ge=0, lt=1, description="decay of the moving average of the weights"
    )
    feature_weight: float = Field(
        default=1.25, ge=0, description="of the feature matching loss, a sum over all layers"
    )
    mel_weight: float = Field(
        default=1.0, ge=0, description="of the L1 distance of z-scored spectrograms"
    )
    validation_recordings: int = Field(
        default=32, gt=0, description="held-out recordings that are refined, at most"
    )
    validate_every: int = Field(default=500, gt=0, description="steps between validations")
    checkpoint_every: int = Field(default=500, gt=0, description="steps between checkpoints")
    seed: int = Field(default=0, ge=0, description="seed of weights, crops and noise")

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

    def rates(self, step: int, epoch: int) -> tuple[float, float]:
        """Return the learning rates of generator and discriminators.

        step: 1, 2, ... The rate knows no epochs.
        """
        del epoch
        fallen = (1 - math.cos(math.pi * (step - 1) / self.steps)) / 2
        rate = self.lr * (1 - fallen * (1 - self.lr_final))
        return rate, rate

    def digest(self) -> str:
        """Digest of the recipe without its description and its defaults."""
        return recipe_digest(self)


def load_refiner_recipe(name: str, overrides: dict[str, Any] | None = None) -> RefinerRecipe:
    """Read a refiner's recipe by name or path, as `tts_core.config.load_recipe` does.

    Raises:
        UserError: no such recipe, unknown key, or a value out of range; names file and key.
    """
    return read_recipe(RefinerRecipe, RECIPES, name, overrides)
