"""Fine detail of the log-mel: what blur removes and over-sharpening adds."""

from dataclasses import dataclass

import numpy as np

from tts_core.audio.io import resample
from tts_core.audio.mel import MelSpectrogram
from tts_core.config import Features

RANGE_DB = 40.0
"""Frames further below the loudest one hold pauses and noise: not measured."""


@dataclass(frozen=True)
class Detail:
    """Deviation of the log-mel from the mean of both neighbours, nats.

    Attributes:
        time: of frames; standard deviation over frames, averaged over bins.
        frequency: of bins; standard deviation over bins, averaged over frames.
    """

    time: float
    frequency: float


def detail_of_mel(mel: np.ndarray) -> Detail | None:
    """Measure the detail of a (T, M) log-mel, M > 2.

    None if fewer than two loud frames have both neighbours. A constant added to the log-mel
    changes nothing.
    """
    energy_db = 10 * np.log10(np.exp(2 * (mel - mel.max())).sum(axis=1))
    loud = energy_db > energy_db.max() - RANGE_DB
    over_time = (mel[1:-1] - (mel[:-2] + mel[2:]) / 2)[loud[1:-1]]
    if len(over_time) < 2:
        return None
    frames = mel[loud]
    over_frequency = frames[:, 1:-1] - (frames[:, :-2] + frames[:, 2:]) / 2
    return Detail(
        time=float(over_time.std(axis=0).mean()),
        frequency=float(over_frequency.std(axis=1).mean()),
    )


def detail(samples: np.ndarray, sample_rate_hz: int) -> Detail | None:
    """Measure the detail of (L,) samples, by the log-mel of `hifigan22k`.

    None if the samples are silent or too few. Gain changes nothing.
    """
    features = Features()
    samples = resample(samples, sample_rate_hz, features.sample_rate_hz)
    peak = np.abs(samples).max(initial=0.0)
    if not peak or len(samples) <= features.n_fft:
        return None
    # At one level, the floor of the log-mel hides the same detail of quiet and of loud files.
    return detail_of_mel(MelSpectrogram(features)(samples / peak).astype(np.float64))
