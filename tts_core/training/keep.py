"""Which weights a stage leaves behind: its last, or the best by held-out loss."""

import json
import math
import shutil
from pathlib import Path

from intone.errors import UserError
from tts_core.config import Recipe, StageConfig
from tts_core.models.build import System
from tts_core.training import checkpoint


class Keeper:
    """The best weights so far of a stage that keeps its best, and when its patience ends.

    Every improvement is written as `best-NNNNNNN`; those it supersedes go only once a checkpoint is
    written behind it. So a run that goes on from a checkpoint finds what was best by then, and ends
    like an unbroken one.

    Args:
        folder: of the stage. config: of the stage. criterion: which held-out value must be small.
    """

    def __init__(self, folder: Path, config: StageConfig, criterion: str) -> None:
        self.folder, self.config, self.criterion = folder, config, criterion
        self.step, self.value = 0, math.inf

    def resume(self, step: int) -> None:
        """Forget what came after the checkpoint of `step`; those steps are taken again."""
        for path in sorted(self.folder.glob("best-*")):
            if _step(path) > step:
                shutil.rmtree(path)
        if found := newest_best(self.folder):
            state = json.loads((found / checkpoint.STATE).read_text("utf-8"))
            self.step, self.value = state["step"], state["value"]

    def see(self, step: int, values: dict[str, float], model: System, recipe: Recipe) -> None:
        """Judge the held-out `values` of a step and write the weights if they are the best yet."""
        if self.config.keep != "best":
            return
        value = values.get(self.criterion, math.nan)
        if value < self.value:
            self.step, self.value = step, value
            state = {"step": step, "criterion": self.criterion, "value": value}
            checkpoint.save_weights(self.folder / f"best-{step:07d}", model, recipe, state)

    def out_of_patience(self, step: int) -> bool:
        """Whether `patience` validations have passed without an improvement."""
        if self.config.keep != "best" or self.config.patience is None:
            return False
        return step - self.step >= self.config.patience * self.config.validate_every

    def settle(self) -> None:
        """A checkpoint is written: what was superseded before it is never needed again."""
        for old in sorted(self.folder.glob("best-*"))[:-1]:
            shutil.rmtree(old)


def newest_best(folder: Path) -> Path | None:
    """The best weights of a stage, if it kept any."""
    found = sorted(folder.glob("best-*"))
    return found[-1] if found else None


def kept_steps(run: Path) -> dict[int, int]:
    """Stage number to the step whose weights it left, for the stages that keep their best."""
    found = {
        int(path.name.removeprefix("stage-")): newest_best(path) for path in run.glob("stage-*")
    }
    return {stage: _step(path) for stage, path in found.items() if path}


def load_kept(folder: Path, config: StageConfig, model: System, recipe: Recipe) -> None:
    """Load what a finished stage leaves behind.

    Raises:
        UserError: the best is to be kept and no held-out loss was finite.
    """
    if config.keep == "last":
        found = checkpoint.newest_step(folder)
        path = found[0] if found else None
    else:
        path = newest_best(folder)
    if path is None:
        raise UserError(
            f"{folder}: no held-out loss was finite, so that no step is the best; lower the "
            "learning rate, or keep the last step (keep=last)"
        )
    checkpoint.load_step(path, model, recipe, None)


def _step(path: Path) -> int:
    return int(path.name.removeprefix("best-"))
