"""Text to speech with a trained system.

Example::

    speech = Synthesizer.load("kathaka").speak("The boat came home.")
    speech.samples, speech.mel, speech.durations, speech.words
"""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from intone.errors import UserError
from tts_core.models import saved
from tts_core.models.attention import AttentionReport
from tts_core.models.batch import Batch, collate
from tts_core.models.mode import SAMPLED
from tts_core.models.randomness import seeded
from tts_core.models.system import System
from tts_core.refiner.load import AUTO, Sharpener
from tts_core.synthesis.passage import analyse_passages
from tts_core.synthesis.prosody import for_sentences, recorded_prosody
from tts_core.synthesis.speech import Attending, Speech, joined, word_times
from tts_core.text.analyse import Frontend
from tts_core.types import Sentence
from tts_core.units import frames_to_seconds
from tts_core.vocoder.load import Vocoder, load_vocoder
from tts_core.voice import Voice, find_voice, read_voice, refiner_of, require_systems

BATCH = 16
"""Sentences that are synthesized at once."""


class Synthesizer:
    """Trained system of a voice, ready to speak.

    Args:
        model: trained system, in evaluation mode.
        description: what it was trained with.
        voice: the voice it belongs to.
        vocoder: spectrogram to waveform.
        frontend: text to analysis; shared by the systems of a voice.
        refiner: between spectrogram and vocoder, if any; the same for the systems of a voice.
    """

    def __init__(
        self,
        model: System,
        description: saved.Description,
        voice: Voice,
        vocoder: Vocoder,
        frontend: Frontend,
        refiner: Sharpener | None = None,
    ) -> None:
        self.model, self.description, self.voice = model, description, voice
        self.vocoder, self.frontend, self.refiner = vocoder, frontend, refiner

    @classmethod
    def load(
        cls,
        system: str,
        voice: Path | None = None,
        vocoder: Vocoder | None = None,
        frontend: Frontend | None = None,
        refiner: str = AUTO,
    ) -> "Synthesizer":
        """Load a system of a voice, by default of the default voice.

        refiner: see `refiner_of`.

        Raises:
            UserError: no such voice, system or refiner.
        """
        folder = find_voice(voice)
        described = read_voice(folder)
        require_systems(folder, described, [system])
        model, description = saved.load_model(folder / system)
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
            refiner_of(refiner, folder, described),
        )

    @property
    def neighbours(self) -> int:
        """Sentences on each side that the system reads along."""
        return self.description.recipe.model.context_sentences

    def speak(
        self,
        text: str,
        seed: int = 0,
        temperature: float = 1.0,
        rate: float = 1.0,
        prosody: np.ndarray | None = None,
    ) -> Speech:
        """Synthesize a text.

        A text of several sentences is synthesized sentence by sentence, into one audio.

        Args:
            text: as written.
            seed: of the latent and the pre-net's dropout; the same seed gives the same audio.
            temperature: Kathaka's latent: 1 samples from the sampler, 0 takes its mean. CAMP: 0
                leaves the predictor's dropout out, so that a text has one prediction.
            rate: above 1 is faster.
            prosody: instead of the text's own, from `prosody_of` or from another `Speech.prosody`,
                edited or not. Kathaka: (1, Z) for all sentences or a row for each. CAMP: (W, d) a
                vector for each unit of the text.

        Raises:
            UserError: the text cannot be read, or the prosody does not fit it or the system.
        """
        return self.speak_all([text], [seed], temperature, rate, prosody)[0]

    def speak_all(
        self,
        texts: Sequence[str],
        seeds: Sequence[int],
        temperature: float = 1.0,
        rate: float = 1.0,
        prosody: np.ndarray | None = None,
    ) -> list[Speech]:
        """Synthesize many texts, faster than one by one: see `speak`.

        What is drawn for a sentence depends on its seed and its text alone; the last digits of the
        audio depend on the other sentences of its batch.

        Args:
            seeds: one a text. prosody: the same for every text.
        """
        passages = analyse_passages(self.frontend, texts, self.neighbours)
        owners = [number for number, passage in enumerate(passages) for _ in passage]
        rows = None
        if prosody is not None:
            rows = [row for item in passages for row in for_sentences(prosody, item, self.model)]
        spoken = self.speak_sentences(
            [sentence for passage in passages for sentence in passage],
            [seeds[owner] for owner in owners],
            temperature,
            rate,
            rows,
        )
        return [
            joined(
                text, [item for item, owner in zip(spoken, owners, strict=True) if owner == number]
            )
            for number, text in enumerate(texts)
        ]

    def speak_sentence(
        self, sentence: Sentence, seed: int = 0, temperature: float = 1.0, rate: float = 1.0
    ) -> Speech:
        """Say an analysed sentence as one utterance: see `speak`."""
        return self.speak_sentences([sentence], [seed], temperature, rate)[0]

    def speak_sentences(
        self,
        sentences: Sequence[Sentence],
        seeds: Sequence[int],
        temperature: float = 1.0,
        rate: float = 1.0,
        prosody: Sequence[np.ndarray] | None = None,
    ) -> list[Speech]:
        """Say analysed sentences, each as one utterance, those of like length together."""
        if not (temperature >= 0 and rate > 0):
            raise UserError(
                f"temperature {temperature}, rate {rate}: the one must be 0 or more, the other "
                "above 0"
            )
        order = sorted(range(len(sentences)), key=lambda i: len(sentences[i].encoded.tokens))
        speeches: dict[int, Speech] = {}
        for start in range(0, len(order), BATCH):
            positions = order[start : start + BATCH]
            together = self._together(
                [sentences[i] for i in positions],
                [seeds[i] for i in positions],
                temperature,
                rate,
                None if prosody is None else [prosody[i] for i in positions],
            )
            speeches |= zip(positions, together, strict=True)
        return [speeches[i] for i in range(len(sentences))]

    def prosody_of(self, recording: Path | str, text: str) -> np.ndarray:
        """Return the prosody of a recording, for `speak`.

        Args:
            recording: audio of any rate.
            text: that of the recording. CAMP's vectors belong to its words; Kathaka reads the audio
                alone.

        Returns:
            Kathaka: (1, Z), the posterior's mean. CAMP: (W, d), after an alignment by pocketsphinx.

        Raises:
            UserError: the system has no prosody latent, or the recording cannot be read or aligned.
        """
        return recorded_prosody(
            self.model, self.voice.features, Path(recording), self.frontend.analyse(text)
        )

    @torch.inference_mode()
    def _together(
        self,
        sentences: Sequence[Sentence],
        seeds: Sequence[int],
        temperature: float,
        rate: float,
        given: Sequence[np.ndarray] | None,
    ) -> list[Speech]:
        features = self.voice.features
        started = time.monotonic()
        batch = collate([each.encoded for each in sentences], n_mels=features.n_mels)
        # Given the prosody that was drawn, the frames' draws stay the same.
        of_prosody, of_frames = (
            [
                seeded(seed, f"{use}|{each.text}")
                for seed, each in zip(seeds, sentences, strict=True)
            ]
            for use in ("prosody", "frames")
        )
        prosody = self._prosody(batch, of_prosody, temperature, given)
        output = self.model.synthesize(batch, of_frames, rate, prosody)
        lengths = output.durations.sum(1).tolist()
        per_frame = (time.monotonic() - started) / sum(lengths)
        speeches: list[Speech] = []
        for row, (sentence, length) in enumerate(zip(sentences, lengths, strict=True)):
            started = time.monotonic()
            mel = output.mel[row, :length]
            if self.refiner is not None:
                mel = self.refiner(mel, seeded(seeds[row], f"refiner|{sentence.text}"))
            samples = self.vocoder(mel)
            took = time.monotonic() - started + per_frame * length
            n_tokens = len(sentence.encoded.tokens)
            durations = output.durations[row, :n_tokens].numpy()
            speeches.append(
                Speech(
                    text=sentence.text,
                    samples=samples,
                    sample_rate=features.sample_rate_hz,
                    mel=mel.numpy(),
                    durations=durations,
                    words=word_times(sentence, durations, features),
                    rtf=took / frames_to_seconds(length, features.hop, features.sample_rate_hz),
                    prosody=_own(prosody, row, len(sentence.words)),
                    attention=_attending(output.attention, row),
                )
            )
        return speeches

    def _prosody(
        self,
        batch: Batch,
        generators: Sequence[torch.Generator],
        temperature: float,
        given: Sequence[np.ndarray] | None,
    ) -> Tensor | None:
        """Return z (B, Z), vectors (B, W, d), or None."""
        if given is None:
            return self.model.prosody(batch, SAMPLED, generators, temperature)
        rows = [torch.as_tensor(row, dtype=torch.float32) for row in given]
        if self.model.prosody_per == "sentence":
            return torch.cat(rows)
        return pad_sequence(rows, batch_first=True)


def _own(prosody: Tensor | None, row: int, n_units: int) -> np.ndarray | None:
    """Return one sentence's part of z or vectors."""
    if prosody is None:
        return None
    return (prosody[row : row + 1] if prosody.dim() == 2 else prosody[row, :n_units]).numpy()


def _attending(report: AttentionReport | None, row: int) -> Attending | None:
    if report is None:
        return None
    diagonality, coverage = float(report.diagonality[row]), float(report.coverage[row])
    return Attending(round(diagonality, 4), round(coverage, 4), bool(report.stopped[row]))
