"""Spectrogram of HiFi-GAN's mel loss (Kong et al. 2020, 2.4)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tts_core.audio.mel import MelSpectrogram, mel_filterbank
from tts_core.config import Features


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
