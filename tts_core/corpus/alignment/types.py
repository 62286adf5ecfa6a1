"""Input and output of every aligner."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import soxr

from tts_core.types import Sentence

ALIGNER_RATE_HZ = 16000
# Words of a corpus differ in loudness; the aligners' models were made at one level.
_PEAK = 0.6


class AlignmentError(Exception):
    """There is no alignment; says why."""


class Utterance(NamedTuple):
    """Audio file and phones with stress, for each word unit."""

    wav: Path
    words: tuple[tuple[str, ...], ...]

    @property
    def phones(self) -> tuple[str, ...]:
        """The speech phones in order, P."""
        return tuple(phone for word in self.words for phone in word)


class Alignment(NamedTuple):
    """Start and end times of a corpus's phones.

    aligner: what made it: viter, pocketsphinx, TextGrid or CTM. times: utterance to (P, 2) start
    and end of its speech phones, s. failures: utterance to why it has no times.
    """

    aligner: str
    times: dict[str, np.ndarray]
    failures: dict[str, str]


def phones_of(sentence: Sentence) -> tuple[tuple[str, ...], ...]:
    """Return the phones of each word unit, W entries without punctuation."""
    return tuple(word.phones for word in sentence.words if not word.punctuation)


def for_aligners(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """Resample (L,) samples to 16 kHz float32 and one peak level."""
    resampled = soxr.resample(samples, rate_hz, ALIGNER_RATE_HZ)
    return (resampled * (_PEAK / max(1e-6, float(np.abs(resampled).max())))).astype(np.float32)
