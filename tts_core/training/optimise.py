"""Optimiser: its learning rates and its step."""

import math
from typing import Any

import torch
from torch import nn

from intone.errors import UserError
from tts_core.config import Recipe, StageConfig

MAX_SKIPPED = 20


def learning_rate(base: float, step: int, epoch: int, config: StageConfig) -> float:
    """Return the learning rate of a step.

    Exponential decay per epoch, or per `lr_decay_steps`, down to a floor (CAMP); cosine over the
    run (compact recipes); a linear rise over the first `warmup` steps.

    Args:
        base: learning rate without decay.
        step: number of earlier steps.
        epoch: number of earlier epochs.
        config: shape of the decay.
    """
    decays = epoch if config.lr_decay_steps is None else step // config.lr_decay_steps
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, step / config.steps)))
    rate = base * config.lr_decay**decays * (config.lr_final + (1 - config.lr_final) * cosine)
    rise = min(1.0, (step + 1) / config.warmup) if config.warmup else 1.0
    return rise * max(rate, min(base, config.lr_floor))


def parameter_groups(loss: nn.Module, recipe: Recipe, config: StageConfig) -> list[dict[str, Any]]:
    """Return the learning parameters in groups, for AdamW.

    The text encoder has its own low rate (Kathaka 3.2.1; CAMP's is unpublished); biases and gains
    never decay (Devlin et al. 2019).
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in loss.named_parameters():
        if parameter.requires_grad:
            rate = recipe.text_encoder.lr if ".context.encoder." in name else config.lr
            decay = config.weight_decay if parameter.dim() > 1 else 0.0
            groups.setdefault((rate, decay), []).append(parameter)
    return [
        {"params": parameters, "base_lr": rate, "weight_decay": decay}
        for (rate, decay), parameters in groups.items()
    ]


class Optimiser:
    """AdamW that skips gradients that are not finite.

    Without weight decay this is Adam.

    Whether a gradient is finite is known on the device alone: fused AdamW reads the verdict there
    and leaves weights and moments as they are, so that the CPU need not wait for it.

    Args:
        loss: whose parameters learn. recipe, config: rates, decay, clipping.
    """

    def __init__(self, loss: nn.Module, recipe: Recipe, config: StageConfig) -> None:
        self.config = config
        self.adam = torch.optim.AdamW(
            parameter_groups(loss, recipe, config),
            lr=config.lr,
            betas=(0.9, config.beta2),
            fused=True,
        )
        self._learning = [p for group in self.adam.param_groups for p in group["params"]]
        device = self._learning[0].device
        # In a row up to now, most in a row, in all.
        self._skipped = torch.zeros(3, device=device)

    def set_rate(self, step: int, epoch: int) -> None:
        """Set the rate of every group for step `step` (0, 1, ...)."""
        for group in self.adam.param_groups:
            group["lr"] = learning_rate(group["base_lr"], step, epoch, self.config)

    def step(self) -> None:
        """Clip the gradient, step if it is finite, and clear it."""
        norm = torch.nn.utils.clip_grad_norm_(self._learning, self.config.clip)
        skip = (~norm.isfinite()).float()
        # As torch.amp.GradScaler tells a fused optimiser that it must not step.
        self.adam.found_inf = skip  # pyright: ignore[reportAttributeAccessIssue]
        self.adam.step()
        self.adam.zero_grad(set_to_none=True)
        in_a_row, most, in_all = self._skipped
        in_a_row.add_(1).mul_(skip)
        most.copy_(torch.maximum(most, in_a_row))
        in_all.add_(skip)

    def check(self, key: str) -> int:
        """Return the number of skipped steps; wait for the device.

        Args:
            key: of the learning rate, for the message.

        Raises:
            UserError: `MAX_SKIPPED` or more in a row.
        """
        _, most, in_all = self._skipped.tolist()
        if most >= MAX_SKIPPED:
            raise UserError(
                f"the loss or its gradient was not finite {most:.0f} times in a row; lower the "
                f"learning rate ({key})"
            )
        return int(in_all)

    def state_dict(self) -> dict[str, Any]:
        """Return the state that a resumed training needs."""
        return {"adam": self.adam.state_dict(), "skipped": self._skipped}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Load what `state_dict` returned."""
        self.adam.load_state_dict(state["adam"])
        self._skipped.copy_(state["skipped"])
