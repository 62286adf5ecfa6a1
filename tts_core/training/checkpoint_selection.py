"""Weights that a stage leaves: last, best held-out, or a mean."""

import json
import math
import shutil
from pathlib import Path
from typing import NamedTuple

from safetensors.torch import load_file

from intone.errors import UserError
from tts_core.config import Recipe, StageConfig
from tts_core.models import saved
from tts_core.models.system import System
from tts_core.training import checkpoint
from tts_core.training.average import EMA, mean_of_states


class Best(NamedTuple):
    """Step by its held-out value; of equal values the earlier is better."""

    value: float
    step: int


class Keeper:
    """Keeper of a stage's best weights so far, and of its patience.

    Every step among the best `average` is written as `best-NNNNNNN`; those it supersedes are
    removed only once a later checkpoint is written. So a run that resumes from a checkpoint finds
    what was best by then, and ends like an unbroken one.

    Args:
        folder: of the stage. config: of the stage. criterion: which held-out value must be small.
        writes: whether this process writes; every process compares alike.
    """

    def __init__(
        self, folder: Path, config: StageConfig, criterion: str, writes: bool = True
    ) -> None:
        self.folder, self.config, self.criterion, self.writes = folder, config, criterion, writes
        self.best: list[Best] = []

    def resume(self, step: int) -> None:
        """Drop what came after the checkpoint of `step`, which is repeated."""
        self.best = _written(self.folder, step)[: self.config.average]
        for late in self.folder.glob("best-*") if self.writes else []:
            if _step(late) > step:
                shutil.rmtree(late)

    def see(self, step: int, values: dict[str, float], model: System, recipe: Recipe) -> None:
        """Compare a step's held-out `values`; write weights among the best."""
        if self.config.keep != "best":
            return
        value = values.get(self.criterion, math.nan)
        full = len(self.best) == self.config.average
        if not math.isfinite(value) or (full and value >= self.best[-1].value):
            return
        self.best = sorted([*self.best, Best(value, step)])[: self.config.average]
        if self.writes:
            state = {"step": step, "criterion": self.criterion, "value": value}
            saved.save_weights(_folder(self.folder, step), model, recipe, state)

    def out_of_patience(self, step: int) -> bool:
        """Return whether `patience` validations passed without a new best."""
        if self.config.keep != "best" or self.config.patience is None:
            return False
        since = self.best[0].step if self.best else 0
        return step - since >= self.config.patience * self.config.validate_every

    def settle(self) -> None:
        """Remove superseded steps, once a checkpoint is written after them."""
        kept = {best.step for best in self.best}
        for old in _written(self.folder) if self.writes else []:
            if old.step not in kept:
                shutil.rmtree(_folder(self.folder, old.step))


def _folder(stage: Path, step: int) -> Path:
    return stage / f"best-{step:07d}"


def _step(folder: Path) -> int:
    return int(folder.name.removeprefix("best-"))


def _written(stage: Path, until: float = math.inf) -> list[Best]:
    """Return the steps written as best, best first.

    Those after `until` may be about to be removed.
    """
    folders = [folder for folder in stage.glob("best-*") if _step(folder) <= until]
    states = [json.loads((f / saved.STATE).read_text("utf-8")) for f in folders]
    return sorted(Best(state["value"], state["step"]) for state in states)


def kept_steps(run: Path) -> dict[int, int]:
    """Return stage number to best step, for stages that keep their best."""
    best_steps = {int(p.name.removeprefix("stage-")): _written(p) for p in run.glob("stage-*")}
    return {stage: bests[0].step for stage, bests in best_steps.items() if bests}


def load_kept(folder: Path, config: StageConfig, model: System, recipe: Recipe) -> None:
    """Load the weights that a finished stage leaves.

    Raises:
        UserError: the best is to be kept and no held-out value was finite.
    """
    if config.keep == "last":
        newest = checkpoint.newest_step(folder)
        assert newest, "a stage that has ended has a checkpoint"
        checkpoint.load_step(newest[0], model, recipe)
        if (newest[0] / EMA).is_file():
            model.load_state_dict(load_file(newest[0] / EMA), strict=False)
        return
    bests = _written(folder)[: config.average]
    if not bests:
        raise UserError(
            f"{folder}: no held-out loss was finite, so that no step is the best; lower the "
            "learning rate, or keep the last step (keep=last)"
        )
    kept = [saved.undamaged(_folder(folder, best.step)) for best in bests]
    states = [load_file(path / saved.WEIGHTS) for path in kept]
    saved.load_own_state(model, mean_of_states(states), recipe)
