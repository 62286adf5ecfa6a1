"""How a training is shown while it goes: a bar a stage, a line a validation."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

from tts_core.training.events import Event, Watch

SPOKEN = "spoken_"
SAID = {
    "spoken_f0_correlation": "F0 correlation {:.2f}",
    "spoken_f0_rmse_semitones": "F0 error {:.1f} semitones",
    "spoken_phone_error_frames": "phones {:.1f} frames off",
}
"""What a line says of spoken sentences; `metrics.jsonl` and TensorBoard have all of it."""


@contextmanager
def shown(name: str, console: Console) -> Iterator[Watch]:
    """What a training is to tell its events.

    Args:
        name: of the recipe. console: where it is shown.
    """
    # In a narrow terminal name and losses are folded, so that the rest stays whole.
    columns = (
        TextColumn("{task.description}", table_column=Column(overflow="fold")),
        BarColumn(bar_width=10),
        TextColumn("{task.completed}/{task.total} steps"),
        TextColumn("{task.fields[losses]}", table_column=Column(overflow="fold")),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Progress(*columns, console=console) as progress:
        tasks: dict[int, Any] = {}

        def watch(event: Event) -> None:
            if event.stage not in tasks:
                progress.console.print(f"{name} {event.stage}: {event.title}", highlight=False)
                tasks[event.stage] = progress.add_task(
                    f"{name} {event.stage}", total=event.steps, losses="", speed=""
                )
            if event.validation:
                progress.console.print(
                    f"  {name} stage {event.stage} step {event.step}: {held_out(event.losses)}",
                    highlight=False,
                )
                return
            speed = f"{event.seconds_per_second:.0f} s/s, {event.padding:.0%} padding"
            fields: dict[str, Any] = {"speed": speed}
            if event.losses:
                fields["losses"] = " ".join(f"{k} {v:.3f}" for k, v in event.losses.items())
            progress.update(tasks[event.stage], completed=event.step, **fields)

        yield watch


def held_out(values: dict[str, float]) -> str:
    """A validation in words: every loss, and the little of what was spoken that one line holds."""
    losses = [f"{key} {value:.3f}" for key, value in values.items() if not key.startswith(SPOKEN)]
    spoken = [said.format(values[key]) for key, said in SAID.items() if key in values]
    parts = [f"held out {' '.join(losses)}"] if losses else ["no held-out sentences"]
    return "; ".join([*parts, *([f"spoken: {', '.join(spoken)}"] if spoken else [])])
