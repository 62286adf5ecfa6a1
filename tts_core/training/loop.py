"""Training of a recipe: its stages in order, in one run folder."""

import json
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs

from intone.errors import UserError
from intone.files import owned
from tts_core.config import Recipe
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.models import saved
from tts_core.models.build import build
from tts_core.training import checkpoint
from tts_core.training.checkpoint_selection import load_kept
from tts_core.training.claim import claim
from tts_core.training.events import Watch
from tts_core.training.origin import load_origin
from tts_core.training.signals import StopOnSignal
from tts_core.training.stage_run import StageRun

MODEL = "model"
RANK_SEEDS = 1_000_003
"""Distance between the seeds of two processes.

A CPU's generator reads 32 bits of a seed.
"""


def train(
    recipe: Recipe,
    corpus: PreparedCorpus,
    out: Path,
    stages: Sequence[int] | None = None,
    watch: Watch = lambda _: None,
    source: Path | None = None,
) -> Path:
    """Train a recipe's stages in order and write the model.

    Resumes where an earlier call stopped.

    Under `torchrun`, many processes train together; the first one writes.

    Args:
        recipe: what to train.
        corpus: prepared corpus.
        out: run folder: `run.json`, `metrics.jsonl`, `stage-N/step-*`, and in the end `model/`.
        stages: only these stages (earlier ones must have been trained).
        watch: receives progress, in the first process.
        source: run, `model` folder or system of a voice whose weights every stage starts from.

    Returns:
        `out/model`.

    Raises:
        UserError: the folder holds another run, an earlier stage is missing, or the model of
            `source` is missing or another one than the recipe's.
        Interrupted: SIGTERM or Ctrl-C came; the checkpoint is written.
    """
    _check_text_encoder(recipe, corpus)
    facts = corpus.info.facts()
    accelerator = _accelerator()
    first = accelerator.is_main_process
    torch.manual_seed(recipe.seed)
    model = build(recipe, facts)
    origin = load_origin(source, model, recipe, corpus.info) if source else None
    described: dict[str, Any] = {
        "recipe": recipe.model_dump(mode="json"),
        "recipe_digest": recipe.digest(),
        "corpus": corpus.info.summary(),
        "torch": torch.__version__,
        "started_from": origin.model_dump(mode="json") if origin else None,
    }
    wanted = sorted(recipe.stages) if stages is None else sorted(stages)
    done: list[int] = []
    with owned(out) if first else nullcontext(), StopOnSignal() as stop:
        if first:
            claim(out, described)
        accelerator.wait_for_everyone()
        for number in sorted(recipe.stages):
            folder = out / f"stage-{number}"
            if checkpoint.is_finished(folder):
                load_kept(folder, recipe.stages[number], model, recipe)
            elif number in wanted:
                # Processes draw different dropout; the weights are those of the first.
                torch.manual_seed(
                    recipe.seed * 1000 + number + RANK_SEEDS * accelerator.process_index
                )
                StageRun(recipe, number, corpus, out, watch, stop, accelerator).train(model)
            elif any(later > number for later in wanted):
                raise UserError(f"{out}: stage {number} is not trained yet; train it first")
            else:
                break
            done.append(number)
        if first and not _is_written(out / MODEL, done):
            saved.save_model(out / MODEL, model, recipe, facts, described["corpus"], done, origin)
        accelerator.wait_for_everyone()
    return out / MODEL


def _check_text_encoder(recipe: Recipe, corpus: PreparedCorpus) -> None:
    if recipe.model.reads_text_encoder and recipe.text_encoder.name != corpus.info.encoder:
        raise UserError(
            f"{corpus.path}: prepared for the text encoder {corpus.info.encoder}, the recipe "
            f"{recipe.name} wants {recipe.text_encoder.name}; prepare it with --encoder "
            f"{recipe.text_encoder.name}"
        )


def _accelerator() -> Accelerator:
    return Accelerator(
        # Explicit, because without a GPU accelerate's own choice is one process.
        cpu=not torch.accelerator.is_available(),
        # Statistics are joint already (`MaskedBatchNorm`), so that there is nothing to broadcast.
        kwargs_handlers=[DistributedDataParallelKwargs(broadcast_buffers=False)],
    )


def _is_written(folder: Path, done: list[int]) -> bool:
    path = folder / saved.DESCRIPTION
    return path.is_file() and json.loads(path.read_text("utf-8"))["stages_done"] == done
