"""Learning rates: of a step, and of a parameter."""

import math
from typing import Any

from torch import nn

from tts_core.config import Recipe, StageConfig


def learning_rate(base: float, step: int, epoch: int, config: StageConfig) -> float:
    """Exponential decay per epoch down to a floor (CAMP), cosine over the run (compact recipes)."""
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, step / config.steps)))
    rate = base * config.lr_decay**epoch * (config.lr_final + (1 - config.lr_final) * cosine)
    return max(rate, min(base, config.lr_floor))


def parameter_groups(loss: nn.Module, recipe: Recipe, config: StageConfig) -> list[dict[str, Any]]:
    """What learns, for AdamW.

    The text encoder has its own low rate (Kathaka 3.2.1, CAMP); biases and gains never decay
    (Devlin et al. 2019).
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
