"""Shared style of figures: colours, axes, SVG and PDF output."""

import io
import re
import textwrap
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.wording import SIMULATED

INK, MUTED, GRID, PAPER, WARN = "#1b1f24", "#6a7280", "#d8dce2", "#fefefe", "#b03a2e"
# Okabe and Ito's palette: told apart with any colour vision.
COLOURS = {
    "reference": "#009e73",
    "copy_synthesis": "#56b4e9",
    "system": "#0072b2",
    "baseline": "#d55e00",
    "anchor_mid": "#8a8f98",
    "anchor_low": "#8a8f98",
}
COMPONENT_COLOURS = ("#0072b2", "#56b4e9", "#d55e00", "#e69f00", "#cc79a7", "#a7adb7")
COMPONENT_LABELS = {
    "listener": "Listener",
    "utterance": "Text",
    "listener_system": "Listener × system",
    "utterance_system": "Text × system",
    "page": "Page (listener × text)",
    "residual": "Noise",
}
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": INK,
    "xtick.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "x",
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "ytick.left": False,
    "figure.facecolor": PAPER,
    "axes.facecolor": "none",
    # A system may be called "a$b_1$c".
    "text.parse_math": False,
}
WIDTH = 7.6
# Width of a letter, inches, and letters in a line of a figure, at the size of the labels.
_LETTER, _LINE = 0.082, 84


@dataclass(frozen=True)
class Drawing:
    """One figure, standalone: SVG with real text, and PDF with embedded fonts."""

    svg: str
    pdf: bytes


def drawn(simulated: bool, make: Callable[[], dict[str, Figure]]) -> dict[str, Drawing]:
    """Make figures in the report's style, by file name without suffix."""
    with mpl.rc_context(_STYLE):
        return {name: _drawing(figure, name, simulated) for name, figure in make().items()}


def _drawing(figure: Figure, name: str, simulated: bool) -> Drawing:
    if simulated:
        figure.text(
            0.5,
            0.5,
            SIMULATED,
            ha="center",
            va="center",
            rotation=12,
            fontsize=21,
            fontweight="bold",
            color=WARN,
            alpha=0.16,
            zorder=10,
        )
        height = figure.get_figheight()
        figure.text(
            0.01,
            1 - 0.05 / height,
            SIMULATED,
            va="top",
            fontsize=9,
            fontweight="bold",
            color=WARN,
        )
    svg, pdf = io.StringIO(), io.BytesIO()
    # A fixed salt and no date: the same result gives the same bytes.
    nothing = {"CreationDate": None, "Creator": None, "Producer": None}
    with mpl.rc_context({"svg.hashsalt": name}), warnings.catch_warnings():
        # Names in other scripts are text in SVG; in PDF they are boxes (docs/analysis.md).
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
        figure.savefig(pdf, format="pdf", metadata=nothing)
    return Drawing(svg.getvalue(), pdf.getvalue())


def inline(svg: str, name: str) -> str:
    """Return a standalone SVG as HTML whose ink follows the page."""
    body = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.S)
    body = re.sub(r' xmlns(:\w+)?="[^"]*"', "", body)
    body = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{name}-", body)
    variables = {"ink": INK, "muted": MUTED, "grid": GRID, "paper": PAPER, "warn": WARN}
    for variable, colour in variables.items():
        body = body.replace(colour, f"var(--{variable})")
    return body


def rows(n: int, height: float, labels: list[str], bottom: float = 0.75) -> tuple[Figure, Axes]:
    """Return a figure with `n` named rows, the first on top.

    Args:
        n: number of rows.
        height: of one row, inches.
        labels: names of the rows; a line break in one of them stays.
        bottom: room below for ticks and the axis label, inches.
    """
    inches = height * n + bottom + 0.45
    figure = Figure(figsize=(WIDTH, inches))
    widest = max(len(line) for label in labels for line in label.split("\n"))
    left = min((0.3 + _LETTER * widest) / WIDTH, 0.45)
    ax = figure.add_axes((left, bottom / inches, 0.97 - left, 1 - (bottom + 0.35) / inches))
    ax.set_ylim(n - 0.45, -0.55)
    ax.set_yticks(range(n), labels)
    return figure, ax


def plane(height: float) -> tuple[Figure, Axes]:
    """Return a figure with two numeric axes, `height` inches high."""
    figure = Figure(figsize=(WIDTH, height))
    ax = figure.add_axes((0.1, 0.62 / height, 0.87, 1 - 0.92 / height))
    ax.grid(visible=True, axis="both", color=GRID, lw=0.7)
    return figure, ax


def below(ax: Axes, text: str) -> None:
    """Label the x axis, centred in the figure, never wider than it."""
    box = ax.get_position()
    ax.set_xlabel("\n".join(textwrap.wrap(text, _LINE)), x=(0.5 - box.x0) / box.width)


def shorten(name: str, longest: int = 36) -> str:
    """Shorten a name in the middle, as its ends tell it apart."""
    half = (longest - 1) // 2
    return name if len(name) <= longest else f"{name[:half]}…{name[-half:]}"


def pair_label(x: str, y: str) -> str:
    """`x − y`, on two lines if the names are long."""
    whole = f"{x} − {y}"
    return whole if len(whole) <= 30 else f"{shorten(x)}\n− {shorten(y)}"


def interval(
    ax: Axes,
    y: float,
    x: float,
    ends: tuple[float, float],
    colour: str,
    marker: str,
    width: float = 2.2,
) -> None:
    """Draw a point with its interval, where there is one."""
    if all(np.isfinite(end) for end in ends):
        ax.plot(ends, [y, y], color=colour, lw=width, solid_capstyle="round", zorder=3)
    if marker:
        ax.plot([x], [y], marker=marker, ms=6.5, mfc=colour, mec=PAPER, mew=1.2, zorder=4)
