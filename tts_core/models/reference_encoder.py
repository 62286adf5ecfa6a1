"""Kathaka's reference encoder: spectrogram to posterior (section 3.1)."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tts_core.models.blocks import MaskedBatchNorm, last_state
from tts_core.models.latent import Gaussian, gaussian_of
from tts_core.models.precision import FullGRU, full


def mean_spectrum(mel: Tensor, mask: Tensor) -> Tensor:
    """Return each recording's mean over its own frames, (B, M).

    A fixed filter (microphone, room, level) adds a constant to every bin of the log-mel, and so to
    this mean: it describes the channel, and spectra without it do not know the channel (cepstral
    mean normalisation, Atal 1974; Furui 1981).

    Args:
        mel: (B, T, M) log-mel, normalised or not. mask: (B, T).
    """
    with torch.autocast(mel.device.type, enabled=False):
        mel = full(mel)
        weight = mask[..., None].to(mel.dtype)
        return (mel * weight).sum(1) / weight.sum(1).clamp(min=1.0)


class ReferenceEncoder(nn.Module):
    """Reference encoder q(z | X), section 3.1.

    Six strided 2-D convolutions, a GRU, two linear heads.

    The text names Zhang et al. 2019 and draws the rest; theirs is the stack of Skerry-Ryan et al.
    2018: 3 x 3, stride 2 x 2, batch norm, ReLU, and the GRU's state at the last true frame.

    Args:
        n_mels: M. units: GRU units. latent: Z.
    """

    CHANNELS = (32, 32, 64, 64, 128, 128)

    def __init__(self, n_mels: int, units: int, latent: int) -> None:
        super().__init__()
        sizes = (1, *self.CHANNELS)
        self.convs = nn.ModuleList(
            nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairwise(sizes)
        )
        self.norms = nn.ModuleList(MaskedBatchNorm(channels) for channels in self.CHANNELS)
        bins = n_mels
        for _ in self.CHANNELS:
            bins = (bins + 1) // 2
        self.gru = FullGRU(self.CHANNELS[-1] * bins, units, batch_first=True)
        self.mean = nn.Linear(units, latent)
        self.log_variance = nn.Linear(units, latent)

    def forward(self, mel: Tensor, mask: Tensor, lengths: Tensor) -> Gaussian:
        """Map normalised mel to q(z | X), (B, Z) each.

        mel: (B, T, M). mask: (B, T). lengths: (B,).
        """
        x = mel[:, None]
        keep = mask[:, None, :, None]
        for conv, norm in zip(self.convs, self.norms, strict=True):
            # A stride of 2 keeps frames 0, 2, 4, ..., so that the mask is thinned alike.
            x = conv(x * keep)
            keep, lengths = keep[:, :, ::2], (lengths + 1) // 2
            x = F.relu(norm(x, keep))
        x = x.permute(0, 2, 1, 3).flatten(2)
        state = last_state(self.gru(x)[0], lengths)
        return gaussian_of(state, self.mean, self.log_variance)
