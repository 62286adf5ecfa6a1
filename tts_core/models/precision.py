"""Parts that stay in single precision when the rest is bfloat16.

Recurrences add hundreds of small steps, statistics and losses sum thousands of values: bfloat16's 8
bits of mantissa lose both.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
from torch import Tensor, nn


def full(x: Tensor) -> Tensor:
    """At least single precision."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def in_full_precision(forward: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a module's `forward`: no autocast, at least single precision."""

    @wraps(forward)
    def without_autocast(self: nn.Module, first: Tensor, *tensors: Any) -> Any:
        with torch.autocast(first.device.type, enabled=False):
            raised = [full(x) if _is_float(x) else x for x in (first, *tensors)]
            return forward(self, *raised)

    return without_autocast


class FullLSTM(nn.LSTM):
    """`nn.LSTM` that is never computed in half precision."""

    forward = in_full_precision(nn.LSTM.forward)


class FullGRU(nn.GRU):
    """`nn.GRU` that is never computed in half precision."""

    forward = in_full_precision(nn.GRU.forward)


def _is_float(x: Any) -> bool:
    return isinstance(x, Tensor) and x.is_floating_point()
