"""The adversarial losses of HiFi-GAN (Kong, Kim and Bae 2020, section 2.4)."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Judgement(NamedTuple):
    """Output of a sub-discriminator.

    Attributes:
        score: (B, P) one value a place, 1 for recordings and 0 for what was made.
        layers: outputs of its layers, the score included: D^1 ... D^T of Eq. 4.
    """

    score: Tensor
    layers: list[Tensor]


def judged(convs: Iterable[nn.Module], last: nn.Module, x: Tensor, slope: float) -> Judgement:
    """Return the judgement of convolutions with leaky ReLU.

    Args:
        convs: hidden layers. last: gives the scores. x: (B, C, ...) input.
        slope: of the leaky ReLU, for negative values.
    """
    layers: list[Tensor] = []
    for conv in convs:
        x = F.leaky_relu(conv(x), slope)
        layers.append(x)
    x = last(x)
    return Judgement(x.flatten(1), [*layers, x])


def discriminator_loss(real: Sequence[Judgement], made: Sequence[Judgement]) -> Tensor:
    """Return Eq. 1: (D(x) - 1)^2 + D(G(s))^2.

    Summed over the sub-discriminators as in Eq. 8.

    Args:
        real, made: of K sub-discriminators, of recordings and of what the generator made of them.
    """
    terms = [
        (r.score - 1).square().mean() + m.score.square().mean()
        for r, m in zip(real, made, strict=True)
    ]
    return torch.stack(terms).sum()


def adversarial_loss(made: Sequence[Judgement]) -> Tensor:
    """Return Eq. 2: (D(G(s)) - 1)^2.

    Summed over the sub-discriminators as in Eq. 7.
    """
    return torch.stack([(m.score - 1).square().mean() for m in made]).sum()


def feature_loss(real: Sequence[Judgement], made: Sequence[Judgement]) -> Tensor:
    """Return Eq. 4: L1 between the discriminators' layers.

    A mean over each layer, summed over the sub-discriminators.
    """
    terms = [
        (a.detach() - b).abs().mean()
        for r, m in zip(real, made, strict=True)
        for a, b in zip(r.layers, m.layers, strict=True)
    ]
    return torch.stack(terms).sum()
