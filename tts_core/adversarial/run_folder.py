"""Run folder of an adversarial training: claim and results."""

from pathlib import Path
from typing import Any, Protocol

import torch

from tts_core.adversarial.loop import STEPS, Game
from tts_core.config import Features
from tts_core.training import metrics
from tts_core.training.checkpoint import newest_step
from tts_core.training.claim import claim


class Recipe(Protocol):
    """Recipe of a training without stages."""

    def digest(self) -> str:
        """Return a digest of its settings."""
        ...

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        """Return its settings."""
        ...


def claim_run(
    out: Path, file: str, recipe: Recipe, corpus: dict[str, Any], models: str | list[str] | None
) -> None:
    """Make a folder this run's.

    Args:
        file: of its description. corpus: summary. models: digests of the acoustic models whose
            spectrograms it learns from.

    Raises:
        UserError: the folder holds another run.
    """
    described = {
        "recipe": recipe.model_dump(mode="json"),
        "recipe_digest": recipe.digest(),
        "corpus": corpus,
        "model_sha256": models,
        "torch": torch.__version__,
    }
    claim(out, described, file, ("recipe_digest", "corpus", "model_sha256"))


def load_trained(
    game: Game, out: Path, features: Features, corpus: dict[str, Any]
) -> dict[str, Any]:
    """Load the last checkpoint of a finished training.

    Returns:
        The fields of `GeneratorDescription` that are known before its weights are written.
    """
    newest = newest_step(out / STEPS)
    assert newest, "a training that has ended has a checkpoint"
    game.players.load(newest[0])
    before, after = _held_out_values(out)
    return {
        "features": features,
        "features_digest": features.digest(),
        "corpus": corpus,
        "steps": newest[1],
        "before": before,
        "after": after,
    }


def _held_out_values(out: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Return a run's held-out values before training and after it."""
    rows = [row for row in metrics.read(out) if row["split"] == "validation"]
    values = [{k: v for k, v in row.items() if k not in ("stage", "step", "split")} for row in rows]
    return (values[0], values[-1]) if values else ({}, {})
