"""What a synthesis gives back: audio, spectrogram, durations, word times and prosody."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tts_core.config import Features
from tts_core.text.tokens import token_id
from tts_core.types import Sentence
from tts_core.units import frames_to_seconds


@dataclass(frozen=True)
class WordTime:
    """When a word is said. start, end: s."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Attending:
    """How a system with attention went through a sentence (`models.attention.AttentionReport`).

    diagonality, coverage: 0 to 1. stopped: whether the stop token came.
    """

    diagonality: float
    coverage: float
    stopped: bool


@dataclass(frozen=True)
class Speech:
    """A synthesis of one sentence, or of a text of several.

    Attributes:
        samples: (L,) float32 in [-1, 1]. sample_rate: Hz.
        mel: (T, M) log-mel. durations: (N,) frames per token.
        words: word and punctuation times, in order.
        rtf: seconds of computing per second of speech.
        prosody: what it was said with. Kathaka: (1, Z), the latent, a row a sentence. CAMP: (W, d),
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
        """What went wrong and a listener must know."""
        if self.sentences:
            notes = [(n, one.note) for n, one in enumerate(self.sentences, 1) if one.note]
            return "; ".join(f"sentence {n}: {note}" for n, note in notes) or None
        if self.attention is None or self.attention.stopped:
            return None
        return f"no stop token came: cut off after {self.seconds:.1f} s"


def joined(text: str, sentences: Sequence[Speech]) -> Speech:
    """Sentences one after the other; what is silent between them is their own `</s>` and `<s>`."""
    if len(sentences) == 1:
        return sentences[0]
    rate = sentences[0].sample_rate
    words: list[WordTime] = []
    samples = 0
    for one in sentences:
        start = samples / rate
        words += [
            WordTime(w.text, round(start + w.start, 4), round(start + w.end, 4)) for w in one.words
        ]
        samples += len(one.samples)
    seconds = [one.seconds for one in sentences]
    rows = [one.prosody for one in sentences if one.prosody is not None]
    attending = [one.attention for one in sentences if one.attention is not None]
    return Speech(
        text=text,
        samples=np.concatenate([one.samples for one in sentences]),
        sample_rate=rate,
        mel=np.concatenate([one.mel for one in sentences]),
        durations=np.concatenate([one.durations for one in sentences]),
        words=tuple(words),
        rtf=float(np.average([one.rtf for one in sentences], weights=seconds)),
        prosody=np.concatenate(rows) if rows else None,
        attention=_worst(attending) if attending else None,
        sentences=tuple(sentences),
    )


def _worst(attending: Sequence[Attending]) -> Attending:
    return Attending(
        min(one.diagonality for one in attending),
        min(one.coverage for one in attending),
        all(one.stopped for one in attending),
    )


def word_times(
    sentence: Sentence, durations: np.ndarray, features: Features
) -> tuple[WordTime, ...]:
    """Start and end of each unit, s, from durations (N,) in frames.

    A word's time is that of its phones; boundaries and the silences around belong to nobody.
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
