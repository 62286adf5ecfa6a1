"""Discriminators of HiFi-GAN (Kong, Kim and Bae 2020, section 2.3).

Published: the two kinds, their periods, scales and normalisations. Channels, kernels and strides
are those of the family V1, whose widest layers have 1024 channels; narrower ones keep the
proportions.
"""

import math
from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from tts_core.adversarial.losses import Judgement, judged

SLOPE = 0.1
PERIODS = (2, 3, 5, 7, 11)
SCALES = 3


class PeriodDiscriminator(nn.Module):
    """A sub-discriminator of MPD: sees every `period`-th sample beside the ones between.

    Samples are folded to (L / p, p); kernels are 1 wide across, so that the p threads of equally
    spaced samples are judged independently of each other. Weights are normalised.

    Args:
        period: p, samples. channels: of the widest layers.
    """

    def __init__(self, period: int, channels: int) -> None:
        super().__init__()
        self.period = period
        widths = (1, channels // 32, channels // 8, channels // 2, channels, channels)
        strides = (3, 3, 3, 3, 1)
        self.convs = nn.ModuleList(
            weight_norm(nn.Conv2d(a, b, (5, 1), (stride, 1), padding=(2, 0)))
            for a, b, stride in zip(widths, widths[1:], strides, strict=False)
        )
        self.last = weight_norm(nn.Conv2d(channels, 1, (3, 1), padding=(1, 0)))

    def forward(self, samples: Tensor) -> Judgement:
        """(B, L) samples, reflected at the end to a multiple of p."""
        missing = -samples.shape[1] % self.period
        padded = F.pad(samples[:, None], (0, missing), mode="reflect")
        return judged(self.convs, self.last, padded.unflatten(2, (-1, self.period)), SLOPE)


class ScaleDiscriminator(nn.Module):
    """Sub-discriminator of MSD (after MelGAN): convolutions over all samples.

    They are strided and grouped.

    Args:
        channels: of the widest layers. spectral: the first scale's normalisation, which stabilises
            training on raw audio; the others' weights are normalised.
    """

    GROUPS = (1, 4, 16, 16, 16, 16, 1)
    KERNELS = (15, 41, 41, 41, 41, 41, 5)
    STRIDES = (1, 2, 2, 4, 4, 1, 1)

    def __init__(self, channels: int, spectral: bool) -> None:
        super().__init__()
        normalised = spectral_norm if spectral else weight_norm
        shares = (8, 8, 4, 2, 1, 1, 1)
        widths = (1, *(channels // share for share in shares))
        self.convs = nn.ModuleList(
            normalised(
                nn.Conv1d(
                    a,
                    b,
                    kernel,
                    stride,
                    padding=kernel // 2,
                    # Narrow layers have fewer channels than groups.
                    groups=math.gcd(groups, a, b),
                )
            )
            for a, b, kernel, stride, groups in zip(
                widths, widths[1:], self.KERNELS, self.STRIDES, self.GROUPS, strict=False
            )
        )
        self.last = normalised(nn.Conv1d(channels, 1, 3, padding=1))

    def forward(self, samples: Tensor) -> Judgement:
        """(B, L) samples at this scale."""
        return judged(self.convs, self.last, samples[:, None], SLOPE)


class Discriminators(nn.Module):
    """MPD and MSD side by side: K = 8 sub-discriminators.

    Args:
        channels: of the widest layers; 1024 in V1.
    """

    def __init__(self, channels: int = 1024) -> None:
        super().__init__()
        self.periods = nn.ModuleList(PeriodDiscriminator(p, channels) for p in PERIODS)
        self.scales = nn.ModuleList(ScaleDiscriminator(channels, i == 0) for i in range(SCALES))

    def forward(self, samples: Tensor) -> Sequence[Judgement]:
        """Judge (B, L) samples in [-1, 1] at three scales.

        The audio itself, and averaged over 2 and 4 samples.
        """
        judgements = [period(samples) for period in self.periods]
        for number, scale in enumerate(self.scales):
            if number:
                samples = F.avg_pool1d(samples[:, None], 4, 2, padding=2)[:, 0]
            judgements.append(scale(samples))
        return judgements
