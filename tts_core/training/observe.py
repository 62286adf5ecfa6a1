"""Observation of a training: the same validation sentences, rendered again and again."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.tensorboard import SummaryWriter

from intone.errors import UserError
from tts_core.audio.pitch import f0
from tts_core.config import Features, Recipe
from tts_core.measures.comparisons import compare
from tts_core.measures.journal import Values
from tts_core.models.renditions import render
from tts_core.models.stage import Stage
from tts_core.models.system import System
from tts_core.training.observe_figure import Inside, Spoken, draw
from tts_core.types import Prepared
from tts_core.vocoder.load import load_vocoder

VALIDATION = "validation"
TENSORBOARD = "tensorboard"
SPOKEN = "spoken_"
"""Before the name of what is measured of speech, beside losses."""


class Observer:
    """Observer of a stage: renders, measures and draws at every validation.

    It disturbs nothing.

    TensorBoard gets every step's picture, sound and value (`RUN/tensorboard`); the newest picture
    and sound of each sentence are in `RUN/validation`.

    Args:
        out: run folder. recipe: how many sentences. number, stage: what is trained.
        features: of the corpus. rows: validation utterances, of which some are drawn, seeded.
        resumed: step after which the run resumes: later log entries are dropped.
    """

    def __init__(
        self,
        out: Path,
        recipe: Recipe,
        number: int,
        stage: Stage,
        features: Features,
        rows: Sequence[Prepared],
        resumed: int,
    ) -> None:
        self.out, self.features, self.stage = out, features, number
        self.mode, self.timing = stage.mode, stage.timing
        order = np.random.default_rng(recipe.seed).permutation(len(rows))
        self.rows = [rows[i] for i in sorted(order[: recipe.observe].tolist())]
        with _undisturbed("cpu"):
            self.vocoder = load_vocoder(features) if self.rows else None
        purge = resumed + 1 if resumed else None
        self.boards = {
            split: SummaryWriter(out / TENSORBOARD / f"stage-{number}-{split}", purge_step=purge)
            for split in ("train", VALIDATION)
        }

    def log(self, step: int, values: dict[str, float], split: str) -> None:
        """Scalars to TensorBoard; the splits' share a chart."""
        for name, value in values.items():
            self.boards[split].add_scalar(name, value, step)

    def look(self, step: int, model: System) -> dict[str, float]:
        """Render every sentence; return means of the measures.

        Their names begin with `SPOKEN`.

        "spoken_f0_error" is 1 - the mean correlation of log F0 with the recordings'; one that is
        not defined, because nothing is voiced, counts as 0.
        """
        with _undisturbed(next(model.parameters()).device):
            spoken = [self._say(model, row) for row in self.rows]
        for rendering in spoken:
            self._write(step, rendering)
        self.boards[VALIDATION].flush()
        return _means([rendering.values for rendering in spoken])

    def close(self) -> None:
        """Write the rest to TensorBoard."""
        for board in self.boards.values():
            board.close()

    def _say(self, model: System, row: Prepared) -> Spoken:
        assert self.vocoder is not None
        rendition = render(model, self.mode, self.timing, row)
        samples = self.vocoder(rendition.mel)
        contour = f0(samples, self.features)
        durations = rendition.durations if self.timing == "own" else None
        values = compare(contour, rendition.mel, durations, row, self.features)
        inside = Inside.of(model, row, self.mode)
        return Spoken(row, rendition, samples, contour, values, inside)

    def _write(self, step: int, spoken: Spoken) -> None:
        tag = f"{spoken.row.utterance}: {spoken.row.text[:60]}"
        figure = draw(spoken, self.features, f"stage {self.stage}, step {step}")
        folder = self.out / VALIDATION
        folder.mkdir(exist_ok=True)
        name = f"stage-{self.stage}-{spoken.row.utterance}".replace("/", "_")
        figure.savefig(folder / f"{name}.png", dpi=110)
        # Not at the top: a machine that only trains needs no sound library.
        from tts_core.audio.io import write_audio

        samples, rate = np.clip(spoken.samples, -1, 1), self.features.sample_rate_hz
        write_audio(folder / f"{name}.flac", samples, rate)
        self.boards[VALIDATION].add_figure(tag, figure, step, close=False)
        self.boards[VALIDATION].add_audio(tag, torch.from_numpy(samples)[None], step, rate)


def _undisturbed(device: torch.device | str) -> AbstractContextManager[None]:
    """Restore the random state of training afterwards."""
    on_gpu = torch.device(device).type == "cuda"
    return torch.random.fork_rng(devices=[device] if on_gpu else [])


def _means(values: list[Values]) -> dict[str, float]:
    means: dict[str, float] = {}
    for name in dict.fromkeys(name for sentence in values for name in sentence):
        known = [float(v) for sentence in values if (v := sentence.get(name)) is not None]
        if known:
            means[SPOKEN + name] = float(np.mean(known))
    if values:
        correlations = [float(sentence.get("f0_correlation") or 0.0) for sentence in values]
        means[SPOKEN + "f0_error"] = 1 - float(np.mean(correlations))
    return means


def check_observable(recipe: Recipe, rows: Sequence[Prepared]) -> None:
    """Reject, before training, a recipe whose criterion could not be computed.

    Raises:
        UserError: a step is to be chosen by its speech, and no sentence is spoken.
    """
    wanting = [n for n, stage in recipe.stages.items() if stage.criterion == "prosody"]
    if wanting and not (recipe.observe and rows):
        raise UserError(
            f"stages.{wanting[0]}.criterion=prosody: no validation sentence is spoken to judge by; "
            "set observe to some number, of a corpus with a validation split"
        )


def to_wandb(project: str, out: Path, described: dict[str, Any]) -> None:
    """Mirror a run's TensorBoard to Weights & Biases.

    Raises:
        UserError: wandb is not installed.
    """
    try:
        import wandb  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise UserError("--wandb: not installed; pip install 'intone[wandb]'") from error
    wandb.init(
        project=project, name=out.name, dir=str(out), config=described, sync_tensorboard=True
    )
