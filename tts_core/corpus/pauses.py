"""Removal of pauses that are not silent.

Aligners take the end of a word's last consonant for silence now and then. viter, on Kathleen: half
of the pauses of 50 ms or more that it finds between words are as loud as speech.
"""

import numpy as np

from tts_core.text.tokens import duration_group, token_id

QUIET = 0.5
"""Level between an utterance's quietest frames, 0, and its phones, 1."""


def token_levels(tokens: np.ndarray, durations: np.ndarray, mel: np.ndarray) -> np.ndarray:
    """Return the level of each token.

    Args:
        tokens: (N,) ids. durations: (N,) frames, sum T. mel: (T, M) log-mel.

    Returns:
        (N,) float32 mean log-mel levels, 0 being the utterance's quietest frames (2nd percentile)
        and 1 its phones' median; nan for no frames.
    """
    level = mel.mean(axis=1, dtype=np.float64)
    of_phone = np.repeat(duration_group(tokens) == 0, durations)
    quiet, loud = np.quantile(level, 0.02), np.median(level[of_phone])
    sums = np.diff(np.append(0, np.cumsum(level))[np.append(0, np.cumsum(durations))])
    with np.errstate(invalid="ignore"):
        means = sums / durations
    return ((means - quiet) / max(loud - quiet, 1e-6)).astype(np.float32)


def without_loud_boundaries(
    tokens: np.ndarray, durations: np.ndarray, mel: np.ndarray
) -> np.ndarray:
    """Give the frames of every loud `<wb>` to the phone before it.

    Args:
        tokens: (N,) ids. durations: (N,) frames, sum T. mel: (T, M) log-mel.

    Returns:
        (N,) frames, sum T.
    """
    boundary = (tokens == token_id("<wb>")) & (durations > 0)
    loud = np.flatnonzero(boundary & (token_levels(tokens, durations, mel) >= QUIET))
    mended = durations.copy()
    # Between two words without punctuation there is one `<wb>`, and before it a phone.
    mended[loud - 1] += durations[loud]
    mended[loud] = 0
    return mended
