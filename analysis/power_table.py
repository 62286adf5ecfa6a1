"""Planning as people read it: a table in the terminal and curves in a file."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from analysis import plots
from analysis.planning import listeners_needed, planned_power
from analysis.plots_details import plane
from analysis.power import Scatter, precision
from intone.errors import UserError


def power_table(
    listeners: Sequence[int],
    utterances: Sequence[int],
    pages: int,
    scatter: Scatter,
    alpha: float,
    chance: float,
    difference: float | None,
    comparisons: int,
) -> None:
    """Print one row per design; with a difference also its power and the listeners needed."""
    level = alpha / comparisons
    label = "" if scatter.label is None else f"{scatter.label}: "
    table = Table(
        title=f"{label}Difference of two systems, points (found with {chance:.0%} at {level:.3g})",
        caption=f"Assumed SDs: listener × system {scatter.listener:.1f}, text × system "
        f"{scatter.utterance:.1f}, noise {scatter.noise:.1f}. The naive SE ignores the first two.",
    )
    columns = ["Listeners", "Texts", "Pages each", "SE", "Detectable", "Naive SE"]
    if difference is not None:
        columns.append(f"Power for {difference:g}")
    for column in columns:
        table.add_column(column, justify="right")
    for n_u in utterances:
        for n_l in listeners:
            each = min(pages, n_u)
            found = precision(n_l, n_u, each, scatter, level, chance)
            row = [str(n_l), str(n_u), str(each)]
            row += [f"{value:.2f}" for value in (found.se, found.detectable, found.naive_se)]
            if difference is not None:
                plan = planned_power(difference, n_l, n_u, each, scatter, alpha, comparisons)
                row.append(f"{plan.power:.0%}")
            table.add_row(*row)
    console = Console()
    console.print(table)
    for n_u in utterances if difference is not None else ():
        assert difference is not None
        needed = listeners_needed(
            difference, n_u, min(pages, n_u), scatter, chance, alpha, comparisons
        )
        if needed is None:
            console.print(
                f"{difference:g} points with {n_u} texts: no number of listeners is enough; take "
                "more texts."
            )
        else:
            console.print(
                f"{difference:g} points with {n_u} texts: {needed.n_listeners} listeners "
                f"({needed.power:.0%})."
            )


def power_curves(
    path: Path,
    listeners: Sequence[int],
    utterances: Sequence[int],
    pages: int,
    scatter: Scatter,
    alpha: float,
    chance: float,
    difference: float | None,
    comparisons: int,
) -> None:
    """Draw power (or, without a difference, the detectable difference) over listeners.

    Raises:
        UserError: neither .svg nor .pdf, or not writable.
    """
    kind = path.suffix.lower()
    if kind not in (".svg", ".pdf"):
        raise UserError(f"{path}: curves are drawn as .svg or .pdf; name one of those")
    sizes = sorted({*listeners, *range(5, max(listeners) + 1, max(1, max(listeners) // 40))})

    def make() -> dict[str, Figure]:
        figure, ax = plane(3.8)
        for n_u, colour in zip(utterances, plots.COMPONENT_COLOURS, strict=False):
            each = min(pages, n_u)
            if difference is None:
                level = alpha / comparisons
                values = [precision(n, n_u, each, scatter, level, chance).detectable for n in sizes]
            else:
                values = [
                    100 * planned_power(difference, n, n_u, each, scatter, alpha, comparisons).power
                    for n in sizes
                ]
            ax.plot(sizes, values, color=colour, lw=1.8, label=f"{n_u} texts, {each} each")
        if difference is not None:
            ax.axhline(100 * chance, color=plots.MUTED, lw=1, ls="--")
            ax.set_ylim(0, 100)
        else:
            ax.set_ylim(0, None)
        ax.set_xlabel("Listeners")
        found = "Detectable difference (points)"
        if difference is not None:
            found = f"Power for {difference:g} points (%)"
        ax.set_ylabel(found, color=plots.INK)
        ax.legend(frameon=False, fontsize=9)
        return {"power": figure}

    drawing = plots.drawn(scatter.label is not None, make)["power"]
    try:
        path.write_bytes(drawing.svg.encode() if kind == ".svg" else drawing.pdf)
    except OSError as error:
        raise UserError(f"{path}: the curves cannot be written ({error.strerror})") from error
