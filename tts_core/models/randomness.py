"""What is drawn at random, and what seeds it."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Randomness = torch.Generator | Sequence[torch.Generator] | None
"""What seeds a synthesis: one generator, or one of its own for each of the B sentences."""


def drawn(distribution: Callable[..., Tensor], like: Tensor, generator: Randomness) -> Tensor:
    """Draws of `torch.rand` or `torch.randn` in the shape of `like` (B, ...).

    With a generator for each row a sentence is given the same draws in any batch.
    """
    options = {"device": like.device, "dtype": like.dtype}
    if generator is None or isinstance(generator, torch.Generator):
        return distribution(like.shape, generator=generator, **options)
    rows = [distribution(like.shape[1:], generator=one, **options) for one in generator]
    return torch.stack(rows)
