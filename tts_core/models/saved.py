"""Saved systems: safetensors weights and a JSON description in one folder."""

import json
from pathlib import Path
from typing import Any

from pydantic import Field
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from intone.documents import Closed, read
from intone.errors import UserError
from intone.files import sha256, whole_folder
from tts_core.config import Recipe
from tts_core.models.build import build
from tts_core.models.context import TextContext
from tts_core.models.facts import CorpusFacts
from tts_core.models.system import System

WEIGHTS = "model.safetensors"
DESCRIPTION = "model.json"
STATE = "state.json"
ENCODER = ".context.encoder."
"""Part of the names of a text encoder's weights."""


class Origin(Closed):
    """Model from whose weights a training started."""

    recipe: str = Field(description="name of its recipe")
    weights_sha256: str
    corpus: str = Field(description="name of its corpus")
    licence: str = Field(description="licence of the recordings of its corpus")
    hours: float = Field(description="audio of its corpus")
    started_from: "Origin | None" = Field(default=None, description="its own origin, if any")


class AdversarialDecoder(Closed):
    """Later training of a system's decoder, which the papers do not have."""

    recipe: str = Field(description="name of its recipe")
    steps: int = Field(description="optimiser steps")
    weights_sha256: str = Field(description="of the system before")
    before: dict[str, float] = Field(description="held-out values before the first step")
    after: dict[str, float] = Field(description="held-out values after the last step")


class Description(Closed):
    """`model.json`: with the weights beside it, all that synthesis needs."""

    version: int = 1
    recipe: Recipe
    facts: CorpusFacts
    corpus: dict[str, Any]
    stages_done: list[int]
    weights_sha256: str
    text_encoder_digest: str | None = Field(
        default=None, description="of the frozen text encoder, whose weights are not stored here"
    )
    started_from: Origin | None = Field(
        default=None, description="model whose weights were trained further, if any"
    )
    decoder: AdversarialDecoder | None = Field(
        default=None, description="adversarial training of the decoder, if any"
    )

    @property
    def called(self) -> str:
        """Name of all recipes that trained it, in stimulus sets."""
        recipe = self.recipe.name
        return f"{recipe}+{self.decoder.recipe}" if self.decoder else recipe

    def origin(self) -> Origin:
        """Return the record that a run keeps which starts from this model."""
        return Origin(
            recipe=self.recipe.name,
            weights_sha256=self.weights_sha256,
            corpus=self.corpus["corpus"]["name"],
            licence=self.corpus["corpus"]["licence"],
            hours=self.corpus["hours"],
            started_from=self.started_from,
        )


def own_state(model: nn.Module, recipe: Recipe) -> dict[str, Tensor]:
    """Return the stored weights: a frozen text encoder is named, not copied."""
    state = {key: value.contiguous() for key, value in model.state_dict().items()}
    if not recipe.text_encoder.finetune:
        state = {key: value for key, value in state.items() if ENCODER not in key}
    return state


def save_model(
    folder: Path,
    model: System,
    recipe: Recipe,
    facts: CorpusFacts,
    corpus: dict[str, Any],
    stages_done: list[int],
    started_from: Origin | None = None,
    decoder: AdversarialDecoder | None = None,
) -> None:
    """Write a self-contained model into `folder`; complete or not at all."""
    with whole_folder(folder) as scratch:
        save_file(own_state(model, recipe), scratch / WEIGHTS)
        description = Description(
            recipe=recipe,
            facts=facts,
            corpus=corpus,
            stages_done=stages_done,
            weights_sha256=sha256(scratch / WEIGHTS),
            text_encoder_digest=_encoder_digest(model),
            started_from=started_from,
            decoder=decoder,
        )
        (scratch / DESCRIPTION).write_text(description.model_dump_json(indent=2) + "\n", "utf-8")


def load_model(folder: Path) -> tuple[System, Description]:
    """Rebuild the model of `folder`, in evaluation mode, on the CPU.

    Raises:
        UserError: no model there, or its weights are not those that were written.
    """
    description = read_description(folder)
    weights = read_weights(folder, description)
    model = build(description.recipe, description.facts)
    if description.text_encoder_digest not in (None, _encoder_digest(model)):
        raise UserError(
            f"{folder}: was trained with another text encoder than the one that is now called "
            f"{description.recipe.text_encoder.name}; fetch or name the right one"
        )
    load_own_state(model, weights, description.recipe)
    return model.eval(), description


def read_weights(folder: Path, description: Description) -> dict[str, Tensor]:
    """Read the weights that `model.json` describes.

    Raises:
        UserError: they are missing or not those that were written.
    """
    weights = folder / WEIGHTS
    if not weights.is_file() or sha256(weights) != description.weights_sha256:
        raise UserError(f"{weights}: not the weights that {DESCRIPTION} describes")
    return load_file(weights)


def halve(folder: Path) -> Description:
    """Store a model's weights in half precision; computing stays single."""
    weights = load_file(folder / WEIGHTS)
    save_file(
        {k: v.half() if v.is_floating_point() else v for k, v in weights.items()}, folder / WEIGHTS
    )
    description = read_description(folder)
    description = description.model_copy(update={"weights_sha256": sha256(folder / WEIGHTS)})
    (folder / DESCRIPTION).write_text(description.model_dump_json(indent=2) + "\n", "utf-8")
    return description


def read_description(folder: Path) -> Description:
    """Read `model.json`.

    Raises:
        UserError: no model there, or not in this form.
    """
    path = folder / DESCRIPTION
    if not path.is_file():
        raise UserError(f"{folder}: no finished model there; train it with `intone train`")
    return read(path, Description, "train the model again, or restore the file from a copy")


def _encoder_digest(model: nn.Module) -> str | None:
    """Return the digest of a frozen text encoder.

    Its weights are named only, and must be the same when loaded.
    """
    for part in model.modules():
        if isinstance(part, TextContext) and not part.finetune:
            return part.encoder.digest
    return None


def load_own_state(model: System, state: dict[str, Tensor], recipe: Recipe) -> None:
    """Load weights; only a frozen text encoder's may be absent."""
    wanted = set(own_state(model, recipe))
    if wanted != set(state):
        odd = sorted(wanted ^ set(state))[0]
        raise UserError(f"{odd}: in the model or in the weights, but not in both; other version?")
    model.load_state_dict(state, strict=False)


def save_weights(folder: Path, model: System, recipe: Recipe, state: dict[str, Any]) -> None:
    """Write weights and facts into `folder`; complete or not at all."""
    with whole_folder(folder) as scratch:
        save_file(own_state(model, recipe), scratch / WEIGHTS)
        write_state(scratch, state)


def write_state(folder: Path, state: dict[str, Any]) -> None:
    """Write `state.json`, the last of a folder's files.

    It holds the facts, and the digest of every other file.
    """
    digests = {path.name: sha256(path) for path in sorted(folder.iterdir())}
    text = json.dumps({**state, "sha256": digests})
    (folder / STATE).write_text(text + "\n", "utf-8")


def undamaged(folder: Path) -> Path:
    """Return the folder of a step, if its files are undamaged.

    Raises:
        UserError: one of them is not.
    """
    digests = json.loads((folder / STATE).read_text("utf-8"))["sha256"]
    for name, digest in digests.items():
        path = folder / name
        if not path.is_file() or sha256(path) != digest:
            raise UserError(
                f"{path}: damaged or missing; delete the folder {folder}, and the same command "
                "resumes from an older step"
            )
    return folder
