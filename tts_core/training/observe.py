"""What a system that is being trained says of sentences that stay the same."""

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
from tts_core.models.batch import collate
from tts_core.models.build import System
from tts_core.models.camp import CAMP
from tts_core.models.kathaka import Kathaka
from tts_core.models.ntts_attention import NTTSAttention
from tts_core.models.renditions import ORACLE, TEXT, Mode, render, seeded
from tts_core.training.observe_figure import Latent, Spoken, draw
from tts_core.types import Prepared
from tts_core.vocoder.load import load_vocoder

VALIDATION = "validation"
TENSORBOARD = "tensorboard"
SPOKEN = "spoken_"
"""Before the name of what is measured of speech, beside losses."""

HEARD: dict[tuple[str, int], tuple[Mode, str]] = {
    ("ntts", 1): (TEXT, "recording"), ("ntts", 2): (TEXT, "own"),
    ("ntts_attention", 1): (TEXT, "own"), ("durian_plus", 1): (TEXT, "own"),
    ("kathaka", 1): (ORACLE, "recording"), ("kathaka", 2): (TEXT, "recording"),
    ("kathaka", 3): (TEXT, "own"), ("camp", 1): (ORACLE, "own"), ("camp", 2): (TEXT, "own"),
}  # fmt: skip
"""System and stage to what it can say by then: prosody from where, under whose durations."""


class Observer:
    """Speaks, measures, draws and writes at every validation of a stage; disturbs nothing.

    TensorBoard gets every step's picture, sound and value (`RUN/tensorboard`); the newest picture
    and sound of each sentence lie in `RUN/validation`.

    Args:
        out: run folder. recipe: says how many sentences. stage: number of the stage.
        features: of the corpus. rows: validation utterances, of which some are drawn, seeded.
        resumed: step after which the run goes on: what was logged behind it is dropped.
    """

    def __init__(
        self,
        out: Path,
        recipe: Recipe,
        stage: int,
        features: Features,
        rows: Sequence[Prepared],
        resumed: int,
    ) -> None:
        self.out, self.features, self.stage = out, features, stage
        self.mode, self.timing = HEARD[recipe.model.system, stage]
        order = np.random.default_rng(recipe.seed).permutation(len(rows))
        self.rows = [rows[i] for i in sorted(order[: recipe.observe].tolist())]
        with _undisturbed("cpu"):
            self.vocoder = load_vocoder(features) if self.rows else None
        purge = resumed + 1 if resumed else None
        self.boards = {
            split: SummaryWriter(out / TENSORBOARD / f"stage-{stage}-{split}", purge_step=purge)
            for split in ("train", VALIDATION)
        }

    def log(self, step: int, values: dict[str, float], split: str) -> None:
        """Scalars to TensorBoard; the splits' share a chart."""
        for name, value in values.items():
            self.boards[split].add_scalar(name, value, step)

    def look(self, step: int, model: System) -> dict[str, float]:
        """Speak every sentence; the means of what was measured, with `SPOKEN` before their names.

        "spoken_f0_error" is 1 - the mean correlation of log F0 with the recordings'; one that is
        not defined, because nothing is voiced, counts as 0.
        """
        with _undisturbed(next(model.parameters()).device):
            spoken = [self._say(model, row) for row in self.rows]
        for one in spoken:
            self._write(step, one)
        self.boards[VALIDATION].flush()
        return _means([one.values for one in spoken])

    def close(self) -> None:
        """Write what TensorBoard has not written yet."""
        for board in self.boards.values():
            board.close()

    def _say(self, model: System, row: Prepared) -> Spoken:
        assert self.vocoder is not None
        rendition = render(model, self.mode, self.timing, row)
        samples = self.vocoder(rendition.mel)
        contour = f0(samples, self.features)
        durations = rendition.durations if self.timing == "own" else None
        values = compare(contour, rendition.mel, durations, row, self.features)
        attention, latents = _inside(model, row, self.mode)
        return Spoken(row, rendition, samples, contour, values, attention, latents)

    def _write(self, step: int, one: Spoken) -> None:
        tag = f"{one.row.utterance}: {one.row.text[:60]}"
        figure = draw(one, self.features, f"stage {self.stage}, step {step}")
        folder = self.out / VALIDATION
        folder.mkdir(exist_ok=True)
        name = f"stage-{self.stage}-{one.row.utterance}".replace("/", "_")
        figure.savefig(folder / f"{name}.png", dpi=110)
        # Not at the top: a machine that only trains needs no sound library.
        from tts_core.audio.io import write_audio

        samples, rate = np.clip(one.samples, -1, 1), self.features.sample_rate_hz
        write_audio(folder / f"{name}.flac", samples, rate)
        self.boards[VALIDATION].add_figure(tag, figure, step, close=False)
        self.boards[VALIDATION].add_audio(tag, torch.from_numpy(samples)[None], step, rate)


@torch.inference_mode()
def _inside(model: System, row: Prepared, mode: Mode) -> tuple[np.ndarray | None, list[Latent]]:
    """Attention weights and latents, of those systems that have them.

    Args:
        mode: "text" where prosody is read from the text by now, and shown beside the recording's.
    """
    device = next(model.parameters()).device
    batch = collate([row.encoded], [row]).to(device)
    if isinstance(model, NTTSAttention):
        decoded, _ = model(batch)
        return decoded.weights[0].cpu().numpy(), []
    if isinstance(model, Kathaka):
        found = {"posterior": model.posterior(batch)}
        if mode == TEXT:
            found["sampler"] = model.sampler(batch)
        values = [v for mean, log in found.values() for v in (mean[0], (log[0] / 2).exp())]
        rows = tuple(f"{name} {what}" for name in found for what in ("mean", "deviation"))
        return None, [Latent(" and ".join(found), torch.stack(values).cpu().numpy(), rows)]
    if isinstance(model, CAMP):
        vectors = {"of the recording": model.oracle_prosody(batch)}
        if mode == TEXT:
            generator = seeded(0, row.text, device)
            vectors["from the text"] = model.prosody_predictor.generate(batch, generator)
        return None, [
            Latent(f"word vectors {whose}", found[0].cpu().numpy().T, columns=row.words)
            for whose, found in vectors.items()
        ]
    return None, []


def _undisturbed(device: torch.device | str) -> AbstractContextManager[None]:
    """The random numbers that training goes on with stay the same."""
    on_gpu = torch.device(device).type == "cuda"
    return torch.random.fork_rng(devices=[device] if on_gpu else [])


def _means(values: list[Values]) -> dict[str, float]:
    means: dict[str, float] = {}
    for name in dict.fromkeys(name for one in values for name in one):
        known = [float(v) for one in values if (v := one.get(name)) is not None]
        if known:
            means[SPOKEN + name] = float(np.mean(known))
    if values:
        correlations = [float(one.get("f0_correlation") or 0.0) for one in values]
        means[SPOKEN + "f0_error"] = 1 - float(np.mean(correlations))
    return means


def check_observable(recipe: Recipe, rows: Sequence[Prepared]) -> None:
    """Refuse before training what could not be judged in it.

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
