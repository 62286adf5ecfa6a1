"""The only place that converts seconds, frames and samples.

A signal of L samples has floor(L / hop) frames: the spectrogram is not centred but padded by
(n_fft - hop) / 2 on both sides, so frame t covers the samples around [t * hop, (t + 1) * hop).
"""

import numpy as np


def samples_to_frames(n_samples: int, hop: int) -> int:
    """Return the number of whole frames in `n_samples` samples."""
    return n_samples // hop


def frames_to_samples(n_frames: int, hop: int) -> int:
    """Return the number of samples in `n_frames` frames."""
    return n_frames * hop


def frames_to_seconds(n_frames: float, hop: int, sample_rate_hz: int) -> float:
    """Duration of `n_frames` frames, s."""
    return n_frames * hop / sample_rate_hz


def end_times_to_durations(ends_s: np.ndarray, n_frames: int, hop: int, rate_hz: int) -> np.ndarray:
    """Frames per interval from the intervals' end times.

    The cumulated end times are rounded, not the single durations, so that errors never add up.

    Args:
        ends_s: (N,) non-decreasing end times, s; the last one is stretched or cut to the end.
        n_frames: T, total number of frames.

    Returns:
        (N,) int64 durations >= 0 with sum T.
    """
    ends = np.clip(np.rint(np.asarray(ends_s) * rate_hz / hop), 0, n_frames).astype(np.int64)
    ends = np.maximum.accumulate(ends)
    ends[-1] = n_frames
    return np.diff(ends, prepend=0)
