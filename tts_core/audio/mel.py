"""The log-mel spectrogram that every model is trained on and every vocoder reads."""

import numpy as np
import torch
from torch import Tensor, nn

from tts_core.config import Features

_BREAK_HZ = 1000.0
_MELS_PER_HZ = 3 / 200
_BREAK_MEL = _BREAK_HZ * _MELS_PER_HZ
_LOG_STEP = np.log(6.4) / 27


def hz_to_mel(hz: np.ndarray) -> np.ndarray:
    """Slaney's mel scale (Auditory Toolbox, 1998): linear below 1 kHz, logarithmic above."""
    above = _BREAK_MEL + np.log(np.maximum(hz, _BREAK_HZ) / _BREAK_HZ) / _LOG_STEP
    return np.where(hz < _BREAK_HZ, hz * _MELS_PER_HZ, above)


def mel_to_hz(mel: np.ndarray) -> np.ndarray:
    """Inverse of `hz_to_mel`."""
    above = _BREAK_HZ * np.exp(_LOG_STEP * (np.maximum(mel, _BREAK_MEL) - _BREAK_MEL))
    return np.where(mel < _BREAK_MEL, mel / _MELS_PER_HZ, above)


def mel_filterbank(features: Features) -> np.ndarray:
    """Triangular filters of equal area on Slaney's scale.

    Returns:
        (M, n_fft / 2 + 1) float32 weights.
    """
    bins = np.linspace(0, features.sample_rate_hz / 2, features.n_fft // 2 + 1)
    low, high = hz_to_mel(np.array([features.fmin_hz, features.fmax_hz]))
    edges = mel_to_hz(np.linspace(low, high, features.n_mels + 2))
    width = np.diff(edges)[:, None]
    rising = (bins - edges[:-2, None]) / width[:-1]
    falling = (edges[2:, None] - bins) / width[1:]
    area = 2 / (edges[2:] - edges[:-2])
    return (np.clip(np.minimum(rising, falling), 0, None) * area[:, None]).astype(np.float32)


class MelSpectrogram(nn.Module):
    """Log-mel magnitudes: Hann window, reflected by (n_fft - hop) / 2 on both sides, not centred.

    With the default features this is HiFi-GAN's front end (Kong et al. 2020, their published
    settings). Frame t covers the samples around [t hop, (t + 1) hop).
    """

    window: Tensor
    filters: Tensor
    inverse_filters: Tensor

    def __init__(self, features: Features) -> None:
        super().__init__()
        self.features = features
        filters = torch.from_numpy(mel_filterbank(features))
        self.register_buffer("window", torch.hann_window(features.window), persistent=False)
        self.register_buffer("filters", filters, persistent=False)
        inverse = torch.linalg.pinv(filters.double()).float()
        self.register_buffer("inverse_filters", inverse, persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """(L,) or (B, L) samples at the features' rate to (T, M) or (B, T, M), T = L // hop.

        Raises:
            ValueError: fewer samples than the reflection at the edges needs.
        """
        f = self.features
        pad = (f.n_fft - f.hop) // 2
        if samples.shape[-1] <= pad:
            raise ValueError(f"{samples.shape[-1]} samples are too few: more than {pad} are needed")
        batch = samples if samples.dim() == 2 else samples[None]
        padded = nn.functional.pad(batch[:, None], (pad, pad), mode="reflect")[:, 0]
        spectrum = torch.stft(
            padded, f.n_fft, f.hop, f.window, self.window, center=False, return_complex=True
        )
        magnitude = (spectrum.real.square() + spectrum.imag.square() + 1e-9).sqrt()
        mel = (self.filters @ magnitude).clamp(min=f.floor).log().transpose(1, 2)
        return mel if samples.dim() == 2 else mel[0]

    def to_magnitude(self, mel: Tensor) -> Tensor:
        """(B, T, M) log-mel to (B, n_fft / 2 + 1, T) linear magnitudes >= 0, in least squares."""
        return (self.inverse_filters @ mel.exp().transpose(1, 2)).clamp(min=0)


def log_mel(samples: np.ndarray, mel: MelSpectrogram) -> np.ndarray:
    """(L,) samples to (T, M) float32 log-mel, without gradients."""
    with torch.inference_mode():
        signal = torch.from_numpy(np.ascontiguousarray(samples, dtype=np.float32))
        return mel(signal.to(mel.window.device)).cpu().numpy()
