"""Figures of the report: matplotlib without its global state, written as SVG with real text."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.compare import Comparison
from analysis.components import Components
from analysis.describe import SystemSummary
from analysis.gap import Gap
from analysis.results import Recovered, Result
from analysis.words import SIMULATED, number

INK, MUTED, GRID, PAPER, WARN = "#1b1f24", "#6a7280", "#d8dce2", "#fefefe", "#b03a2e"
# Okabe and Ito's palette: told apart with any colour vision.
COLOURS = {
    "reference": "#009e73", "copy_synthesis": "#56b4e9", "system": "#0072b2",
    "baseline": "#d55e00", "anchor_mid": "#8a8f98", "anchor_low": "#8a8f98",
}  # fmt: skip
COMPONENT_COLOURS = ("#0072b2", "#56b4e9", "#d55e00", "#e69f00", "#cc79a7", "#a7adb7")
COMPONENT_LABELS = {
    "listener": "Listener", "utterance": "Text", "listener_system": "Listener × system",
    "utterance_system": "Text × system", "page": "Page (listener × text)", "residual": "Noise",
}  # fmt: skip
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none", "pdf.fonttype": 42, "font.family": "sans-serif", "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": GRID, "axes.labelcolor": INK, "axes.linewidth": 0.8, "xtick.color": MUTED,
    "ytick.color": INK, "xtick.labelcolor": MUTED, "axes.spines.top": False,
    "axes.spines.right": False, "axes.spines.left": False, "axes.grid": True,
    "axes.grid.axis": "x", "grid.color": GRID, "grid.linewidth": 0.7, "axes.axisbelow": True,
    "ytick.left": False, "figure.facecolor": PAPER, "axes.facecolor": "none",
    # A system may be called "a$b_1$c".
    "text.parse_math": False,
}  # fmt: skip
WIDTH = 7.6
FIGURES = ("systems", "gap", "comparisons", "variance")


@dataclass(frozen=True)
class Drawing:
    """One figure, standalone: SVG with real text, and PDF with embedded fonts."""

    svg: str
    pdf: bytes


def drawn(simulated: bool, make: Callable[[], dict[str, Figure]]) -> dict[str, Drawing]:
    """Make figures in the report's style and write them, by file name without suffix."""
    with mpl.rc_context(_STYLE):
        return {name: _drawing(figure, name, simulated) for name, figure in make().items()}


def figures(result: Result) -> dict[str, Figure]:
    """The figures of the headline results; call within `drawn`."""
    planted = {(row.kind, row.name): row for row in result.planted}
    found = {"systems": systems_figure(result.systems, result.ratings.scale)}
    defined = [gap for gap in result.gaps if gap.defined]
    if defined:
        found["gap"] = gap_figure(defined, planted)
    found["comparisons"] = comparisons_figure(result.comparisons, planted)
    if result.components is not None:
        found["variance"] = variance_figure(result.components)
    return found


def inline(svg: str, name: str) -> str:
    """A standalone SVG as an HTML element whose ink follows the page (light, dark, print)."""
    body = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.S)
    body = re.sub(r' xmlns(:\w+)?="[^"]*"', "", body)
    body = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{name}-", body)
    variables = {"ink": INK, "muted": MUTED, "grid": GRID, "paper": PAPER, "warn": WARN}
    for variable, colour in variables.items():
        body = body.replace(colour, f"var(--{variable})")
    return body


def _drawing(figure: Figure, name: str, simulated: bool) -> Drawing:
    if simulated:
        figure.text(
            0.5, 0.5, SIMULATED, ha="center", va="center", rotation=12, fontsize=21,
            fontweight="bold", color=WARN, alpha=0.16, zorder=10,
        )  # fmt: skip
        height = figure.get_figheight()
        figure.text(
            0.01, 1 - 0.05 / height, SIMULATED, va="top", fontsize=9, fontweight="bold",
            color=WARN,
        )  # fmt: skip
    svg, pdf = io.StringIO(), io.BytesIO()
    # A fixed salt and no date: the same result gives the same bytes.
    with mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    nothing = {"CreationDate": None, "Creator": None, "Producer": None}
    figure.savefig(pdf, format="pdf", metadata=nothing)
    return Drawing(svg.getvalue(), pdf.getvalue())


