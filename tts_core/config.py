"""Schema of recipes: every number of a run, with its unit."""

import hashlib
import json
import math
from copy import deepcopy
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, model_validator

from intone.documents import Closed, Document, Location, check, load
from intone.errors import UserError
from tts_core.model_config import SYSTEMS, ModelConfig, TextEncoderConfig

RECIPES = Path(__file__).parent / "recipes"
ABLATIONS = "ablations"
"""Subfolder of `RECIPES`, with recipes that change one line of another."""
AnyRecipe = TypeVar("AnyRecipe", bound=Closed)


class Features(Closed):
    """Settings of log-mel spectrograms (natural log of the mel magnitude)."""

    name: str = Field(default="hifigan22k", description="name of the preset")
    sample_rate_hz: int = Field(default=22050, gt=0, description="sampling rate, Hz")
    n_mels: int = Field(default=80, gt=0, description="mel bins")
    n_fft: int = Field(default=1024, gt=0, description="FFT size, samples")
    window: int = Field(default=1024, gt=0, description="Hann window, samples")
    hop: int = Field(default=256, gt=0, description="frame shift, samples")
    fmin_hz: float = Field(default=0.0, ge=0, description="lower edge of the lowest mel band, Hz")
    fmax_hz: float = Field(
        default=8000.0, gt=0, description="upper edge of the highest mel band, Hz"
    )
    floor: float = Field(default=1e-5, gt=0, description="smallest mel magnitude before the log")

    def digest(self) -> str:
        """Return the digest of all but the name.

        Equal digests mean interchangeable spectrograms.
        """
        values = self.model_dump(exclude={"name"})
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]

    def against(self, other: "Features") -> str:
        """Return both digests and every setting that differs from the other's."""
        differing = [
            f"{key} {value} instead of {getattr(other, key)}"
            for key, value in self.model_dump(exclude={"name"}).items()
            if value != getattr(other, key)
        ]
        return f"{self.digest()} instead of {other.digest()}: {', '.join(differing)}"


PRESETS: dict[str, Features] = {
    "hifigan22k": Features(),
    # 24 kHz, 12.5 ms, 50 Hz to 12 kHz: Latorre et al. 2019 and the systems built on it.
    "paper24k": Features(
        name="paper24k",
        sample_rate_hz=24000,
        n_fft=2048,
        window=1200,
        hop=300,
        fmin_hz=50.0,
        fmax_hz=12000.0,
    ),
}


def preset(name: str) -> Features:
    """Return the spectrogram settings of a preset.

    Raises:
        UserError: unknown.
    """
    if name not in PRESETS:
        raise UserError(f"{name}: no such spectrogram; choose one of {', '.join(PRESETS)}")
    return PRESETS[name]


