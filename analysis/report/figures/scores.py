"""Figures of the headline results: systems, gap, comparisons, variance components."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.questions.alternatives import PairTest
from analysis.questions.compare import Comparison
from analysis.questions.components import Components
from analysis.questions.describe import SystemSummary
from analysis.questions.gap import Gap
from analysis.report.figures.style import (
    COLOURS,
    COMPONENT_COLOURS,
    COMPONENT_LABELS,
    GRID,
    INK,
    MUTED,
    PAPER,
    WARN,
    WIDTH,
    below,
    interval,
    pair_label,
    rows,
    shorten,
)
from analysis.report.result import Recovered, Result
from analysis.wording import number

_NOWHERE = (float("nan"), float("nan"))
FIGURES = ("systems", "gap", "comparisons", "variance")


def figures(result: Result, scopes: Sequence[PairTest]) -> dict[str, Figure]:
    """Return the figures of the headline results; call within `drawn`.

    Args:
        result: the analysis.
        scopes: every declared pair by listener means, then by text means.
    """
    planted = {(row.kind, row.name): row for row in result.planted}
    drawings = {"systems": systems_figure(result.systems, result.ratings.scale)}
    defined = [gap for gap in result.gaps if gap.defined]
    if defined:
        drawings["gap"] = gap_figure(defined, planted)
    drawings["comparisons"] = comparisons_figure(result.comparisons, scopes, planted)
    if result.components is not None:
        drawings["variance"] = variance_figure(result.components)
    return drawings


def systems_figure(systems: tuple[SystemSummary, ...], scale: tuple[float, float]) -> Figure:
    """Draw every system's scores with quartiles, mean and its interval."""
    figure, ax = rows(len(systems), 0.72, [shorten(s.system) for s in systems])
    bins = np.linspace(*scale, 21)
    for row, system in enumerate(systems):
        colour = COLOURS[system.role]
        counts = np.histogram(system.scores, bins)[0]
        tops = row + 0.12 - 0.55 * counts / counts.max()
        ax.stairs(tops, bins, baseline=row + 0.12, fill=True, color=colour, alpha=0.3)
        ax.plot([system.q1, system.q3], [row + 0.24] * 2, color=MUTED, lw=3, solid_capstyle="butt")
        ax.plot([system.median], [row + 0.24], marker="|", ms=9, mew=2, color=INK)
        interval(ax, row + 0.12, system.mean, system.ci, colour, "D")
    low, high = scale
    margin = 0.02 * (high - low)
    ax.set_xlim(low - margin, high + margin)
    if scale == (0.0, 100.0):
        ax.set_xticks(range(0, 101, 20))
    below(ax, f"Score (points, {low:g} to {high:g})")
    return figure


def gap_figure(gaps: list[Gap], planted: dict[tuple[str, str], Recovered]) -> Figure:
    """Draw systems between baseline (0 %) and reference (100 %), Fieller intervals."""
    figure, ax = rows(len(gaps), 0.5, [shorten(gap.system) for gap in gaps])
    for row, gap in enumerate(gaps):
        ax.plot([0, 100], [row, row], color=GRID, lw=9, solid_capstyle="butt", zorder=1)
        done = float(np.clip(100 * gap.gap, 0, 100))
        ax.plot(
            [0, done],
            [row, row],
            color=COLOURS["system"],
            lw=9,
            alpha=0.35,
            zorder=1.5,
            solid_capstyle="butt",
        )
        ends = (100 * gap.ci[0], 100 * gap.ci[1])
        interval(ax, row, 100 * gap.gap, ends, COLOURS["system"], "o")
        side = "right" if gap.gap > 0.7 else "left"
        ax.annotate(
            f"{number(100 * gap.gap)} % ({number(gap.raw_gain, sign=True)} points)",
            (100 * gap.gap, row),
            xytext=(-3 if side == "left" else 3, 8),
            ha=side,
            textcoords="offset points",
            fontsize=9,
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.8},
        )
        # Below the bar: the number is above it.
        _planted_mark(ax, row + 0.5, planted.get(("gap", gap.system)), 100, "^")
    ends = [100 * end for gap in gaps for end in gap.ci]
    ax.set_xlim(min(-5.0, *ends) - 3, max(105.0, *ends) + 3)
    ax.xaxis.set_major_formatter("{x:.0f} %")
    for edge in (0, 100):
        ax.axvline(edge, color=INK, lw=1)
    below(ax, f"Share of the gap closed: 0 % is {gaps[0].baseline}, 100 % is {gaps[0].reference}")
    _planted_legend(ax, planted, "^")
    return figure


