"""`intone train`: a recipe, a prepared corpus, a progress display."""

import os
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from intone.errors import UserError
from tts_core.config import load_recipe
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.training.display import shown
from tts_core.training.loop import train
from tts_core.training.observe import to_wandb
from tts_core.training.signals import Interrupted


def parse_changes(changes: list[str]) -> tuple[dict[str, Any], list[int] | None]:
    """Parse `key=value` words: recipe overrides and stages to run (`stages=[2]`).

    Raises:
        UserError: a word without "=".
    """
    overrides: dict[str, Any] = {}
    stages = None
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals:
            raise UserError(f"{change}: write key=value, e.g. stages.1.steps=200")
        try:
            parsed = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise UserError(f"{change}: {value!r} is not a value; quote it or mend it") from error
        if key == "stages":
            stages = parsed if isinstance(parsed, list) else [parsed]
            if not stages or not all(isinstance(number, int) for number in stages):
                raise UserError(f"{change}: write the stages' numbers, e.g. stages=[2]")
        else:
            overrides[key] = parsed
    return overrides, stages


def train_recipe(
    name: str,
    changes: list[str],
    data: Path,
    out: Path,
    wandb: str | None = None,
    source: Path | None = None,
) -> Path:
    """Train a recipe with a progress display; return the model folder.

    Args:
        name, changes: recipe and what differs from it. data: prepared corpus. out: run folder.
        wandb: project of Weights & Biases to mirror the run to.
        source: run, or system of a voice, whose weights are trained further.

    Raises:
        UserError: unknown recipe or key, no prepared corpus, another run in `out`, no fitting
            model in `source`.
        SystemExit: 143 if it was asked to stop; the checkpoint is written and the sentence printed.
    """
    overrides, stages = parse_changes(changes)
    recipe = load_recipe(name, overrides)
    if stages is not None and (unknown := set(stages) - set(recipe.stages)):
        raise UserError(f"stages={sorted(unknown)}: {recipe.name} has stages {list(recipe.stages)}")
    # Under torchrun only the first process writes and speaks.
    first = int(os.environ.get("RANK", "0")) == 0
    if wandb and first:
        to_wandb(wandb, out, recipe.model_dump(mode="json"))
    console = Console(stderr=True, quiet=not first)
    with shown(recipe.name, console) as (watch, reading):
        try:
            model = train(recipe, PreparedCorpus(data, reading), out, stages, watch, source)
        except Interrupted as stopped:
            console.print(f"intone: {stopped}; run the same command to resume", highlight=False)
            raise SystemExit(143) from stopped
    console.print(f"{model}: trained", highlight=False)
    return model