class StageConfig(Closed):
    """One stage of training."""

    steps: int = Field(gt=0, description="optimiser steps")
    batch_frames: int = Field(
        default=12000, gt=0, description="spectrogram frames per batch, padding included"
    )
    lr: float = Field(default=1e-3, gt=0, description="Adam learning rate")
    lr_decay: float = Field(
        default=1.0, gt=0, le=1, description="factor on the learning rate once per epoch"
    )
    lr_decay_steps: int | None = Field(
        default=None,
        gt=0,
        description="apply lr_decay once in this many steps instead of once per epoch, so that it "
        "does not depend on the size of the corpus",
    )
    lr_floor: float = Field(default=0.0, ge=0, description="the rate never decays below this")
    lr_final: float = Field(
        default=1.0, gt=0, le=1, description="cosine decay to this share of the learning rate"
    )
    warmup: int = Field(
        default=0, ge=0, description="steps in which the learning rate rises to its value"
    )
    beta2: float = Field(
        default=0.999, gt=0, lt=1, description="Adam's decay of the mean squared gradient"
    )
    clip: float = Field(default=1.0, gt=0, description="gradient norm clip")
    accumulate: int = Field(
        default=1, gt=0, description="batches of every process that share an optimiser step"
    )
    ema: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="validate and leave an exponential moving average of the weights, with this "
        "decay per step; none: the weights themselves",
    )
    weight_decay: float = Field(
        default=0.0, ge=0, description="decoupled weight decay (AdamW); 0 is Adam"
    )
    keep: Literal["last", "best"] = Field(
        default="last",
        description="the weights that the stage leaves: the last, or the best held out",
    )
    criterion: Literal["loss", "prosody"] = Field(
        default="loss",
        description="with keep=best: the best by held-out loss, or by the F0 of sentences that are "
        "spoken freely (see observe)",
    )
    average: int = Field(
        default=1, gt=0, description="with keep=best: the mean of the weights of so many best steps"
    )
    patience: int | None = Field(
        default=None,
        gt=0,
        description="with keep=best: validations without a better one before "
        "the stage ends early; none: never",
    )
    validate_every: int = Field(default=200, gt=0, description="steps between validations")
    checkpoint_every: int = Field(default=100, gt=0, description="steps between checkpoints")
    kl_weight: float = Field(
        default=1.0, ge=0, description="Kathaka stage 1: full weight alpha of the KL term"
    )
    kl_start: float = Field(
        default=0.05, ge=0, le=1, description="share of the run at which annealing starts"
    )
    kl_end: float = Field(
        default=0.3, ge=0, le=1, description="share of the run at which alpha is full"
    )
    kl_every: int = Field(
        default=200, gt=0, description="include the KL term once in this many steps"
    )
    free_bits: float = Field(
        default=0.0,
        ge=0,
        description="Kathaka stage 1: nats per dimension of z that the KL term does not punish",
    )
    sampler_kl: Literal["sampler||posterior", "posterior||sampler"] = Field(
        default="sampler||posterior",
        description="Kathaka stage 2: which KL is minimised: the paper's (Eq. 3), or its reverse, "
        "maximum likelihood",
    )
    duration_weight: float = Field(
        default=0.025, ge=0, description="CAMP, durian_plus: weight of the duration L1, frames"
    )
    guided_attention_weight: float = Field(
        default=0.0, ge=0, description="ntts_attention: weight of the guided attention loss"
    )

    @model_validator(mode="after")
    def _annealing_runs_forwards(self) -> "StageConfig":
        if self.kl_start > self.kl_end:
            raise ValueError("kl_start must not be larger than kl_end")
        return self


class Recipe(Closed):
    """Recipe of one experiment.

    A file in `tts_core/recipes`, or one of yours that inherits from it.
    """

    name: str = Field(description="name of the recipe")
    description: str = Field(default="", description="what it is and where its numbers come from")
    model: ModelConfig
    text_encoder: TextEncoderConfig = TextEncoderConfig()
    stages: dict[int, StageConfig] = Field(description="stage number to its settings, run in order")
    seed: int = Field(default=0, ge=0, description="seed of weights, batches and dropout")
    observe: int = Field(
        default=0,
        ge=0,
        description="validation sentences that are spoken, measured and drawn at each validation",
    )
    precision: Literal["auto", "fp32", "bf16"] = Field(
        default="auto",
        description="bf16: bfloat16 where it does no harm; auto: that on a GPU that has it",
    )
    stream: Literal["auto", "always", "never"] = Field(
        default="auto",
        description="read the training split shard by shard, not whole; auto: if it is longer than "
        "100 h",
    )

    @model_validator(mode="after")
    def _stages_of_the_system(self) -> "Recipe":
        wanted = SYSTEMS[self.model.system].stages
        if sorted(self.stages) != list(range(1, wanted + 1)):
            raise ValueError(f"{self.model.system} has stages 1 to {wanted}: {list(self.stages)}")
        return self

    def digest(self) -> str:
        """Digest of the recipe without its description and its defaults."""
        return recipe_digest(self)


