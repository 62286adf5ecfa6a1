"""Progress of long work, and its display on the console."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[str, int, int], None]
"""Called as (stage in a few words, units done, units in all)."""


def silent(stage: str, done: int, total: int) -> None:
    """Show nothing."""


@contextmanager
def on_console(transient: bool = False) -> Iterator[Progress]:
    """Show one progress bar per stage on standard error.

    Args:
        transient: remove the bars at the end.
    """
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        *Bars.get_default_columns()[:2],
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(stderr=True), transient=transient) as bars:
        tasks = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield show
