"""Planning as a table in the terminal and curves in a file."""

from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from analysis.models.power import (
    PlannedPower,
    Precision,
    Scatter,
    listeners_needed,
    planned_power,
    precision,
)
from analysis.report.figures.style import COMPONENT_COLOURS, INK, MUTED, drawn, plane
from intone.errors import UserError


@dataclass(frozen=True)
class Question:
    """Question of a user who plans a study.

    Attributes:
        listeners: numbers of listeners to look at.
        utterances: numbers of texts to look at.
        pages: texts that each listener hears, rotated if there are more.
        scatter: standard deviations to expect.
        alpha: two-sided level of the family.
        chance: wanted probability of finding a difference.
        comparisons: size of the family.
        difference: true difference, points; none to ask for the smallest detectable one.
        called: how to name the difference, for instance 20 % of the gap.
    """

    listeners: tuple[int, ...]
    utterances: tuple[int, ...]
    pages: int
    scatter: Scatter
    alpha: float
    chance: float
    comparisons: int
    difference: float | None = None
    called: str = ""

    @property
    def level(self) -> float:
        """Level of each comparison (Bonferroni)."""
        return self.alpha / self.comparisons

    def precision(self, n_l: int, n_u: int) -> Precision:
        """Return the precision of one design."""
        each = min(self.pages, n_u)
        return precision(n_l, n_u, each, self.scatter, self.level, self.chance)

    def power(self, n_l: int, n_u: int) -> float:
        """Chance that one design finds the difference."""
        assert self.difference is not None
        each = min(self.pages, n_u)
        return planned_power(
            self.difference, n_l, n_u, each, self.scatter, self.alpha, self.comparisons
        ).power

    def needed(self, n_u: int) -> PlannedPower | None:
        """Return the fewest listeners that reach the wanted power."""
        assert self.difference is not None
        return listeners_needed(
            self.difference,
            n_u,
            min(self.pages, n_u),
            self.scatter,
            self.chance,
            self.alpha,
            self.comparisons,
        )


def power_table(asked: Question) -> None:
    """Print one row per design; for a difference also power and listeners."""
    s = asked.scatter
    label = "" if s.label is None else f"{s.label}: "
    table = Table(
        title=f"{label}Difference of two systems, points "
        f"(found with {asked.chance:.0%} at {asked.level:.3g})",
        caption=f"Assumed SDs: listener × system {s.listener:.1f}, text × system "
        f"{s.utterance:.1f}, noise {s.noise:.1f}. The naive SE ignores the first two.",
    )
    columns = ["Listeners", "Texts", "Pages each", "SE", "Detectable", "Naive SE"]
    if asked.difference is not None:
        columns.append(f"Power for {asked.called}")
    for column in columns:
        table.add_column(column, justify="right")
    for n_u in asked.utterances:
        for n_l in asked.listeners:
            expected = asked.precision(n_l, n_u)
            row = [str(n_l), str(n_u), str(expected.pages_per_listener)]
            row += [
                f"{value:.2f}" for value in (expected.se, expected.detectable, expected.naive_se)
            ]
            if asked.difference is not None:
                row.append(f"{asked.power(n_l, n_u):.0%}")
            table.add_row(*row)
    console = Console()
    console.print(table)
    for n_u in asked.utterances if asked.difference is not None else ():
        needed = asked.needed(n_u)
        answer = (
            "no number of listeners is enough; take more texts."
            if needed is None
            else f"{needed.n_listeners} listeners ({needed.power:.0%})."
        )
        console.print(f"{asked.called} with {n_u} texts: {answer}")


def power_curves(path: Path, asked: Question) -> None:
    """Draw power (or, without a difference, the detectable difference) over listeners.

    Raises:
        UserError: neither .svg nor .pdf, or not writable.
    """
    kind = path.suffix.lower()
    if kind not in (".svg", ".pdf"):
        raise UserError(f"{path}: curves are drawn as .svg or .pdf; name one of those")
    most = max(asked.listeners)
    sizes = sorted({*asked.listeners, *range(5, most + 1, max(1, most // 40))})

    def make() -> dict[str, Figure]:
        figure, ax = plane(3.8)
        for n_u, colour in zip(asked.utterances, COMPONENT_COLOURS, strict=False):
            if asked.difference is None:
                values = [asked.precision(n, n_u).detectable for n in sizes]
            else:
                values = [100 * asked.power(n, n_u) for n in sizes]
            label = f"{n_u} texts, {min(asked.pages, n_u)} each"
            ax.plot(sizes, values, color=colour, lw=1.8, label=label)
        if asked.difference is not None:
            ax.axhline(100 * asked.chance, color=MUTED, lw=1, ls="--")
            ax.set_ylim(0, 100)
        else:
            ax.set_ylim(0, None)
        ax.set_xlabel("Listeners")
        quantity = "Detectable difference (points)"
        if asked.difference is not None:
            quantity = f"Power for {asked.called} (%)"
        ax.set_ylabel(quantity, color=INK)
        ax.legend(frameon=False, fontsize=9)
        return {"power": figure}

    drawing = drawn(asked.scatter.label is not None, make)["power"]
    try:
        path.write_bytes(drawing.svg.encode() if kind == ".svg" else drawing.pdf)
    except OSError as error:
        raise UserError(f"{path}: the curves cannot be written ({error.strerror})") from error
