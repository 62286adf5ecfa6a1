"""Training data of a vocoder: segments of recordings and their spectrograms."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from intone.errors import UserError
from intone.progress import Progress, silent
from tts_core.config import Features
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.corpus.paragraphs import read_splits
from tts_core.training.teacher_forced import load_acoustic_model, predict
from tts_core.types import Prepared
from tts_core.units import frames_to_samples, samples_to_frames

FULL_SCALE = 32767
SPLITS = ("train", "validation")


@dataclass(frozen=True)
class Clip:
    """A recording.

    Attributes:
        utterance: its name.
        samples: (T * hop,) int16 at the features' rate: half the memory of float32, and what most
            recordings have.
        mel: (T, M) float32 log-mel of the recording.
        predicted: (T, M) float32 log-mel that an acoustic model predicts of it, or None.
    """

    utterance: str
    samples: np.ndarray
    mel: np.ndarray
    predicted: np.ndarray | None = None


@dataclass(frozen=True)
class Speech:
    """The recordings of a training, in memory.

    Attributes:
        features: of the spectrograms. corpus: summary of where they are from (`run.json`).
        train, validation: recordings to learn from, and those that are held out.
        acoustic_model: SHA-256 of the weights that predicted spectrograms, None if none did.
    """

    features: Features
    corpus: dict[str, Any]
    train: list[Clip]
    validation: list[Clip]
    acoustic_model: str | None = None


def clip_of(
    utterance: str, samples: np.ndarray, mel: np.ndarray, features: Features
) -> Clip | None:
    """Join a recording's samples and its spectrogram.

    None if they differ in length, so that they do not belong together.

    samples: (L,) in [-1, 1]. mel: (T, M).
    """
    if samples_to_frames(len(samples), features.hop) != len(mel):
        return None
    whole = samples[: frames_to_samples(len(mel), features.hop)]
    return Clip(utterance, np.rint(whole.clip(-1, 1) * FULL_SCALE).astype(np.int16), mel)


def read_speech(
    corpus: PreparedCorpus,
    predicted: Path | None = None,
    device: torch.device | None = None,
    progress: Progress = silent,
) -> Speech:
    """Read the recordings and spectrograms of a prepared corpus.

    Args:
        corpus: prepared corpus; its recordings must still be at their paths.
        predicted: run of an acoustic model, whose predictions are read beside.
        device: where that model predicts. progress: receives each recording.

    Raises:
        UserError: a recording is missing or changed, or the model reads other spectrograms.
    """
    features = corpus.info.features
    model, digest, neighbours = None, None, 0
    if predicted is not None:
        model, described = load_acoustic_model(predicted, features)
        digest, neighbours = described.weights_sha256, described.recipe.model.context_sentences
        model = model.to(device or torch.device("cpu"))
    rows = read_splits(corpus, SPLITS, neighbours)
    clips: dict[str, list[Clip]] = {name: [] for name in SPLITS}
    done, total = 0, sum(map(len, rows.values()))
    for name in SPLITS:
        for row in rows[name]:
            progress("reading recordings", done, total)
            clip = _read(row, features)
            frames = None if model is None else predict(model, row)
            clips[name].append(Clip(clip.utterance, clip.samples, clip.mel, frames))
            done += 1
    progress("reading recordings", done, total)
    return Speech(features, corpus.info.summary(), clips["train"], clips["validation"], digest)


def _read(row: Prepared, features: Features) -> Clip:
    # Where recordings come from elsewhere, as on a lent GPU, no resampler is needed.
    from tts_core.audio.io import read_audio

    samples = read_audio(row.audio, features.sample_rate_hz)
    clip = clip_of(row.utterance, samples, row.mel, features)
    if clip is None:
        raise UserError(
            f"{row.audio}: has {len(samples)} samples, which are not the {len(row.mel)} frames "
            "that were prepared of it; prepare the corpus again"
        )
    return clip


class Segment(NamedTuple):
    """Segment of a clip.

    clip: position of the clip. frame: first frame. predicted: whether the predicted spectrogram is
    read, not the recording's.
    """

    clip: int
    frame: int
    predicted: bool


class Segments:
    """Segments of every step.

    An epoch takes one of every recording, as published code does, at a random position. A step's
    segments follow from its number alone, so that a training resumes exactly.

    Args:
        clips: recordings; those shorter than a segment are left out.
        frames: of a segment. batch: segments a step. share: of them with predicted spectrograms.
        seed: of the order and the positions.

    Raises:
        UserError: every recording is shorter than a segment.
    """

    def __init__(
        self, clips: Sequence[Clip], frames: int, batch: int, share: float, seed: int
    ) -> None:
        self.clips, self.frames, self.share, self.seed = clips, frames, share, seed
        self._places = np.array([i for i, c in enumerate(clips) if len(c.mel) >= frames], int)
        if not len(self._places):
            raise UserError(
                f"segment_frames={frames}: each of the {len(clips)} recordings to train on is "
                "shorter; lower it, or take longer recordings"
            )
        self.batch = min(batch, len(self._places))

    @property
    def per_epoch(self) -> int:
        """Steps of an epoch.

        Recordings that do not fill a batch wait for the next epoch.
        """
        return len(self._places) // self.batch

    def at(self, step: int) -> list[Segment]:
        """Return the segments of step `step` (0, 1, ...)."""
        epoch, number = divmod(step, self.per_epoch)
        random = np.random.default_rng((self.seed, epoch))
        order = random.permutation(self._places)
        room = np.array([len(self.clips[i].mel) - self.frames + 1 for i in order])
        first = random.integers(0, room)
        predicted = random.random(len(order)) < self.share
        drawn = slice(number * self.batch, (number + 1) * self.batch)
        return [
            Segment(int(i), int(t), bool(p) and self.clips[i].predicted is not None)
            for i, t, p in zip(order[drawn], first[drawn], predicted[drawn], strict=True)
        ]

    def batch_at(self, step: int, hop: int) -> tuple[Tensor, Tensor]:
        """Return log-mel (B, M, T) and samples (B, T * hop).

        Those of step `step`.
        """
        mels, samples = [], []
        for clip, frame, predicted in self.at(step):
            clip_data = self.clips[clip]
            mel = clip_data.predicted if predicted else clip_data.mel
            assert mel is not None
            mels.append(mel[frame : frame + self.frames].T)
            samples.append(clip_data.samples[frame * hop : (frame + self.frames) * hop])
        return torch.from_numpy(np.stack(mels)), as_float(np.stack(samples))


def as_float(samples: np.ndarray) -> Tensor:
    """int16 samples to float32 in [-1, 1]."""
    return torch.from_numpy(samples.astype(np.float32) / FULL_SCALE)
