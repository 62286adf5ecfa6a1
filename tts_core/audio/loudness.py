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
