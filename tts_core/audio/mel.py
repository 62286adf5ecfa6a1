"""Log-mel spectrogram of every model and vocoder."""

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch import Tensor

from tts_core.config import Features
from tts_core.units import samples_to_frames

_GROUP = 16
_BLOCK = 256
"""Frames at once, so that they stay in the processor's cache."""

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


class MelSpectrogram:
    """Log-mel magnitudes of a waveform.

    The Hann window is not centred; edges are reflected by (n_fft - hop) / 2 on both sides.

    With the default features this is HiFi-GAN's front end (Kong et al. 2020, their published
    settings). Frame t covers the samples around [t hop, (t + 1) hop).

    Args:
        features: settings.

    Attributes:
        window: (n_fft,) Hann window, in the middle of zeros if it is shorter than the FFT.
    """

    def __init__(self, features: Features) -> None:
        self.features = features
        filters = mel_filterbank(features)
        gap = features.n_fft - features.window
        hann = torch.hann_window(features.window).numpy()
        self.window = np.pad(hann, (gap // 2, gap - gap // 2))
        self._bands = _bands(filters)
        self._highest = max(bins.stop for _, bins, _ in self._bands)
        self._inverse_filters = torch.linalg.pinv(torch.from_numpy(filters).double()).float()

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """Return the log-mel of (L,) samples.

        Shape (T, M) float32, T = L // hop.

        Raises:
            ValueError: fewer samples than the reflection at the edges needs.
        """
        f = self.features
        pad = (f.n_fft - f.hop) // 2
        if len(samples) <= pad:
            raise ValueError(f"{len(samples)} samples are too few: more than {pad} are needed")
        padded = np.concatenate(
            [samples[pad:0:-1], samples, samples[-2 : -pad - 2 : -1]], dtype=np.float32
        )
        frames = sliding_window_view(padded, f.n_fft)[:: f.hop]
        out = np.empty((samples_to_frames(len(samples), f.hop), f.n_mels), np.float32)
        for start in range(0, len(out), _BLOCK):
            block = out[start : start + _BLOCK]
            magnitude = self._magnitude(frames[start : start + len(block)])
            for mels, bins, weights in self._bands:
                np.matmul(magnitude[:, bins], weights, out=block[:, mels])
        return np.log(np.maximum(out, f.floor, out=out), out=out)

    def _magnitude(self, frames: np.ndarray) -> np.ndarray:
        """Return the magnitudes (T, bins) that any filter reads.

        Frames are (T, n_fft) samples.
        """
        # torch's FFT is twice as fast as scipy's and numpy's, numpy's |z| as torch's.
        spectrum = torch.fft.rfft(torch.from_numpy(frames * self.window)).numpy()
        magnitude = np.abs(spectrum[:, : self._highest])
        np.square(magnitude, out=magnitude)
        magnitude += 1e-9
        return np.sqrt(magnitude, out=magnitude)

    def to_magnitude(self, mel: Tensor) -> Tensor:
        """Return linear magnitudes of a log-mel, in least squares.

        (B, T, M) to (B, n_fft / 2 + 1, T), >= 0.
        """
        return (self._inverse_filters @ mel.exp().transpose(1, 2)).clamp(min=0)


def _bands(filters: np.ndarray) -> list[tuple[slice, slice, np.ndarray]]:
    """Group neighbouring filters with their bins: (mels, bins, weights).

    A filter reads a few of the bins; multiplying group by group leaves most of the zeros out.
    """
    bands = []
    for start in range(0, len(filters), _GROUP):
        group = filters[start : start + _GROUP]
        read = np.flatnonzero(group.any(axis=0))
        # With very many narrow filters a group may lie between two bins and read none.
        bins = slice(int(read[0]), int(read[-1]) + 1) if len(read) else slice(0, 1)
        mels = slice(start, start + len(group))
        bands.append((mels, bins, np.ascontiguousarray(group[:, bins].T)))
    return bands
