"""The training loop, in plain sight: one for every stage of every system."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from intone.errors import UserError
from intone.files import owned, write_whole
from tts_core.config import Features, Recipe
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.corpus.paragraphs import read_splits
from tts_core.models.build import System, build
from tts_core.training import checkpoint, metrics
from tts_core.training.batches import endless_batches
from tts_core.training.keep import Keeper, load_kept
from tts_core.training.optimise import learning_rate, parameter_groups
from tts_core.training.signals import StopOnSignal
from tts_core.training.stages import Stage, StageLoss, stages_of
from tts_core.training.validate import batch_of, validate
from tts_core.types import Prepared

MODEL = "model"
RUN = "run.json"
MAX_SKIPPED = 20


@dataclass(frozen=True)
class Event:
    """What the loop tells whoever watches."""

    stage: int
    title: str
    step: int
    steps: int
    losses: dict[str, float] = field(default_factory=dict)
    seconds_per_second: float = 0.0
    validation: bool = False


Watch = Callable[[Event], None]


class Interrupted(Exception):  # noqa: N818 - it is not an error: a checkpoint was written
    """Training was asked to stop and has written a checkpoint."""


def train(
    recipe: Recipe,
    corpus: PreparedCorpus,
    out: Path,
    stages: Sequence[int] | None = None,
    watch: Watch = lambda _: None,
) -> Path:
    """Train a recipe's stages in order and write the model; goes on where an earlier call stopped.

    Args:
        recipe: what to train.
        corpus: prepared corpus.
        out: run folder: `run.json`, `metrics.jsonl`, `stage-N/step-*`, and in the end `model/`.
        stages: only these stages (earlier ones must have been trained).
        watch: is told of progress.

    Returns:
        `out/model`.

    Raises:
        UserError: the folder holds another run, or an earlier stage is missing.
        Interrupted: SIGTERM or Ctrl-C came; the checkpoint is written.
    """
    facts = corpus.info.facts()
    if recipe.model.reads_text_encoder and recipe.text_encoder.name != corpus.info.encoder:
        raise UserError(
            f"{corpus.path}: prepared for the text encoder {corpus.info.encoder}, the recipe "
            f"{recipe.name} wants {recipe.text_encoder.name}; prepare it with --encoder "
            f"{recipe.text_encoder.name}"
        )
    described = {
        "recipe": recipe.model_dump(mode="json"),
        "recipe_digest": recipe.digest(),
        "corpus": corpus.info.summary(),
        "torch": torch.__version__,
    }
    torch.manual_seed(recipe.seed)
    model = build(recipe, facts)
    wanted = sorted(recipe.stages) if stages is None else sorted(stages)
    done: list[int] = []
    with owned(out), StopOnSignal() as stop:
        _claim(out, described)
        for number in sorted(recipe.stages):
            config = recipe.stages[number]
            folder = out / f"stage-{number}"
            if checkpoint.is_finished(folder):
                load_kept(folder, config, model, recipe)
            elif number in wanted:
                torch.manual_seed(recipe.seed * 1000 + number)
                _StageRun(recipe, number, corpus, out, watch, stop).train(model)
            elif any(later > number for later in wanted):
                raise UserError(f"{out}: stage {number} is not trained yet; train it first")
            else:
                break
            done.append(number)
        if not _is_written(out / MODEL, done):
            checkpoint.save_model(out / MODEL, model, recipe, facts, described["corpus"], done)
    return out / MODEL


def _is_written(folder: Path, done: list[int]) -> bool:
    path = folder / checkpoint.DESCRIPTION
    return path.is_file() and json.loads(path.read_text("utf-8"))["stages_done"] == done


def _claim(out: Path, described: dict[str, Any]) -> None:
    """Write `run.json`, or make sure that the run which is there is the same."""
    path = out / RUN
    if path.is_file():
        there = json.loads(path.read_text("utf-8"))
        for key in ("recipe_digest", "corpus"):
            if there[key] != described[key]:
                raise UserError(
                    f"{out}: holds a run with another {key.split('_')[0]} "
                    f"({_difference(key, described, there)}); choose another --out, or remove the "
                    "folder to start again"
                )
        return
    write_whole(path, json.dumps(described, indent=2) + "\n")


def _difference(key: str, now: dict[str, Any], there: dict[str, Any]) -> str:
    """Both values of what differs between a run and the one that is there."""
    if key != "corpus":
        return f"{now[key]} instead of {there[key]}"
    features, other = (Features.model_validate(run[key]["features"]) for run in (now, there))
    if features.digest() != other.digest():
        return f"features {features.against(other)}"
    return f"prepared as {now[key]['inputs_digest']} instead of {there[key]['inputs_digest']}"


class _StageRun:
    """One stage of one run: its data, its optimiser, and the steps that are left."""

    def __init__(
        self,
        recipe: Recipe,
        number: int,
        corpus: PreparedCorpus,
        out: Path,
        watch: Watch,
        stop: StopOnSignal,
    ) -> None:
        self.recipe, self.number, self.config = recipe, number, recipe.stages[number]
        self.corpus, self.out, self.watch, self.stop = corpus, out, watch, stop
        self.folder = out / f"stage-{number}"
        self.skipped = 0

    def train(self, model: System) -> None:
        """Take the steps from the newest checkpoint to the last."""
        accelerator = Accelerator()
        device = accelerator.device
        stage = stages_of(model.to(device), self.recipe.stages)[self.number]
        data = self._data()
        loss = StageLoss(model, stage).eval()
        cached = {name: stage.remember(rows, device) for name, rows in data.items()}
        stage.begin(cached["train"])
        # Without weight decay this is Adam.
        optimizer = torch.optim.AdamW(
            parameter_groups(loss, self.recipe, self.config), lr=self.config.lr
        )
        found = checkpoint.newest_step(self.folder)
        start = found[1] if found else 0
        if found:
            checkpoint.load_step(found[0], model, self.recipe, optimizer)
        keeper = Keeper(self.folder, self.config, stage.criterion)
        keeper.resume(start)
        metrics.cut(self.out, self.number, start)
        wrapped, optimizer = accelerator.prepare(loss, optimizer)
        frames = [len(row.mel) for row in data["train"]]
        batches = endless_batches(
            frames, self.config.batch_frames, (self.recipe.seed, self.number), start
        )
        clock = _Clock(self.corpus.info.features)
        # range first: zip must not draw a batch that is never used.
        for step, (epoch, positions) in zip(range(start, self.config.steps), batches, strict=False):
            batch = batch_of(data["train"], positions).to(device)
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(group["base_lr"], step, epoch, self.config)
            wrapped.train()
            parts = wrapped(batch, cached["train"])
            optimizer.zero_grad(set_to_none=True)
            self._learn(accelerator, optimizer, _weighted(parts, stage, step), loss)
            clock.count(int(batch.frame_lengths.sum()))
            values = {name: float(part.detach()) for name, part in parts.items()}
            self._tell(stage, step + 1, values, clock.rate(), False)
            if self._due(step + 1, self.config.validate_every):
                rows, kept = data["validation"], cached["validation"]
                held_out = validate(loss, rows, kept, self.config, device)
                self._tell(stage, step + 1, held_out, clock.rate(), True)
                keeper.see(step + 1, held_out, model, self.recipe)
            finished = step + 1 == self.config.steps or keeper.out_of_patience(step + 1)
            asked = self.stop.asked
            if asked or finished or self._due(step + 1, self.config.checkpoint_every):
                checkpoint.save_step(self.folder, model, self.recipe, optimizer, step + 1, finished)
                keeper.settle()
            if finished:
                break
            if asked:
                where = f"stage {self.number}, step {step + 1}"
                raise Interrupted(f"{self.out}: stopped at {where}; saved")
        load_kept(self.folder, self.config, model, self.recipe)
        model.eval()

    def _data(self) -> dict[str, list[Prepared]]:
        neighbours = self.recipe.model.context_sentences
        data = read_splits(self.corpus, ("train", "validation"), neighbours)
        if not data["train"]:
            raise UserError(f"{self.corpus.path}: no utterances to train on")
        if not data["validation"] and self.config.keep == "best":
            raise UserError(
                f"{self.corpus.path}: no validation utterances to tell the best step of stage "
                f"{self.number} by; keep the last one (stages.{self.number}.keep=last)"
            )
        return data

    def _due(self, step: int, every: int) -> bool:
        return step % every == 0 or step == self.config.steps

    def _learn(
        self,
        accelerator: Accelerator,
        optimizer: torch.optim.Optimizer,
        total: torch.Tensor,
        loss: StageLoss,
    ) -> None:
        """One optimiser step; a loss or gradient that is not finite is skipped and counted."""
        accelerator.backward(total)
        learning = [p for p in loss.parameters() if p.requires_grad]
        norm = accelerator.clip_grad_norm_(learning, self.config.clip)
        if torch.isfinite(total) and torch.isfinite(torch.as_tensor(norm)):
            optimizer.step()
            self.skipped = 0
            return
        self.skipped += 1
        if self.skipped >= MAX_SKIPPED:
            raise UserError(
                f"stage {self.number}: the loss or its gradient was not finite {self.skipped} "
                f"times in a row; lower the learning rate (stages.{self.number}.lr)"
            )

    def _tell(
        self, stage: Stage, step: int, values: dict[str, float], rate: float, validation: bool
    ) -> None:
        self.watch(
            Event(self.number, stage.title, step, self.config.steps, values, rate, validation)
        )
        if validation or step % 10 == 0:
            split = "validation" if validation else "train"
            metrics.append(self.out, {"stage": self.number, "step": step, "split": split, **values})


def _weighted(parts: dict[str, torch.Tensor], stage: Stage, step: int) -> torch.Tensor:
    weights = stage.weights(step)
    return torch.stack(
        [weights[name] * part for name, part in parts.items() if weights[name]]
    ).sum()


class _Clock:
    """Seconds of speech per second of wall time."""

    def __init__(self, features: Any) -> None:
        self.frame_s = features.hop / features.sample_rate_hz
        self.started, self.frames = time.monotonic(), 0

    def count(self, frames: int) -> None:
        self.frames += frames

    def rate(self) -> float:
        return self.frames * self.frame_s / max(time.monotonic() - self.started, 1e-9)
