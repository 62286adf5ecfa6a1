"""Comparison of a rendition with a recording: intonation, energy, rhythm."""

import numpy as np

from tts_core.config import Features
from tts_core.measures.journal import Values
from tts_core.measures.prosody import (
    under_predicted_durations,
    under_shared_durations,
    warp,
)
from tts_core.text.tokens import DURATION_GROUPS, duration_group
from tts_core.types import Prepared
from tts_core.units import frames_to_seconds

PAUSE_S = 0.05
"""A boundary between two words that lasts as long is a pause."""


def compare(
    f0: np.ndarray,
    mel: np.ndarray,
    durations: np.ndarray | None,
    row: Prepared,
    features: Features,
) -> Values:
    """Measure a rendition against a recording of the same sentence.

    Args:
        f0: (T,) Hz of the rendition's audio, 0 where unvoiced. mel: (T, M) its log-mel.
        durations: (N,) its frames per token, sum T, if it chose them itself: its contours are then
            warped onto the recording's, and its rhythm is measured. None under the recording's.
        row: the recording.

    Returns:
        None where something is not defined.
    """
    if durations is None:
        distance = under_shared_durations(f0, row.f0)
        frames = np.arange(len(mel))
    else:
        distance = under_predicted_durations(f0, durations, row.f0, row.durations)
        # 0 is left for tokens that have no frame.
        frames = warp(np.arange(1, len(mel) + 1), durations, row.durations) - 1
    heard = frames >= 0
    values: Values = {
        "f0_correlation": distance.correlation,
        "f0_rmse_semitones": distance.rmse_semitones,
        "voicing_agreement": distance.voicing_agreement,
        "f0_sd_semitones": _spread(f0),
        "energy_correlation": _correlation(energy(mel)[frames[heard]], energy(row.mel)[heard]),
    }
    return values if durations is None else {**values, **rhythm(durations, row, features)}


def energy(mel: np.ndarray) -> np.ndarray:
    """Return the log energy (T,) of a log-mel (T, M).

    Energy is the sum of squared mel magnitudes.
    """
    return np.log(np.exp(2 * mel.astype(np.float64)).sum(1))


def rhythm(durations: np.ndarray, row: Prepared, features: Features) -> Values:
    """Measure errors of durations by class of token, and pauses.

    Args:
        durations: (N,) frames per token.

    Returns:
        mean absolute error in frames for phones, for punctuation with the utterance's silences, and
        for `<wb>` (None without such a token); numbers of pauses made where the recording has one
        ("pauses_right"), made ("pauses_made") and read ("pauses_read").
    """
    error = np.abs(durations - row.durations)
    group = duration_group(row.encoded.tokens)
    values: Values = {
        f"{name}_error_frames": float(error[group == number].mean()) if number in group else None
        for number, name in enumerate(DURATION_GROUPS)
    }
    made = pauses(row.encoded.tokens, durations, features)
    read = pauses(row.encoded.tokens, row.durations, features)
    return {
        **values,
        "pauses_right": int((made & read).sum()),
        "pauses_made": int(made.sum()),
        "pauses_read": int(read.sum()),
    }


def pauses(tokens: np.ndarray, durations: np.ndarray, features: Features) -> np.ndarray:
    """Return for each boundary between words whether it is a pause.

    A boundary may hold punctuation or not.

    Args:
        tokens: (N,) ids. durations: (N,) frames.

    Returns:
        (number of boundaries,) bool; the silences at both ends of the utterance are none.
    """
    spoken = np.flatnonzero(duration_group(tokens) == 0)
    inside = slice(spoken[0], spoken[-1] + 1)
    between = duration_group(tokens[inside]) != 0
    frames = durations[inside]
    first = np.flatnonzero(between & ~np.append(False, between[:-1]))
    after = np.flatnonzero(between & ~np.append(between[1:], False)) + 1
    total = np.append(0, np.cumsum(frames))
    lengths = total[after] - total[first]
    seconds = frames_to_seconds(1, features.hop, features.sample_rate_hz) * lengths
    return seconds >= PAUSE_S


def _spread(f0: np.ndarray) -> float | None:
    voiced = f0[f0 > 0].astype(np.float64)
    return float(np.std(12 * np.log2(voiced), ddof=1)) if len(voiced) >= 2 else None


def _correlation(ours: np.ndarray, theirs: np.ndarray) -> float | None:
    if len(ours) < 3 or min(np.ptp(ours), np.ptp(theirs)) < 1e-6:
        return None
    return float(np.corrcoef(ours, theirs)[0, 1])