class AdversarialRecipe(Closed):
    """Settings of every adversarial training of spectrograms; the values are our choice."""

    name: str = Field(description="name of the recipe")
    description: str = Field(default="", description="what it is and where its numbers come from")
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
        default=32, gt=0, description="held-out recordings that are compared, at most"
    )
    validate_every: int = Field(default=500, gt=0, description="steps between validations")
    checkpoint_every: int = Field(default=500, gt=0, description="steps between checkpoints")
    seed: int = Field(default=0, ge=0, description="seed of weights, crops and noise")

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


def recipe_digest(recipe: Closed) -> str:
    """Return the digest of a recipe without its description and its defaults.

    So a new setting, whose default is how it was before, lets old runs resume.
    """
    values = recipe.model_dump(mode="json", exclude={"description"}, exclude_defaults=True)
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def load_recipe(name: str, overrides: dict[str, Any] | None = None) -> Recipe:
    """Read a recipe by name or path, with its parents and overrides.

    Parents are named by `inherits`; overrides are `key.sub=value`.

    Raises:
        UserError: no such recipe, unknown key, or a value out of range; names file and key.
    """
    return read_recipe(Recipe, RECIPES, name, overrides)


def read_recipe(
    schema: type[AnyRecipe], folder: Path, name: str, overrides: dict[str, Any] | None = None
) -> AnyRecipe:
    """Read a recipe of any schema, as `load_recipe` does.

    The schema has a `name`.

    The recipes that are part of the project are in `folder`.
    """
    path = _recipe_path(name, None, folder)
    documents = _with_parents(path, (), folder)
    merged: dict[str, Any] = {}
    for document in reversed(documents):
        merged.pop("name", None)
        values = {key: value for key, value in document.values.items() if key != "inherits"}
        merged = _merge(merged, deepcopy(values))
    for dotted, value in (overrides or {}).items():
        _set(merged, dotted, value)
    merged.setdefault("name", path.stem)

    def where(location: Location) -> str:
        key = ".".join(str(part) for part in location)
        for dotted, value in (overrides or {}).items():
            if f"{key}.".startswith(f"{dotted}."):
                return f"{dotted}={value}"
        # The recipe itself comes first, then its parents.
        return max(documents, key=lambda d: len(d.existing(location))).where(location)

    return check(merged, schema, where, "correct it")


def _recipe_path(name: str, beside: Path | None, folder: Path) -> Path:
    candidates = [Path(name), folder / f"{name}.yaml", folder / ABLATIONS / f"{name}.yaml"]
    if beside is not None:
        candidates.insert(0, beside / f"{name}.yaml")
    for path in candidates:
        if path.is_file():
            return path
    known = ", ".join(sorted(p.stem for p in folder.rglob("*.yaml")))
    raise UserError(f"{name}: no such recipe; give a YAML file or one of: {known}")


def _with_parents(path: Path, seen: tuple[Path, ...], folder: Path) -> list[Document]:
    """Return a recipe and those it inherits from, itself first."""
    if path in seen:
        raise UserError(f"{path}: inherits from itself; remove the circle")
    document = load(path)
    parent = document.values.get("inherits")
    if parent is None:
        return [document]
    inherited = _recipe_path(str(parent), path.parent, folder)
    return [document, *_with_parents(inherited, (*seen, path), folder)]


def _merge(base: dict[str, Any], child: dict[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for key, value in child.items():
        both = isinstance(value, dict) and isinstance(out.get(key), dict)
        out[key] = _merge(out[key], value) if both else value
    return out


def _set(tree: dict[str, Any], dotted: str, value: Any) -> None:
    *parents, last = [int(part) if part.isdigit() else part for part in dotted.split(".")]
    node: dict[Any, Any] = tree
    for part in parents:
        node = node.setdefault(part, {})
        if not isinstance(node, dict):
            raise UserError(f"{dotted}: {part} is a value, not a group of keys")
    node[last] = value
