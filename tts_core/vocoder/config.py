"""Configuration of a vocoder and its training."""

import math
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from intone.documents import Closed
from intone.errors import UserError
from tts_core.config import Features, read_recipe, recipe_digest
from tts_core.vocoder.hifigan import HifiganConfig

RECIPES = Path(__file__).parent / "recipes"


class GeneratorConfig(Closed):
    """Layout of a HiFi-GAN generator; defaults are V1.

    Source: Kong et al. 2020, section 2.2.
    """

    upsample_rates: list[int] = Field(description="k_u's strides; their product is the hop")
    upsample_kernel_sizes: list[int] = Field(
        description="k_u, kernels of the upsampling; each as even or odd as its rate"
    )
    upsample_initial_channel: int = Field(
        default=512, gt=0, description="h_u, channels before the upsampling, halved by each"
    )
    resblock_kernel_sizes: list[int] = Field(
        default=[3, 7, 11], description="k_r, kernels of the residual blocks"
    )
    resblock_dilation_sizes: list[list[int]] = Field(
        default=[[1, 3, 5], [1, 3, 5], [1, 3, 5]], description="D_r, dilations of each block"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> "GeneratorConfig":
        if len(self.upsample_rates) != len(self.upsample_kernel_sizes):
            raise ValueError("as many upsample_kernel_sizes as upsample_rates are needed")
        for rate, kernel in zip(self.upsample_rates, self.upsample_kernel_sizes, strict=True):
            # Else the padding on both sides cannot make the output `rate` times as long.
            if kernel < rate or (kernel - rate) % 2:
                raise ValueError(
                    f"kernel {kernel} for the rate {rate}: the difference must be even"
                )
        if len(self.resblock_kernel_sizes) != len(self.resblock_dilation_sizes):
            raise ValueError("as many resblock_dilation_sizes as resblock_kernel_sizes are needed")
        return self

    @property
    def hop(self) -> int:
        """Samples per frame."""
        return math.prod(self.upsample_rates)

    def for_features(self, features: Features) -> HifiganConfig:
        """Return the published form of the configuration for these spectrograms."""
        return HifiganConfig(
            **self.model_dump(),
            num_mels=features.n_mels,
            n_fft=features.n_fft,
            hop_size=features.hop,
            win_size=features.window,
            sampling_rate=features.sample_rate_hz,
            fmin=features.fmin_hz,
            fmax=features.fmax_hz,
        )


class VocoderRecipe(Closed):
    """Training of one vocoder.

    Defaults are those of Kong et al. 2020 (sections 2.4 and 3).
    """

    name: str = Field(description="name of the recipe")
    description: str = Field(default="", description="what it is and where its numbers come from")
    start: str | None = Field(
        default=None,
        description="what the generator starts from: an asset, or a folder that a training of a "
        "vocoder wrote; none: from scratch, in the layout of `generator`",
    )
    generator: GeneratorConfig | None = Field(
        default=None, description="layout of a generator that starts from scratch"
    )
    discriminator_channels: int = Field(
        default=1024, gt=0, multiple_of=32, description="channels of the widest layers"
    )
    steps: int = Field(gt=0, description="optimiser steps of the discriminators")
    discriminators_alone: int = Field(
        default=0,
        ge=0,
        description="first steps in which only the discriminators learn, which start from scratch "
        "beside a generator that may not; our choice",
    )
    warmup: int = Field(
        default=0,
        ge=0,
        description="the generator's first steps, over which its rate rises linearly: Adam's first "
        "steps are as long as the rate, however small the gradient, and undo what was learnt",
    )
    batch: int = Field(default=16, gt=0, description="segments per step")
    segment_frames: int = Field(
        default=32, gt=0, description="length of a segment, frames: 8192 samples at a hop of 256"
    )
    lr: float = Field(default=2e-4, gt=0, description="AdamW learning rate, of both sides")
    betas: tuple[float, float] = Field(default=(0.8, 0.99), description="AdamW, of both sides")
    weight_decay: float = Field(default=0.01, ge=0, description="decoupled weight decay (AdamW)")
    lr_decay: float = Field(
        default=0.999, gt=0, le=1, description="factor on the learning rate once per epoch"
    )
    feature_weight: float = Field(
        default=2.0, ge=0, description="lambda_fm, of the feature matching loss"
    )
    mel_weight: float = Field(default=45.0, ge=0, description="lambda_mel, of the mel loss")
    loss_fmax_hz: float | None = Field(
        default=None,
        gt=0,
        description="upper edge of the mel loss's highest band, Hz; none: that of the spectrogram",
    )
    predicted_share: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="share of the segments whose spectrogram an acoustic model predicted, in a "
        "training that is given one",
    )
    validation_recordings: int = Field(
        default=16, gt=0, description="held-out recordings that are resynthesized, at most"
    )
    validate_every: int = Field(default=1000, gt=0, description="steps between validations")
    checkpoint_every: int = Field(default=1000, gt=0, description="steps between checkpoints")
    seed: int = Field(default=0, ge=0, description="seed of weights and segments")

    @model_validator(mode="after")
    def _one_beginning(self) -> "VocoderRecipe":
        if (self.start is None) == (self.generator is None):
            raise ValueError("give either start or generator: where the generator comes from")
        return self

    def digest(self) -> str:
        """Digest of the recipe without its description and its defaults."""
        return recipe_digest(self)

    def rates(self, step: int, epoch: int) -> tuple[float, float]:
        """Return the learning rates of generator and discriminators.

        step: 1, 2, ... epoch: 0, 1, ...
        """
        rate = self.lr * self.lr_decay**epoch
        learnt = step - self.discriminators_alone
        rise = min(learnt / self.warmup, 1.0) if self.warmup else 1.0
        return rate * rise, rate

    def check_features(self, features: Features, layout: HifiganConfig) -> None:
        """Refuse spectrograms that the generator cannot read, before anything is trained.

        Raises:
            UserError: another hop, a segment too short for the spectrogram's edges, or a mel loss
                above half the sampling rate.
        """
        hop = math.prod(layout.upsample_rates)
        if hop != features.hop:
            raise UserError(
                f"{self.name}: upsamples by {hop}, the corpus's spectrogram {features.name!r} has "
                f"a hop of {features.hop}; choose a recipe whose upsample_rates multiply to that"
            )
        least = (features.n_fft - features.hop) // 2 // features.hop + 1
        if self.segment_frames < least:
            raise UserError(
                f"{self.name}: segment_frames={self.segment_frames} is too short for the "
                f"spectrogram {features.name!r}; set it to {least} or more"
            )
        if self.loss_fmax_hz and self.loss_fmax_hz > features.sample_rate_hz / 2:
            raise UserError(
                f"{self.name}: loss_fmax_hz={self.loss_fmax_hz:g} is above half the sampling rate; "
                f"set it to {features.sample_rate_hz / 2:g} or less"
            )


def load_vocoder_recipe(name: str, overrides: dict[str, Any] | None = None) -> VocoderRecipe:
    """Read a vocoder's recipe by name or path, as `tts_core.config.load_recipe` does.

    Raises:
        UserError: no such recipe, unknown key, or a value out of range; names file and key.
    """
    return read_recipe(VocoderRecipe, RECIPES, name, overrides)
