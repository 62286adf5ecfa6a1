"""Loudness after ITU-R BS.1770-4."""

import numpy as np
import pyloudnorm

BLOCK_S = 0.4


def integrated_lufs(samples: np.ndarray, sample_rate_hz: int) -> float | None:
    """Gated integrated loudness of a mono signal, LUFS.

    Args:
        samples: (L,) in [-1, 1].

    Returns:
        LUFS, or None where the measure is not defined: shorter than one 0.4 s block, or no block
        above the absolute gate of -70 LUFS.
    """
    if len(samples) < BLOCK_S * sample_rate_hz:
        return None
    meter = pyloudnorm.Meter(sample_rate_hz)
    value = float(meter.integrated_loudness(np.asarray(samples, dtype=np.float64)))
    return value if np.isfinite(value) else None


def match_loudness(
    samples: np.ndarray, sample_rate_hz: int, target_lufs: float, peak: float = 0.999
) -> tuple[np.ndarray, float]:
    """Bring a signal to a loudness, but never past a peak.

    Args:
        samples: (L,). target_lufs: wanted loudness. peak: largest magnitude allowed.

    Returns:
        The signal and the gain applied, dB. The gain is smaller than asked where the peak would
        be passed (compare it with target minus `integrated_lufs`), and 0 where loudness is not
        defined.
    """
    now = integrated_lufs(samples, sample_rate_hz)
    loudest = float(np.abs(samples).max(initial=0.0))
    if now is None or loudest == 0:
        return samples, 0.0
    gain = min(10 ** ((target_lufs - now) / 20), peak / loudest)
    return (samples * gain).astype(samples.dtype), float(20 * np.log10(gain))
