"""Measurements of an audio file.

Definitions, because these terms have several:

* loudness: integrated, ITU-R BS.1770-4, LUFS;
* clipped: three samples in a row at full scale, or three runs of five samples at the file's peak
  (clipped first, attenuated later);
* silence: frames of 10 ms more than 40 dB below the loudest frame;
* bandwidth: upper edge of the highest band of 250 Hz whose long-term power is within 50 dB of that
  of the strongest band. Speech itself stays within 40 dB up to half its sampling rate, a low-pass
  filter or a lower sampling rate does not.
"""

import hashlib
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from pydantic import Field
from scipy import signal

from intone.documents import Closed
from mushra_app.sounds.played_files import loudness

SHORTEST_S = 0.4
SILENT_BELOW_DB = 40.0
BAND_HZ = 250.0
BAND_BELOW_DB = 50.0
_FRAME_S = 0.01
_FULL = 0.999

Signal = NDArray[np.floating]


class Sound(Closed):
    """Measurements of one file."""

    seconds: float = Field(description="duration, s")
    sample_rate: int = Field(description="sampling rate, Hz")
    channels: int
    loudness_lufs: float | None = Field(
        description="integrated loudness, LUFS; none: silent, or shorter than 0.4 s"
    )
    peak_dbfs: float | None = Field(description="largest sample, dB of full scale; none: silent")
    clipped: int = Field(description="number of clipped places")
    dc_offset: float = Field(description="largest mean of a channel, full scale is 1")
    dc_share: float = Field(description="that mean over the rms without offset")
    silence_before_s: float = Field(description="silence before the first sound, s")
    silence_after_s: float = Field(description="silence after the last sound, s")
    silent_share: float = Field(description="silent part of the file, 0 to 1")
    bandwidth_hz: float | None = Field(description="effective upper frequency, Hz; none: silent")
    samples_sha256: str = Field(description="digest of the samples, whatever the file's format")


def measure_sound(path: Path) -> Sound:
    """Measure a file.

    Raises:
        soundfile.LibsndfileError: not an audio file.
    """
    read, rate = soundfile.read(str(path), always_2d=True)
    samples = np.asarray(read, dtype=np.float64)
    return measure_samples(samples, int(rate))


def measure_samples(samples: Signal, rate: int) -> Sound:
    """Measure samples (frames, channels), full scale 1, sampled at `rate` Hz."""
    peak = float(np.abs(samples).max(initial=0.0))
    level = loudness(samples, rate) if len(samples) >= SHORTEST_S * rate else -np.inf
    mean = samples.mean(axis=0) if len(samples) else np.zeros(1)
    rest = samples - mean
    rms = float(np.sqrt(np.mean(rest**2))) if rest.size else 0.0
    offset = float(np.abs(mean).max())
    before, after, share = _silence(rest, rate)
    return Sound(
        seconds=len(samples) / rate,
        sample_rate=rate,
        channels=samples.shape[1],
        loudness_lufs=round(level, 2) if np.isfinite(level) else None,
        peak_dbfs=round(20 * float(np.log10(peak)), 2) if peak > 0 else None,
        clipped=_clipped(samples, peak),
        dc_offset=round(offset, 5),
        dc_share=round(offset / rms, 4) if rms > 0 else 0.0,
        silence_before_s=round(before, 2),
        silence_after_s=round(after, 2),
        silent_share=round(share, 3),
        bandwidth_hz=bandwidth(rest, rate),
        samples_sha256=_digest(samples, rate),
    )


def _digest(samples: Signal, rate: int) -> str:
    return hashlib.sha256(f"{rate}:{samples.shape}".encode() + samples.tobytes()).hexdigest()


def bandwidth(samples: Signal, rate: int) -> float | None:
    """Return the effective upper frequency, Hz; None for silence.

    Args:
        samples: (frames, channels) without offset.
        rate: sampling rate, Hz.
    """
    window = round(rate * 0.02)
    if len(samples) < window or not samples.any():
        return None
    frequency, power = signal.welch(samples, rate, nperseg=window, axis=0)
    band = (frequency // BAND_HZ).astype(int)
    total = np.bincount(band, weights=power.mean(axis=1)) / np.bincount(band)
    heard = np.flatnonzero(total > total.max() * 10 ** (-BAND_BELOW_DB / 10))
    return float(min((heard[-1] + 1) * BAND_HZ, rate / 2))


def _clipped(samples: Signal, peak: float) -> int:
    """Count clipped places."""
    full = _runs(np.abs(samples) >= _FULL, 3)
    # At lower levels, whole periods may have one 16-bit value.
    if full or peak < 0.05:
        return full
    flat = max(_runs(samples >= peak - 1e-6, 5), _runs(samples <= -peak + 1e-6, 5))
    return flat if flat >= 3 else 0


def _runs(mask: NDArray[np.bool_], least: int) -> int:
    """Count runs of at least `least` true values in (frames, channels)."""
    padded = np.pad(mask, ((1, 1), (0, 0))).astype(np.int8)
    edges = np.diff(padded.T, axis=1)
    lengths = np.nonzero(edges < 0)[1] - np.nonzero(edges > 0)[1]
    return int((lengths >= least).sum())


def _silence(samples: Signal, rate: int) -> tuple[float, float, float]:
    """Measure silence before and after, s, and the silent share."""
    size = max(1, round(_FRAME_S * rate))
    count = len(samples) // size
    power = (samples[: count * size] ** 2).mean(axis=1).reshape(count, size).mean(axis=1)
    # Below -100 dBFS there is only rounding noise.
    loud = np.flatnonzero(
        power > max(power.max(initial=0.0) * 10 ** (-SILENT_BELOW_DB / 10), 1e-10)
    )
    seconds = len(samples) / rate
    if not len(loud):
        return seconds, seconds, 1.0
    before, after = loud[0] * size / rate, seconds - (loud[-1] + 1) * size / rate
    return float(before), float(max(0.0, after)), 1.0 - len(loud) / count
