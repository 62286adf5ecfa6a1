"""Sums over the processes that train together, with their gradients."""

from typing import Any

import torch
from torch import Tensor, distributed


class _Sum(torch.autograd.Function):
    """Every process reads the sum, so that every process's gradient flows back to each addend.

    torch's own version is deprecated and what is to replace it is private (torch 2.13).
    """

    @staticmethod
    def forward(_: Any, x: Tensor) -> Tensor:
        total = x.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(_: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone()
        distributed.all_reduce(total)
        return total


def sum_over_processes(x: Tensor) -> Tensor:
    """The sum of x over all processes, in each; x itself if there is only one."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return x
    return _Sum.apply(x)  # pyright: ignore[reportReturnType]
