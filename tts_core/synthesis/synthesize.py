"""Text to speech with a trained system."""

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from intone.errors import UserError
from tts_core.audio.vocoder import Vocoder, load_vocoder
from tts_core.models.attention import AttentionReport
from tts_core.models.batch import collate
from tts_core.models.build import System
from tts_core.models.facts import ModelOutput
from tts_core.models.kathaka import Kathaka
from tts_core.synthesis.voice import Voice, default_voice, read_voice
from tts_core.text.analyse import Frontend
from tts_core.text.tokens import token_id
from tts_core.training import checkpoint
from tts_core.types import Encoded, Sentence
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
    """A synthesis.

    Attributes:
        samples: (L,) float32 in [-1, 1]. sample_rate: Hz.
        mel: (T, M) log-mel. durations: (N,) frames per token.
        words: word and punctuation times, in order.
        rtf: seconds of computing per second of speech.
        attention: of a system with attention: how it went. Its durations are what it attended to.
    """

    text: str
    samples: np.ndarray
    sample_rate: int
    mel: np.ndarray
    durations: np.ndarray
    words: tuple[WordTime, ...]
    rtf: float
    attention: Attending | None = None

    @property
    def seconds(self) -> float:
        """Duration, s."""
        return len(self.samples) / self.sample_rate

    @property
    def note(self) -> str | None:
        """What went wrong and a listener must know."""
        if self.attention is None or self.attention.stopped:
            return None
        return f"no stop token came: cut off after {self.seconds:.1f} s"


class Synthesizer:
    """One system of one voice, ready to speak.

    Args:
        model: trained system, in evaluation mode.
        description: what it was trained with.
        voice: the voice it belongs to.
        vocoder: spectrogram to waveform.
        frontend: text to analysis; shared by the systems of a voice.
    """

    def __init__(
        self,
        model: System,
        description: checkpoint.Description,
        voice: Voice,
        vocoder: Vocoder,
        frontend: Frontend,
    ) -> None:
        self.model, self.description, self.voice = model, description, voice
        self.vocoder, self.frontend = vocoder, frontend

    @classmethod
    def load(
        cls,
        system: str,
        voice: Path | None = None,
        vocoder: Vocoder | None = None,
        frontend: Frontend | None = None,
    ) -> "Synthesizer":
        """Load `system` of the voice in folder `voice`; by default of the default voice.

        Raises:
            UserError: no such voice, or the voice has no such system.
        """
        folder = voice if voice is not None else default_voice()
        described = read_voice(folder)
        if system not in described.systems:
            known = ", ".join(described.systems)
            raise UserError(f"{folder}: has no system {system!r}; it has {known}")
        model, description = checkpoint.load_model(folder / system)
        if description.facts.features_digest != described.features_digest:
            raise UserError(
                f"{folder / system}: was trained on spectrograms with the digest "
                f"{description.facts.features_digest}, the voice has {described.features_digest} "
                f"({described.features.name}); pack the voice again from its runs"
            )
        return cls(
            model,
            description,
            described,
            vocoder or load_vocoder(described.features),
            frontend or Frontend(described.text_encoder),
        )

    def speak(
        self, text: str, seed: int = 0, temperature: float = 1.0, rate: float = 1.0
    ) -> Speech:
        """Say one sentence.

        Args:
            text: the sentence.
            seed: of the latent and the pre-net's dropout; the same seed says it the same way.
            temperature: Kathaka's latent: 1 samples from the sampler, 0 takes its mean.
            rate: above 1 is faster.
        """
        return self.speak_sentence(self.frontend.analyse(text), seed, temperature, rate)

    def speak_sentence(
        self, sentence: Sentence, seed: int = 0, temperature: float = 1.0, rate: float = 1.0
    ) -> Speech:
        """Say an analysed sentence: see `speak`."""
        started = time.monotonic()
        output = self._predict(sentence.encoded, _generator(seed, sentence.text), temperature, rate)
        mel = output.mel[0]
        samples = self.vocoder(mel)
        features = self.voice.features
        seconds = frames_to_seconds(len(mel), features.hop, features.sample_rate_hz)
        return Speech(
            text=sentence.text,
            samples=samples,
            sample_rate=features.sample_rate_hz,
            mel=mel.numpy(),
            durations=output.durations[0].numpy(),
            words=word_times(sentence, output.durations[0], self.voice),
            rtf=(time.monotonic() - started) / seconds,
            attention=_attending(output.attention),
        )

    def _predict(
        self, encoded: Encoded, generator: torch.Generator, temperature: float, rate: float
    ) -> ModelOutput:
        batch = collate([encoded], n_mels=self.voice.features.n_mels)
        if isinstance(self.model, Kathaka):
            return self.model.synthesize(batch, generator, rate, temperature)
        return self.model.synthesize(batch, generator, rate)


def _attending(report: AttentionReport | None) -> Attending | None:
    if report is None:
        return None
    diagonality, coverage = float(report.diagonality[0]), float(report.coverage[0])
    return Attending(round(diagonality, 4), round(coverage, 4), bool(report.stopped[0]))


def _generator(seed: int, text: str) -> torch.Generator:
    """A generator of its own for each sentence, so that a sentence sounds the same in any batch."""
    digest = hashlib.sha256(f"{seed}|{text}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def word_times(sentence: Sentence, durations: Tensor, voice: Voice) -> tuple[WordTime, ...]:
    """Start and end of each unit, s, from durations (N,) in frames.

    A word's time is that of its phones; boundaries and the silences around belong to nobody.
    """
    features = voice.features
    ends = durations.cumsum(0).tolist()
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
