"""Averages of weights: over all steps (EMA), or over the best."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from tts_core.models.learnt import learnt_tensors

EMA = "ema.safetensors"


class MovingAverage:
    """Exponential moving average of the learning weights and batch statistics.

    Polyak averaging, as in Kingma & Ba 2015, 7.2.

    After step t the average is decay_t * average + (1 - decay_t) * weights, with decay_t =
    min(decay, (1 + t) / (10 + t)), so that a short run does not remember its random start.

    Args:
        module: its parameters that require gradients are averaged, and the running statistics of
            its batch normalisations, which would otherwise fit the newest weights only.
        decay: for example 0.999.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self._live = learnt_tensors(module)
        self._average = {name: p.detach().clone() for name, p in self._live.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Add the weights after step `step` (1, 2, ...)."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, live in self._live.items():
            self._average[name].lerp_(live, 1 - decay)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Swap the averages into the module, and its own weights back afterwards."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for name, live in self._live.items():
            kept = live.detach().clone()
            live.copy_(self._average[name])
            self._average[name].copy_(kept)

    def save(self, folder: Path) -> None:
        """Write the averages."""
        save_file({n: a.contiguous() for n, a in self._average.items()}, folder / EMA)

    def load(self, folder: Path) -> None:
        """Read the averages of a checkpoint; older ones lack statistics."""
        saved = load_file(folder / EMA)
        for name, live in self._live.items():
            self._average[name].copy_(saved.get(name, live))


def mean_of_states(states: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Return the mean of each floating-point tensor, else the first state's."""
    first = states[0]
    return {
        name: torch.stack([state[name].double() for state in states]).mean(0).to(value.dtype)
        if value.is_floating_point()
        else value
        for name, value in first.items()
    }