def rows(n: int, height: float, labels: list[str]) -> tuple[Figure, Axes]:
    """A figure with `n` named rows, the first on top, and room for a label above."""
    inches = height * n + 1.05
    figure = Figure(figsize=(WIDTH, inches))
    widest = max(len(label) for label in labels)
    left = min(0.12 + 0.0095 * widest, 0.42)
    bottom, top = 0.6 / inches, 1 - 0.35 / inches
    ax = figure.add_axes((left, bottom, 0.97 - left, top - bottom))
    ax.set_ylim(n - 0.45, -0.55)
    ax.set_yticks(range(n), labels)
    return figure, ax


def systems_figure(systems: tuple[SystemSummary, ...], scale: tuple[float, float]) -> Figure:
    """Distribution of the scores of every system, with quartiles, mean and its interval."""
    figure, ax = rows(len(systems), 0.72, [system.system for system in systems])
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
    ax.set_xlabel(f"Score (points, {low:g} to {high:g})")
    return figure


def gap_figure(gaps: list[Gap], planted: dict[tuple[str, str], Recovered]) -> Figure:
    """Each system between baseline (0 %) and reference (100 %), with Fieller intervals."""
    figure, ax = rows(len(gaps), 0.5, [gap.system for gap in gaps])
    for row, gap in enumerate(gaps):
        ax.plot([0, 100], [row, row], color=GRID, lw=9, solid_capstyle="butt", zorder=1)
        done = float(np.clip(100 * gap.gap, 0, 100))
        ax.plot([0, done], [row, row], color=COLOURS["system"], lw=9, alpha=0.35, zorder=1.5,
                solid_capstyle="butt")  # fmt: skip
        ends = (100 * gap.ci[0], 100 * gap.ci[1])
        interval(ax, row, 100 * gap.gap, ends, COLOURS["system"], "o")
        ax.annotate(
            f"{number(100 * gap.gap)} %", (100 * gap.gap, row), xytext=(0, 8), ha="center",
            textcoords="offset points", fontsize=9,
        )  # fmt: skip
        # Below the bar: above it stands the number.
        _planted_mark(ax, row + 0.5, planted.get(("gap", gap.system)), 100, "^")
    ends = [100 * end for gap in gaps for end in gap.ci]
    ax.set_xlim(min(-5.0, *ends) - 3, max(105.0, *ends) + 3)
    ax.xaxis.set_major_formatter("{x:.0f} %")
    for edge in (0, 100):
        ax.axvline(edge, color=INK, lw=1)
    ax.set_xlabel(
        f"Share of the gap closed: 0 % is {gaps[0].baseline}, 100 % is {gaps[0].reference}"
    )
    _planted_legend(ax, planted, "^")
    return figure


def comparisons_figure(
    comparisons: tuple[Comparison, ...], planted: dict[tuple[str, str], Recovered]
) -> Figure:
    """Forest plot: the difference with the honest interval, and the naive one in grey."""
    figure, ax = rows(len(comparisons), 0.46, [f"{c.x} − {c.y}" for c in comparisons])
    for row, c in enumerate(comparisons):
        if np.isfinite(c.naive_ci[0]):
            interval(ax, row + 0.2, c.fit.raw, c.naive_ci, MUTED, "", width=1.2)
        colour = COLOURS["system"] if c.significant else INK
        ends = c.fit.ci() if c.fit.defined else (c.fit.estimate, c.fit.estimate)
        interval(ax, row - 0.05, c.fit.estimate, ends, colour, "s")
        _planted_mark(ax, row - 0.05, planted.get(("difference", f"{c.x} − {c.y}")), 1)
    ax.axvline(0, color=INK, lw=1)
    ax.set_xlabel("Difference (points); thin grey: if pages were independent, which they are not")
    _planted_legend(ax, planted)
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
        loc="upper center", bbox_to_anchor=(0.5, -0.62), ncols=3, frameon=False, fontsize=9,
        handlelength=1, handleheight=1,
    )  # fmt: skip
    return figure


def interval(
    ax: Axes, y: float, x: float, ends: tuple[float, float], colour: str, marker: str,
    width: float = 2.2,
) -> None:  # fmt: skip
    """A point with its interval, where there is one."""
    if all(np.isfinite(end) for end in ends):
        ax.plot(ends, [y, y], color=colour, lw=width, solid_capstyle="round", zorder=3)
    if marker:
        ax.plot([x], [y], marker=marker, ms=6.5, mfc=colour, mec=PAPER, mew=1.2, zorder=4)


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