def comparisons_figure(
    comparisons: tuple[Comparison, ...],
    scopes: Sequence[PairTest],
    planted: dict[tuple[str, str], Recovered],
) -> Figure:
    """Draw a forest plot: the default interval, narrower alternatives below it.

    Those are what holds for these texts only, for these listeners only, and the naive one in grey.
    """
    labels = [pair_label(c.x, c.y) for c in comparisons]
    figure, ax = rows(len(comparisons), 0.62, labels, 1.0)
    thinner = {
        "listeners": ("new listeners, these texts only", COLOURS["copy_synthesis"]),
        "utterances": ("these listeners only, new texts", COLOURS["baseline"]),
        "pages": ("if pages were independent, which they are not", MUTED),
    }
    alone = {(test.x, test.y, test.method): test.ci for test in scopes}
    for row, c in enumerate(comparisons):
        colour = COLOURS["system"] if c.significant else INK
        ends = c.ci if c.fit.defined else (c.fit.estimate, c.fit.estimate)
        interval(ax, row - 0.1, c.fit.estimate, ends, colour, "s")
        _planted_mark(ax, row - 0.1, planted.get(("difference", f"{c.x} − {c.y}")), 1)
        for offset, (method, (_, thin)) in enumerate(thinner.items()):
            ci = c.naive_ci if method == "pages" else alone.get((c.x, c.y, method), _NOWHERE)
            interval(ax, row + 0.1 + 0.13 * offset, c.fit.raw, ci, thin, "", width=1.4)
    ax.axvline(0, color=INK, lw=1)
    below(ax, "Difference (points)")
    _planted_legend(ax, planted)
    keys = [Line2D([], [], color=colour, lw=1.4, label=label) for label, colour in thinner.values()]
    figure.legend(
        handles=keys,
        loc="lower center",
        ncols=2,
        frameon=False,
        fontsize=8.5,
        borderpad=0,
        bbox_to_anchor=(0.5, 0.02),
        handlelength=1.6,
    )
    return figure


def variance_figure(components: Components) -> Figure:
    """One bar: what share of the scatter comes from where."""
    figure = Figure(figsize=(WIDTH, 1.9))
    ax = figure.add_axes((0.03, 0.56, 0.92, 0.22))
    parts = components.parts()
    total = sum(parts.values())
    left = 0.0
    for (name, variance), colour in zip(parts.items(), COMPONENT_COLOURS, strict=True):
        share = 100 * variance / total
        label = f"{COMPONENT_LABELS[name]}: {number(share, 0)} %"
        ax.barh([0], [share], left=left, color=colour, edgecolor=PAPER, linewidth=1.5, label=label)
        left += share
    ax.set_xlim(0, 100)
    ax.set_yticks([])
    ax.grid(visible=False)
    ax.xaxis.set_major_formatter("{x:.0f} %")
    ax.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, -0.62),
        ncols=3,
        frameon=False,
        fontsize=9,
        handlelength=1,
        handleheight=1,
    )
    return figure


def _planted_mark(
    ax: Axes, y: float, row: Recovered | None, factor: float, marker: str = "v"
) -> None:
    if row is not None:
        x = factor * row.planted
        ax.plot([x], [y - 0.2], marker=marker, ms=6, color=WARN, mew=0, zorder=5)


def _planted_legend(ax: Axes, planted: dict[tuple[str, str], Recovered], marker: str = "v") -> None:
    if planted:
        ax.plot([], [], marker=marker, ms=6, mew=0, color=WARN, ls="", label="Planted value")
        ax.legend(loc="lower right", bbox_to_anchor=(1, 1), frameon=False, fontsize=9, borderpad=0)
