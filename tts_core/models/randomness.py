"""Random draws and the generators that seed them."""

import hashlib
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Randomness = torch.Generator | Sequence[torch.Generator] | None
"""Generator of a synthesis, or one for each of the B sentences."""


def drawn(distribution: Callable[..., Tensor], like: Tensor, generator: Randomness) -> Tensor:
    """Draw from `torch.rand` or `torch.randn` in the shape of `like` (B, ...).

    With a generator for each row a sentence receives the same draws in any batch.
    """
    options = {"device": like.device, "dtype": like.dtype}
    if generator is None or isinstance(generator, torch.Generator):
        return distribution(like.shape, generator=generator, **options)
    rows = [distribution(like.shape[1:], generator=each, **options) for each in generator]
    return torch.stack(rows)


def seeded(seed: int, text: str, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a separate generator for each text.

    So the order of texts does not matter.
    """
    return torch.Generator(device).manual_seed(seed_of(seed, text))


def seed_of(seed: int, text: str) -> int:
    """Return a separate seed for each text."""
    digest = hashlib.sha256(f"{seed}|{text}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
