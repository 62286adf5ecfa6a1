"""Both sides of the game with their optimisers, and their checkpoints."""

import json
import shutil
from pathlib import Path
from typing import Protocol

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from intone.files import whole_folder
from tts_core.models.saved import STATE
from tts_core.training.average import MovingAverage
from tts_core.training.checkpoint import OPTIMIZER

KEPT = 2
"""Checkpoints that stay: the newest may be damaged with the disk."""


class Settings(Protocol):
    """Part of a recipe that both sides learn by."""

    @property
    def betas(self) -> tuple[float, float]:
        """Decays of AdamW's moments."""
        ...

    @property
    def weight_decay(self) -> float:
        """Decoupled weight decay."""
        ...

    def rates(self, step: int, epoch: int) -> tuple[float, float]:
        """Return the learning rates of generator and discriminators.

        step: 1, 2, ... epoch: 0, 1, ...
        """
        ...


class Players:
    """Generator and discriminators, each with AdamW (Kong et al. 2020, section 3).

    Args:
        generator: in the form in which it learns. discriminators: its opponents.
        recipe: rates and decay. ema_decay: of the moving average of the generator's weights; None
            keeps none.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminators: nn.Module,
        recipe: Settings,
        ema_decay: float | None = None,
    ) -> None:
        self.recipe = recipe
        self.modules = {"generator": generator, "discriminators": discriminators}
        self.optimisers = {name: _adamw(part, recipe) for name, part in self.modules.items()}
        self.average = None if ema_decay is None else MovingAverage(generator, ema_decay)

    def set_rate(self, step: int, epoch: int = 0) -> None:
        """Set the learning rates of a step (1, 2, ...).

        epoch: 0, 1, ...
        """
        rates = self.recipe.rates(step, epoch)
        for optimiser, rate in zip(self.optimisers.values(), rates, strict=True):
            for group in optimiser.param_groups:
                group["lr"] = rate

    def step_generator(self, loss: Tensor, step: int) -> None:
        """Follow the gradient of the generator's loss.

        step: 1, 2, ...
        """
        _step(self.optimisers["generator"], loss)
        if self.average:
            self.average.update(step)

    def step_discriminators(self, loss: Tensor) -> None:
        """Follow the gradient of the discriminators' loss."""
        _step(self.optimisers["discriminators"], loss)

    def save(self, folder: Path, step: int, finished: bool) -> None:
        """Write `folder/step-NNNNNNN`: weights, their average, optimisers' states."""
        with whole_folder(folder / f"step-{step:07d}") as scratch:
            for name, module in self.modules.items():
                state = {key: value.contiguous() for key, value in module.state_dict().items()}
                save_file(state, scratch / f"{name}.safetensors")
            if self.average:
                self.average.save(scratch)
            states = {name: optimiser.state_dict() for name, optimiser in self.optimisers.items()}
            torch.save(states, scratch / OPTIMIZER)
            state = {"step": step, "finished": finished}
            (scratch / STATE).write_text(json.dumps(state) + "\n", "utf-8")
        for old in sorted(folder.glob("step-*"))[:-KEPT]:
            shutil.rmtree(old)

    def load(self, path: Path) -> None:
        """Load what `save` wrote."""
        for name, module in self.modules.items():
            module.load_state_dict(load_file(path / f"{name}.safetensors"))
        if self.average:
            self.average.load(path)
        states = torch.load(path / OPTIMIZER, map_location="cpu", weights_only=True)
        for name, optimiser in self.optimisers.items():
            optimiser.load_state_dict(states[name])


def _adamw(module: nn.Module, recipe: Settings) -> torch.optim.AdamW:
    return torch.optim.AdamW(
        module.parameters(),
        betas=recipe.betas,
        weight_decay=recipe.weight_decay,
        fused=True,
    )


def _step(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    loss.backward()
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
