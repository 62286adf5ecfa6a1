"""Checkpoints: safetensors weights, JSON facts, state for an exact resume."""

import json
import shutil
from pathlib import Path

import torch
from accelerate.utils import gather_object
from safetensors.torch import load_file, save_file
from torch import Tensor

from intone.errors import UserError
from intone.files import whole_folder
from tts_core.config import Recipe
from tts_core.models.saved import STATE, WEIGHTS, load_own_state, own_state, undamaged, write_state
from tts_core.models.system import System
from tts_core.training.average import MovingAverage
from tts_core.training.batches import Share
from tts_core.training.optimise import Optimiser

OPTIMIZER = "optimizer.pt"


def random_states(share: Share) -> list[dict[str, Tensor]]:
    """Return the random state of every process, by rank.

    All processes must call it at the same time.
    """
    state = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return [state] if share.processes == 1 else gather_object([state])


def save_step(
    folder: Path,
    model: System,
    recipe: Recipe,
    step: int,
    finished: bool,
    optimizer: Optimiser,
    average: MovingAverage | None,
    random: list[dict[str, Tensor]],
) -> None:
    """Write `folder/step-NNNNNNN`: weights, their average, optimiser and random states.

    Keeps the newest two.
    """
    with whole_folder(folder / f"step-{step:07d}") as scratch:
        save_file(own_state(model, recipe), scratch / WEIGHTS)
        if average:
            average.save(scratch)
        torch.save({"optimizer": optimizer.state_dict(), "random": random}, scratch / OPTIMIZER)
        write_state(scratch, {"step": step, "finished": finished})
    for old in sorted(folder.glob("step-*"))[:-2]:
        shutil.rmtree(old)


def is_finished(folder: Path) -> bool:
    """Return whether a stage's newest checkpoint is its end.

    The last step, or the step where patience ran out.
    """
    newest = newest_step(folder)
    return newest is not None and json.loads((newest[0] / STATE).read_text("utf-8"))["finished"]


def newest_step(folder: Path) -> tuple[Path, int] | None:
    """Return the newest complete checkpoint of a stage, and its step."""
    folders = sorted(folder.glob("step-*"))
    return (folders[-1], int(folders[-1].name.removeprefix("step-"))) if folders else None


def load_step(path: Path, model: System, recipe: Recipe) -> None:
    """Load the weights of a step.

    Raises:
        UserError: a file of the step is damaged.
    """
    load_own_state(model, load_file(undamaged(path) / WEIGHTS), recipe)


def resume(path: Path, optimizer: Optimiser, average: MovingAverage | None, share: Share) -> None:
    """Load all but the weights, so that a run resumes exactly.

    Raises:
        UserError: it was another number of processes that wrote the checkpoint.
    """
    state = torch.load(path / OPTIMIZER, map_location="cpu", weights_only=True)
    if len(state["random"]) != share.processes:
        raise UserError(
            f"{path}: was trained by {len(state['random'])} processes, not {share.processes}; "
            f"start {len(state['random'])}, or choose another --out to train anew"
        )
    optimizer.load_state_dict(state["optimizer"])
    if average:
        average.load(path)
    random = state["random"][share.rank]
    torch.set_rng_state(random["cpu"])
    if "cuda" in random and torch.cuda.is_available():
        torch.cuda.set_rng_state(random["cuda"])
