"""Display and interruption of the adversarial trainings."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from intone.errors import UserError
from tts_core.training.display import shown
from tts_core.training.events import Watch
from tts_core.training.run import parse_changes
from tts_core.training.signals import Interrupted


def overrides_of(changes: list[str], noun: str) -> dict[str, Any]:
    """Parse the `key=value` words of a training without stages.

    noun: of what is trained, for the message.

    Raises:
        UserError: a word without "=", or stages.
    """
    overrides, stages = parse_changes(changes)
    if stages is not None:
        raise UserError(f"stages={stages}: a {noun} is trained in one stage; leave it out")
    return overrides


def train_with_display(name: str, train: Callable[[Watch], Path]) -> Path:
    """Run a training with a display; return the folder that it writes.

    Args:
        name: of the recipe. train: takes the receiver of progress.

    Raises:
        SystemExit: 143 if it was asked to stop; the checkpoint is written and the sentence printed.
    """
    console = Console(stderr=True)
    with shown(name, console) as view:
        try:
            return train(view.watch)
        except Interrupted as stopped:
            console.print(f"intone: {stopped}; run the same command to resume", highlight=False)
            raise SystemExit(143) from stopped


def print_values(folder: Path, before: Mapping[str, float], after: Mapping[str, float]) -> None:
    """Print the held-out values of a trained model, before and after."""
    # Detail is not defined for silence, which a training that failed may make.
    both = [key for key in before if key in after]
    values = ", ".join(f"{key} {before[key]:.3f} -> {after[key]:.3f}" for key in both)
    console = Console(stderr=True)
    console.print(f"{folder}: trained; held out, {values or 'nothing'}", highlight=False)
