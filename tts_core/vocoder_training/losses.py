"""The losses of HiFi-GAN (Kong, Kim and Bae 2020, section 2.4)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tts_core.audio.mel import MelSpectrogram, mel_filterbank
from tts_core.config import Features
from tts_core.vocoder_training.discriminators import Judgement


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


class LogMel(nn.Module):
    """`MelSpectrogram` of a batch, with a gradient: phi of Eq. 3.

    Args:
        features: settings. fmax_hz: another upper edge of the highest band, Hz.
    """

    window: Tensor
    filters: Tensor

    def __init__(self, features: Features, fmax_hz: float | None = None) -> None:
        super().__init__()
        if fmax_hz is not None:
            features = features.model_copy(update={"fmax_hz": fmax_hz})
        self.features = features
        window = torch.from_numpy(MelSpectrogram(features).window).float()
        self.register_buffer("window", window, persistent=False)
        filters = torch.from_numpy(mel_filterbank(features))
        self.register_buffer("filters", filters, persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """Map (B, L) samples to (B, T, M) log-mel.

        Natural log, T = L // hop.
        """
        f = self.features
        pad = (f.n_fft - f.hop) // 2
        padded = F.pad(samples[:, None], (pad, pad), mode="reflect")[:, 0]
        spectrum = torch.stft(
            padded, f.n_fft, f.hop, window=self.window, center=False, return_complex=True
        )
        magnitude = (spectrum.real.square() + spectrum.imag.square() + 1e-9).sqrt()
        return (self.filters @ magnitude).clamp(min=f.floor).log().transpose(1, 2)
