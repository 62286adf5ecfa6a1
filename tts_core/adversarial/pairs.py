"""Predicted spectrograms beside those of the recordings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from intone.errors import UserError
from intone.progress import Progress, silent
from tts_core.config import Features
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.corpus.paragraphs import read_splits
from tts_core.models.facts import CorpusFacts
from tts_core.models.saved import Description
from tts_core.models.system import System
from tts_core.refiner.saved import Teacher
from tts_core.training.teacher_forced import load_acoustic_model, predict

SPLITS = ("train", "validation")


@dataclass(frozen=True)
class Pair:
    """Spectrograms of a recording, natural log, float16: half the memory.

    Attributes:
        utterance: its name. recorded: (T, M).
        predicted: (T, M) of each system, teacher-forced.
    """

    utterance: str
    recorded: np.ndarray
    predicted: list[np.ndarray]


@dataclass(frozen=True)
class Pairs:
    """The spectrograms of a training, in memory.

    Attributes:
        features: of the spectrograms. facts: statistics of the corpus.
        corpus: summary of the corpus. systems: that predict, in the order of `Pair.predicted`.
        train, validation: recordings to learn from, and those that are held out.
    """

    features: Features
    facts: CorpusFacts
    corpus: dict[str, Any]
    systems: list[Teacher]
    train: list[Pair]
    validation: list[Pair]


@dataclass(frozen=True)
class Teachers:
    """Systems whose predictions are to be sharpened, with their corpus.

    Attributes:
        corpus: prepared. models: with their descriptions. systems: the same in a few words.
    """

    corpus: PreparedCorpus
    models: Sequence[tuple[System, Description]]
    systems: list[Teacher]


def load_teachers(corpus: PreparedCorpus, runs: Sequence[Path]) -> Teachers:
    """Load the systems whose predictions are to be sharpened.

    Args:
        corpus: prepared corpus.
        runs: of `intone train`, their `model` folders, or the folders of a voice's systems.

    Raises:
        UserError: no run, one twice, none finished, or one of other spectrograms or of another
            prepared corpus.
    """
    if not runs:
        raise UserError("no system: name the runs whose spectrograms are to be sharpened")
    models = [load_acoustic_model(run, corpus.info.features) for run in runs]
    systems = _teachers(corpus, runs, [description for _, description in models])
    return Teachers(corpus, models, systems)


def read_pairs(teachers: Teachers) -> Pairs:
    """Read the recordings of the teachers' corpus, not yet predicted.

    Raises:
        UserError: a corpus without recordings to train on.
    """
    corpus = teachers.corpus
    info = corpus.info
    train, validation = (
        [Pair(row.utterance, row.mel.astype(np.float16), []) for row in corpus.split(name)]
        for name in SPLITS
    )
    if not train:
        raise UserError(f"{corpus.path}: its train split is empty; prepare the corpus again")
    systems = teachers.systems
    return Pairs(info.features, info.facts(), info.summary(), systems, train, validation)


def predict_pairs(teachers: Teachers, pairs: Pairs, progress: Progress = silent) -> None:
    """Add the prediction of every teacher to every pair.

    On the GPU if there is one.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    splits = dict(zip(SPLITS, (pairs.train, pairs.validation), strict=True))
    done, total = 0, len(teachers.models) * sum(map(len, splits.values()))
    for model, described in teachers.models:
        model = model.to(device)
        neighbours = described.recipe.model.context_sentences
        rows = read_splits(teachers.corpus, SPLITS, neighbours)
        for name, split in splits.items():
            for pair, row in zip(split, rows[name], strict=True):
                progress("predicting recordings", done, total)
                pair.predicted.append(predict(model, row).astype(np.float16))
                done += 1
    progress("predicting recordings", done, total)


def _teachers(
    corpus: PreparedCorpus, runs: Sequence[Path], descriptions: Sequence[Description]
) -> list[Teacher]:
    prepared = corpus.info.inputs_digest
    systems: list[Teacher] = []
    for run, description in zip(runs, descriptions, strict=True):
        # With another split, held-out recordings would be those that the system learnt from.
        if (theirs := description.corpus["inputs_digest"]) != prepared:
            raise UserError(
                f"{run}: was trained on another prepared corpus than {corpus.path} ({theirs} "
                f"instead of {prepared}); name runs of this one"
            )
        teacher = Teacher(
            system=description.recipe.model.system,
            recipe=description.recipe.name,
            weights_sha256=description.weights_sha256,
        )
        if teacher in systems:
            raise UserError(f"{run}: named twice, or a copy of another; leave it out")
        systems.append(teacher)
    return systems
