"""Result of a synthesis: audio, spectrogram, durations, word times, prosody."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tts_core.config import Features
from tts_core.text.tokens import token_id
from tts_core.types import Sentence
from tts_core.units import frames_to_seconds


@dataclass(frozen=True)
class WordTime:
    """Time of a word. start, end: s."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Attending:
    """Attention measures of one sentence (`models.attention.AttentionReport`).

    diagonality, coverage: 0 to 1. stopped: whether the stop token came.
    """

    diagonality: float
    coverage: float
    stopped: bool


@dataclass(frozen=True)
class Speech:
    """Synthesis of one sentence, or of a text of several.

    Attributes:
        samples: (L,) float32 in [-1, 1]. sample_rate: Hz.
        mel: (T, M) log-mel. durations: (N,) frames per token.
        words: word and punctuation times, in order.
        rtf: seconds of computing per second of speech.
        prosody: of the synthesis. Kathaka: (1, Z), the latent, a row a sentence. CAMP: (W, d),
            a vector for each of `words`. None for systems without.
        attention: of a system with attention: how it went, for several sentences the worst of each
            measure. Its durations are what it attended to.
        sentences: of a text of several, each by itself, its times counted from its own start.
    """

    text: str
    samples: np.ndarray
    sample_rate: int
    mel: np.ndarray
    durations: np.ndarray
    words: tuple[WordTime, ...]
    rtf: float
    prosody: np.ndarray | None = None
    attention: Attending | None = None
    sentences: tuple["Speech", ...] = ()

    @property
    def seconds(self) -> float:
        """Duration, s."""
        return len(self.samples) / self.sample_rate

    @property
    def note(self) -> str | None:
        """Failure that a listener must know, None without."""
        if self.sentences:
            notes = [
                (n, sentence.note) for n, sentence in enumerate(self.sentences, 1) if sentence.note
            ]
            return "; ".join(f"sentence {n}: {note}" for n, note in notes) or None
        if self.attention is None or self.attention.stopped:
            return None
        return f"no stop token came: cut off after {self.seconds:.1f} s"


def joined(text: str, sentences: Sequence[Speech]) -> Speech:
    """Join sentences one after the other.

    The silence between two is their own `</s>` and `<s>`.
    """
    if len(sentences) == 1:
        return sentences[0]
    rate = sentences[0].sample_rate
    words: list[WordTime] = []
    samples = 0
    for sentence in sentences:
        start = samples / rate
        words += [
            WordTime(w.text, round(start + w.start, 4), round(start + w.end, 4))
            for w in sentence.words
        ]
        samples += len(sentence.samples)
    seconds = [sentence.seconds for sentence in sentences]
    rows = [sentence.prosody for sentence in sentences if sentence.prosody is not None]
    attending = [sentence.attention for sentence in sentences if sentence.attention is not None]
    return Speech(
        text=text,
        samples=np.concatenate([sentence.samples for sentence in sentences]),
        sample_rate=rate,
        mel=np.concatenate([sentence.mel for sentence in sentences]),
        durations=np.concatenate([sentence.durations for sentence in sentences]),
        words=tuple(words),
        rtf=float(np.average([sentence.rtf for sentence in sentences], weights=seconds)),
        prosody=np.concatenate(rows) if rows else None,
        attention=_worst(attending) if attending else None,
        sentences=tuple(sentences),
    )


def _worst(attending: Sequence[Attending]) -> Attending:
    return Attending(
        min(report.diagonality for report in attending),
        min(report.coverage for report in attending),
        all(report.stopped for report in attending),
    )


def word_times(
    sentence: Sentence, durations: np.ndarray, features: Features
) -> tuple[WordTime, ...]:
    """Return start and end of each unit, s.

    durations: (N,) frames.

    A word's time is that of its phones; boundaries and the silences around belong to no word.
    """
    ends = durations.cumsum().tolist()
    starts = [0, *ends[:-1]]
    units = sentence.encoded.token_unit.tolist()

    def seconds(frames: int) -> float:
        return round(frames_to_seconds(frames, features.hop, features.sample_rate_hz), 4)

    times: list[WordTime] = []
    silent = {token_id(symbol) for symbol in ("<s>", "</s>", "<wb>")}
    sounding = [token not in silent for token in sentence.encoded.tokens.tolist()]
    for number, word in enumerate(sentence.words):
        tokens = [i for i, unit in enumerate(units) if unit == number and sounding[i]]
        times.append(WordTime(word.text, seconds(starts[tokens[0]]), seconds(ends[tokens[-1]])))
    return tuple(times)
