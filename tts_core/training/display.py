"""Progress of a training: bars, and a line per validation."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Column

from intone.progress import Progress
from tts_core.training.events import Event, Watch

SPOKEN = "spoken_"
SAID = {
    "spoken_f0_correlation": "F0 correlation {:.2f}",
    "spoken_f0_rmse_semitones": "F0 error {:.1f} semitones",
    "spoken_phone_error_frames": "phones {:.1f} frames off",
}
"""Measures of speech that a line prints; `metrics.jsonl` and TensorBoard have all."""


class Shown(NamedTuple):
    """Receivers of progress: `watch` for events, `reading` for a corpus."""

    watch: Watch
    reading: Progress


@contextmanager
def shown(name: str, console: Console) -> Iterator[Shown]:
    """Yield the receivers of a training's events and of its corpus reading.

    Args:
        name: of the recipe. console: where it is shown.
    """
    # In a narrow terminal name and losses are folded, so that the rest stays whole.
    columns = (
        TextColumn("{task.description}", table_column=Column(overflow="fold")),
        BarColumn(bar_width=10),
        TextColumn("{task.completed}/{task.total} {task.fields[unit]}"),
        TextColumn("{task.fields[losses]}", table_column=Column(overflow="fold")),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Bars(*columns, console=console) as bars:
        yield Shown(_watching(name, bars), _reading(bars))


def _bar(bars: Bars, title: str, total: int, unit: str, start: bool = True) -> TaskID:
    return bars.add_task(title, start, total, unit=unit, losses="", speed="")


def _watching(name: str, bars: Bars) -> Watch:
    """Show a bar per stage and a line per validation."""
    tasks: dict[int, TaskID] = {}

    def watch(event: Event) -> None:
        stage = f"{name} {event.stage}"
        if event.stage not in tasks:
            bars.console.print(f"{stage}: {event.title}", highlight=False)
            tasks[event.stage] = _bar(bars, stage, event.steps, "steps")
        if event.validation:
            bars.console.print(f"  {judged(name, event)}", highlight=False)
            return
        speed = f"{event.seconds_per_second:.0f} s/s, {event.padding:.0%} padding"
        fields: dict[str, Any] = {"speed": speed}
        if event.losses:
            fields["losses"] = " ".join(f"{k} {v:.3f}" for k, v in event.losses.items())
        bars.update(tasks[event.stage], completed=event.step, **fields)

    return watch


def _reading(bars: Bars) -> Progress:
    """Show a bar until all is read; without a terminal, one line."""
    tasks: dict[str, TaskID] = {}
    printed = False

    def reading(what: str, done: int, total: int) -> None:
        nonlocal printed
        if not bars.console.is_terminal:
            if not printed:
                bars.console.print(f"{what}: {total} shards", highlight=False)
            printed = True
            return
        if what not in tasks:
            # The bar of a single shard could not move: one that is not started pulses.
            tasks[what] = _bar(bars, what, total, "shards", total > 1)
        bars.update(tasks[what], completed=done)
        if done == total:
            bars.remove_task(tasks.pop(what))

    return reading


def judged(name: str, event: Event) -> str:
    """Describe a validation: which weights, and their values."""
    stage, worth = f"{name} stage {event.stage}", held_out(event.losses)
    if event.averaged:
        return (
            f"{stage} has ended. The weights of its {event.averaged} best steps are averaged, and "
            f"the average is what the stage leaves: {worth}"
        )
    return f"{stage} step {event.step}: {worth}"


def held_out(values: dict[str, float]) -> str:
    """Describe held-out values: every loss, and the main measures of speech."""
    losses = [f"{key} {value:.3f}" for key, value in values.items() if not key.startswith(SPOKEN)]
    spoken = [words.format(values[key]) for key, words in SAID.items() if key in values]
    parts = [f"held out {' '.join(losses)}"] if losses else ["no held-out sentences"]
    return "; ".join([*parts, *([f"spoken: {', '.join(spoken)}"] if spoken else [])])
