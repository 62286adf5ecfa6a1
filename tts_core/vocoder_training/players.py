"""Both sides of the game with their optimisers, and their checkpoints."""

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from intone.files import whole_folder
from tts_core.models.saved import STATE
from tts_core.training.checkpoint import OPTIMIZER
from tts_core.vocoder.config import VocoderRecipe
from tts_core.vocoder.hifigan import Generator
from tts_core.vocoder_training.discriminators import Discriminators

KEPT = 2
"""Checkpoints that stay: the newest may be damaged with the disk."""


class Players:
    """Generator and discriminators, each with AdamW (Kong et al. 2020, section 3).

    Args:
        generator: normalised. discriminators: its opponents. recipe: rates and decay.
    """

    def __init__(
        self, generator: Generator, discriminators: Discriminators, recipe: VocoderRecipe
    ) -> None:
        self.recipe = recipe
        self.modules = {"generator": generator, "discriminators": discriminators}
        self.optimisers = {name: _adamw(part, recipe) for name, part in self.modules.items()}

    def set_rate(self, step: int, epoch: int) -> None:
        """Set the learning rates of a step (1, 2, ...).

        epoch: 0, 1, ...
        """
        recipe = self.recipe
        rate = recipe.lr * recipe.lr_decay**epoch
        learnt = step - recipe.discriminators_alone
        rise = min(learnt / recipe.warmup, 1.0) if recipe.warmup else 1.0
        for name, optimiser in self.optimisers.items():
            for group in optimiser.param_groups:
                group["lr"] = rate * rise if name == "generator" else rate

    def step_generator(self, loss: Tensor) -> None:
        """Follow the gradient of the generator's loss."""
        _step(self.optimisers["generator"], loss)

    def step_discriminators(self, loss: Tensor) -> None:
        """Follow the gradient of the discriminators' loss."""
        _step(self.optimisers["discriminators"], loss)

    def save(self, folder: Path, step: int, finished: bool) -> None:
        """Write `folder/step-NNNNNNN`: weights as safetensors, and both optimisers' states."""
        with whole_folder(folder / f"step-{step:07d}") as scratch:
            for name, module in self.modules.items():
                state = {key: value.contiguous() for key, value in module.state_dict().items()}
                save_file(state, scratch / f"{name}.safetensors")
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
        states = torch.load(path / OPTIMIZER, map_location="cpu", weights_only=True)
        for name, optimiser in self.optimisers.items():
            optimiser.load_state_dict(states[name])


def _adamw(module: nn.Module, recipe: VocoderRecipe) -> torch.optim.AdamW:
    return torch.optim.AdamW(
        module.parameters(),
        lr=recipe.lr,
        betas=recipe.betas,
        weight_decay=recipe.weight_decay,
        fused=True,
    )


def _step(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    loss.backward()
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
