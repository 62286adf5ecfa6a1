"""Start of a run from the weights of another run."""

from pathlib import Path

import torch
from torch import Tensor

from intone.errors import UserError
from tts_core.config import Features, Recipe
from tts_core.corpus.shards import PreparedInfo
from tts_core.models import saved
from tts_core.models.context import TextContext
from tts_core.models.learnt import learnt_tensors
from tts_core.models.system import System

DIFFERENCES = 3
"""So many keys are named where recipes differ."""
INVENTORIES = {"n_tokens": "phones", "n_pos": "parts of speech", "n_labels": "node labels"}


def load_origin(source: Path, model: System, recipe: Recipe, info: PreparedInfo) -> saved.Origin:
    """Load what another run learnt; keep what describes the new corpus.

    Weights and running batch statistics are taken over. The scales of spectrograms and durations
    stay those of the new corpus, to which stage 2 of CAMP fits its scale of word vectors. A frozen
    text encoder is not stored and must be the same one.

    Args:
        source: run folder of `intone train`, its `model` folder, or a system's folder in a voice.
        model: fresh, of `recipe` and `info`. info: of the new corpus.

    Raises:
        UserError: no model there, damaged weights, or another system, spectrogram, inventory, text
            encoder or width.
    """
    folder = _model_folder(source)
    description = saved.read_description(folder)
    _check_same_kind(folder, description, recipe, info)
    _check_text_encoder(folder, description, model)
    state = saved.read_weights(folder, description)
    learnt = learnt_tensors(model)
    if description.text_encoder_digest:
        # A text encoder that is fine-tuned from here on starts as the frozen one was.
        learnt = {name: value for name, value in learnt.items() if saved.ENCODER not in name}
    _check_shapes(folder, description.recipe, recipe, learnt, state)
    _check_nothing_left(folder, description.recipe, recipe, model, state)
    with torch.no_grad():
        for name, value in learnt.items():
            value.copy_(state[name])
    return description.origin()


def _model_folder(source: Path) -> Path:
    for folder in (source, source / "model"):
        if (folder / saved.DESCRIPTION).is_file():
            return folder
    raise UserError(
        f"{source}: no finished model there; name a run of `intone train` whose stages are "
        "trained, or the folder of a system in a voice"
    )


def _check_same_kind(
    folder: Path, description: saved.Description, recipe: Recipe, info: PreparedInfo
) -> None:
    stored, wanted = description.recipe.model.system, recipe.model.system
    if stored != wanted:
        raise UserError(
            f"{folder}: holds the system {stored}, the recipe {recipe.name} trains {wanted}; name "
            f"a run of {wanted}"
        )
    features = Features.model_validate(description.corpus["features"])
    if features.digest() != info.features.digest():
        raise UserError(
            f"{folder}: trained on other features than the corpus "
            f"({features.against(info.features)}); prepare the corpus with those"
        )
    facts = info.facts()
    for key, name in INVENTORIES.items():
        old, new = getattr(description.facts, key), getattr(facts, key)
        if old != new:
            raise UserError(
                f"{folder}: knows {old} {name}, the corpus has {new}; prepare the corpus and train "
                "the model with the same version of Intone"
            )


def _check_text_encoder(folder: Path, description: saved.Description, model: System) -> None:
    stored = description.text_encoder_digest
    for part in model.modules():
        if not isinstance(part, TextContext):
            continue
        if stored is None and description.recipe.model.reads_text_encoder and not part.finetune:
            raise UserError(
                f"{folder}: fine-tuned its text encoder, the recipe does not; set "
                "text_encoder.finetune=true"
            )
        if stored is not None and stored != part.encoder.digest:
            raise UserError(
                f"{folder}: was trained with another text encoder "
                f"({description.recipe.text_encoder.name}) than the recipe's; name the same one "
                "as text_encoder.name"
            )


def _check_shapes(
    folder: Path,
    stored: Recipe,
    wanted: Recipe,
    learnt: dict[str, Tensor],
    state: dict[str, Tensor],
) -> None:
    for name, value in learnt.items():
        if name in state and state[name].shape == value.shape:
            continue
        shape = tuple(state[name].shape) if name in state else "absent"
        raise UserError(
            f"{folder}: {name} is {shape} there and {tuple(value.shape)} in the recipe "
            f"{wanted.name} ({_changed_keys(stored, wanted)}); train with the model of "
            f"{stored.name}"
        )


def _check_nothing_left(
    folder: Path, stored: Recipe, wanted: Recipe, model: System, state: dict[str, Tensor]
) -> None:
    """Refuse a larger model, of which some layers would be dropped."""
    known = model.state_dict()
    for name in state:
        if name not in known:
            raise UserError(
                f"{folder}: has {name}, which the recipe {wanted.name} lacks "
                f"({_changed_keys(stored, wanted)}); train with the model of {stored.name}"
            )


def _changed_keys(stored: Recipe, wanted: Recipe) -> str:
    old, new = stored.model.model_dump(), wanted.model.model_dump()
    changed = [f"model.{k} {old[k]} instead of {new[k]}" for k in new if old[k] != new[k]]
    return ", ".join(changed[:DIFFERENCES]) + (" ..." if len(changed) > DIFFERENCES else "")
