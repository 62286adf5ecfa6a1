"""Distance between two intonations: correlation and RMSE of log F0.

Both renditions are measured by `tts_core.audio.pitch.f0`: one tracker, one range, one voicing rule.
Two human readings of one sentence, compared by the same functions, are the ceiling.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LogF0Distance:
    """Distance over the frames that are voiced in both renditions.

    Attributes:
        correlation: Pearson's r of log F0; None with fewer than 3 frames or a constant contour.
        rmse_semitones: root mean square difference, semitones (17.31 times that of natural logs);
            None without a frame.
        n_frames: frames voiced in both.
        voicing_agreement: share of all frames in which both or neither are voiced.
    """

    correlation: float | None
    rmse_semitones: float | None
    n_frames: int
    voicing_agreement: float


def under_shared_durations(f0: np.ndarray, reference: np.ndarray) -> LogF0Distance:
    """Compare frame by frame: the system spoke with the recording's durations.

    Args:
        f0, reference: (T,) Hz, 0 where unvoiced.

    Raises:
        ValueError: different lengths, or none.
    """
    if f0.shape != reference.shape or f0.ndim != 1 or not len(f0):
        raise ValueError(
            f"two contours of one length are needed, got {f0.shape}, {reference.shape}"
        )
    voiced, voiced_reference = f0 > 0, reference > 0
    both = voiced & voiced_reference
    agreement = float((voiced == voiced_reference).mean())
    if not both.any():
        return LogF0Distance(None, None, 0, agreement)
    ours = 12 * np.log2(f0[both].astype(np.float64))
    theirs = 12 * np.log2(reference[both].astype(np.float64))
    rmse = float(np.sqrt(np.mean((ours - theirs) ** 2)))
    flat = min(np.ptp(ours), np.ptp(theirs)) < 1e-6
    correlation = None if len(ours) < 3 or flat else float(np.corrcoef(ours, theirs)[0, 1])
    return LogF0Distance(correlation, rmse, int(both.sum()), agreement)


def under_predicted_durations(
    f0: np.ndarray,
    durations: np.ndarray,
    reference: np.ndarray,
    reference_durations: np.ndarray,
) -> LogF0Distance:
    """Compare after warping the contour phone by phone to the recording.

    This is the headline figure: the system chose its own timing and is not punished for it here.

    Args:
        f0: (T,) Hz of the system. durations: (N,) its frames per token, sum T.
        reference: (T',) Hz of the recording. reference_durations: (N,) its frames, sum T'.
    """
    warped = warp(f0, durations, reference_durations)
    return under_shared_durations(warped, reference)


def warp(f0: np.ndarray, durations: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Stretch or shrink each token's contour to the target's number of frames.

    Each target frame takes the value of the source frame at the same relative place in the token;
    nothing is interpolated, because there is no pitch between a voiced and an unvoiced frame.

    Args:
        f0: (T,) Hz, 0 where unvoiced. durations: (N,) frames, sum T. target: (N,) frames, sum T'.

    Returns:
        (T',); unvoiced in tokens that have no source frame.

    Raises:
        ValueError: numbers of tokens differ, or the durations do not sum to T.
    """
    if durations.shape != target.shape:
        raise ValueError(f"{len(durations)} tokens cannot be warped onto {len(target)}")
    if durations.sum() != len(f0):
        raise ValueError(f"durations sum to {durations.sum()}, the contour has {len(f0)} frames")
    token = np.repeat(np.arange(len(target)), target)
    starts, target_starts = np.cumsum(durations) - durations, np.cumsum(target) - target
    position = (np.arange(len(token)) - target_starts[token] + 0.5) / target[token]
    inside = np.floor(position * durations[token]).astype(np.int64)
    empty = durations[token] == 0
    frames = np.where(empty, 0, starts[token] + inside)
    return np.where(empty, 0, f0[frames]).astype(f0.dtype)
