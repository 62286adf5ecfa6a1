"""Discriminators of spectrograms, conditional on a blurred prediction.

Convolutions in the manner of PatchGAN (Isola et al. 2017): a score for each place. The layout is
our choice.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from tts_core.adversarial.losses import Judgement, judged

SLOPE = 0.2
STRIDES = (
    ((1, 2), (2, 2), (2, 2), (1, 1)),
    ((2, 1), (2, 2), (2, 2), (1, 1)),
)
"""Of both discriminators, (frames, bins).

The first keeps more detail over time, the second over frequency.
"""


class PatchDiscriminator(nn.Module):
    """A discriminator of two spectrograms, the candidate and the blurred prediction.

    Args:
        channels: of the first layer; the last has four times as many.
        strides: of the layers, (frames, bins).
    """

    def __init__(self, channels: int, strides: Sequence[tuple[int, int]]) -> None:
        super().__init__()
        widths = (2, channels, 2 * channels, 4 * channels, 4 * channels)
        kernels = (5, 3, 3, 3)
        self.convs = nn.ModuleList(
            weight_norm(nn.Conv2d(a, b, kernel, stride, padding=kernel // 2))
            for a, b, kernel, stride in zip(widths, widths[1:], kernels, strides, strict=False)
        )
        self.last = weight_norm(nn.Conv2d(widths[-1], 1, 3, padding=1))

    def forward(self, both: Tensor) -> Judgement:
        """(B, 2, T, M) z-scores."""
        return judged(self.convs, self.last, both, SLOPE)


class SpectrogramDiscriminators(nn.Module):
    """Two discriminators that reduce time and frequency in another order.

    Args:
        channels: of the first layers.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.parts = nn.ModuleList(PatchDiscriminator(channels, strides) for strides in STRIDES)

    def forward(self, candidate: Tensor, given: Tensor) -> Sequence[Judgement]:
        """Judge a candidate beside the blurred prediction, both (B, T, M) z-scores."""
        both = torch.stack([candidate, given], 1)
        return [part(both) for part in self.parts]
