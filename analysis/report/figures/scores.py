"""Figures of the report: matplotlib without its global state, written as SVG with real text."""

import io
import re
import textwrap
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.questions.alternatives import PairTest
from analysis.questions.compare import Comparison
from analysis.questions.components import Components
from analysis.questions.describe import SystemSummary
from analysis.questions.gap import Gap
from analysis.report.result import Recovered, Result
from analysis.wording import SIMULATED, number

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
# Width of a letter, inches, and letters in a line of a figure, at the size of the labels.
_LETTER, _LINE = 0.082, 84
_NOWHERE = (float("nan"), float("nan"))
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


def figures(result: Result, scopes: Sequence[PairTest]) -> dict[str, Figure]:
    """The figures of the headline results; call within `drawn`.

    Args:
        result: the analysis.
        scopes: every declared pair by listener means, then by text means.
    """
    planted = {(row.kind, row.name): row for row in result.planted}
    found = {"systems": systems_figure(result.systems, result.ratings.scale)}
    defined = [gap for gap in result.gaps if gap.defined]
    if defined:
        found["gap"] = gap_figure(defined, planted)
    found["comparisons"] = comparisons_figure(result.comparisons, scopes, planted)
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
    nothing = {"CreationDate": None, "Creator": None, "Producer": None}
    with mpl.rc_context({"svg.hashsalt": name}), warnings.catch_warnings():
        # Names in other scripts are text in SVG; in PDF they are boxes (docs/analysis.md).
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
        figure.savefig(pdf, format="pdf", metadata=nothing)
    return Drawing(svg.getvalue(), pdf.getvalue())


def rows(n: int, height: float, labels: list[str], bottom: float = 0.75) -> tuple[Figure, Axes]:
    """A figure with `n` named rows, the first on top, with room for a label above.

    Args:
        n: number of rows.
        height: of one row, inches.
        labels: names of the rows; a line break in one of them stays.
        bottom: room below for ticks and what is said of the axis, inches.
    """
    inches = height * n + bottom + 0.45
    figure = Figure(figsize=(WIDTH, inches))
    widest = max(len(line) for label in labels for line in label.split("\n"))
    left = min((0.3 + _LETTER * widest) / WIDTH, 0.45)
    ax = figure.add_axes((left, bottom / inches, 0.97 - left, 1 - (bottom + 0.35) / inches))
    ax.set_ylim(n - 0.45, -0.55)
    ax.set_yticks(range(n), labels)
    return figure, ax


def below(ax: Axes, text: str) -> None:
    """Say what the axis shows, centred in the figure and never wider than it."""
    box = ax.get_position()
    ax.set_xlabel("\n".join(textwrap.wrap(text, _LINE)), x=(0.5 - box.x0) / box.width)


def shorten(name: str, longest: int = 36) -> str:
    """A name that fits into a figure; the middle goes, because ends tell names apart."""
    half = (longest - 1) // 2
    return name if len(name) <= longest else f"{name[:half]}…{name[-half:]}"


def pair_label(x: str, y: str) -> str:
    """`x − y`, on two lines if the names are long."""
    whole = f"{x} − {y}"
    return whole if len(whole) <= 30 else f"{shorten(x)}\n− {shorten(y)}"


def systems_figure(systems: tuple[SystemSummary, ...], scale: tuple[float, float]) -> Figure:
    """Distribution of the scores of every system, with quartiles, mean and its interval."""
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
    """Each system between baseline (0 %) and reference (100 %), with Fieller intervals."""
    figure, ax = rows(len(gaps), 0.5, [shorten(gap.system) for gap in gaps])
    for row, gap in enumerate(gaps):
        ax.plot([0, 100], [row, row], color=GRID, lw=9, solid_capstyle="butt", zorder=1)
        done = float(np.clip(100 * gap.gap, 0, 100))
        ax.plot([0, done], [row, row], color=COLOURS["system"], lw=9, alpha=0.35, zorder=1.5,
                solid_capstyle="butt")  # fmt: skip
        ends = (100 * gap.ci[0], 100 * gap.ci[1])
        interval(ax, row, 100 * gap.gap, ends, COLOURS["system"], "o")
        side = "right" if gap.gap > 0.7 else "left"
        ax.annotate(
            f"{number(100 * gap.gap)} % ({number(gap.raw_gain, sign=True)} points)",
            (100 * gap.gap, row), xytext=(-3 if side == "left" else 3, 8), ha=side,
            textcoords="offset points", fontsize=9,
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.8},
        )  # fmt: skip
        # Below the bar: above it stands the number.
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
    """Forest plot: the difference with the honest interval, and below it thinner ones.

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
        ends = c.fit.ci() if c.fit.defined else (c.fit.estimate, c.fit.estimate)
        interval(ax, row - 0.1, c.fit.estimate, ends, colour, "s")
        _planted_mark(ax, row - 0.1, planted.get(("difference", f"{c.x} − {c.y}")), 1)
        for place, (method, (_, thin)) in enumerate(thinner.items()):
            ci = c.naive_ci if method == "pages" else alone.get((c.x, c.y, method), _NOWHERE)
            interval(ax, row + 0.1 + 0.13 * place, c.fit.raw, ci, thin, "", width=1.4)
    ax.axvline(0, color=INK, lw=1)
    below(ax, "Difference (points)")
    _planted_legend(ax, planted)
    keys = [Line2D([], [], color=colour, lw=1.4, label=label) for label, colour in thinner.values()]
    figure.legend(
        handles=keys, loc="lower center", ncols=2, frameon=False, fontsize=8.5, borderpad=0,
        bbox_to_anchor=(0.5, 0.02), handlelength=1.6,
    )  # fmt: skip
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
