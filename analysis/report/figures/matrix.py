"""Matrices: win rates of systems, and scores of every text."""

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from analysis.questions.effects import WinRate
from analysis.questions.texts import TextMeans
from analysis.report.figures.style import COLOURS, GRID, INK, WIDTH, below, rows, shorten
from analysis.wording import number

# Columns that can be named, and that leave room for a number in each cell.
_MOST_NAMED, _MOST_NUMBERED = 40, 12
# More columns than this are too thin to see: neighbours are drawn as their mean.
_MOST_COLUMNS = 100
# Steps of the colour scale; cells of one step are one path, so that the page stays small.
_STEPS = 20
# Not the page's ink and paper: text on a coloured cell must not turn with light or dark.
_BLACK, _WHITE = "#000000", "#ffffff"


def wins_figure(wins: tuple[WinRate, ...]) -> Figure:
    """Draw win rates: row's system above column's, per cent of pages."""
    systems = list(dict.fromkeys(win.x for win in wins))
    position = {system: i for i, system in enumerate(systems)}
    figure, ax = _matrix(systems, systems, 0.46)
    for win in wins:
        x, y = position[win.y], position[win.x]
        colour = COLOURS["system"] if win.rate >= 0.5 else COLOURS["baseline"]
        ax.fill(
            [x - 0.48, x + 0.48, x + 0.48, x - 0.48],
            [y - 0.46, y - 0.46, y + 0.46, y + 0.46],
            color=colour,
            alpha=min(0.6, 1.2 * abs(win.rate - 0.5)),
            lw=0,
        )
        ax.text(x, y, f"{100 * win.rate:.0f}", ha="center", va="center", color=INK)
    below(ax, "Pages on which the row scores above the column, % (ties half)")
    return figure


def text_means_figure(texts: TextMeans) -> Figure:
    """Heat map: mean score of every system (row) on every text (column)."""
    means, names = _columns(texts)
    n_texts, n = len(texts.utterances), len(names)
    named = n <= _MOST_NAMED and n == n_texts
    figure, ax = _matrix(list(texts.systems), names if named else [], 0.42, n, room=0.55)
    if not named:
        at = np.unique(np.linspace(0, n - 1, 6).round().astype(int))
        position = np.linspace(1, n_texts, n).round().astype(int)
        ax.set_xticks(at, [str(position[column]) for column in at])
    low, high = 10 * np.floor(np.nanmin(means) / 10), 10 * np.ceil(np.nanmax(means) / 10)
    edges = np.linspace(low, max(high, low + 1), _STEPS + 1)
    colours = [to_hex(c) for c in mpl.colormaps["viridis"](np.linspace(0, 1, _STEPS))]
    steps = np.clip(np.searchsorted(edges, means, side="right") - 1, 0, _STEPS - 1)
    for step, colour in enumerate(colours):
        cells = np.argwhere((steps == step) & ~np.isnan(means))
        if len(cells):
            _cells(ax, cells, colour)
    if n <= _MOST_NUMBERED:
        for (column, row), mean in np.ndenumerate(means):
            if np.isfinite(mean):
                ink = _ink(colours[steps[column, row]])
                ax.text(
                    column,
                    row,
                    number(float(mean), 0),
                    ha="center",
                    va="center",
                    color=ink,
                    fontsize=9,
                )
    _scale(figure, ax, edges, colours)
    drawn = "" if n == n_texts else f", neighbours together in {n} columns"
    below(ax, f"{n_texts} texts, by {texts.x} − {texts.y}, the lowest on the left{drawn}")
    return figure


def _ink(colour: str) -> str:
    """Return black or white, by contrast (WCAG 2.2, relative luminance)."""
    parts = np.array(to_rgb(colour))
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    luminance = float(linear @ np.array([0.2126, 0.7152, 0.0722]))
    return _WHITE if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 else _BLACK


def _columns(texts: TextMeans) -> tuple[np.ndarray, list[str]]:
    """Return mean scores [columns, S] with names; many texts are binned."""
    if len(texts.utterances) <= _MOST_COLUMNS:
        return texts.means, [shorten(name, 20) for name in texts.utterances]
    parts = np.array_split(np.arange(len(texts.utterances)), _MOST_COLUMNS)
    known = ~np.isnan(texts.means)
    total = np.where(known, texts.means, 0.0)
    count = np.stack([known[part].sum(0) for part in parts])
    sums = np.stack([total[part].sum(0) for part in parts])
    means = np.where(count > 0, sums / np.maximum(count, 1), np.nan)
    return means, [""] * _MOST_COLUMNS


def _matrix(
    systems: list[str], columns: list[str], height: float, n: int | None = None, room: float = 0.0
) -> tuple[Figure, Axes]:
    """Axes of a matrix with slanted names below.

    Args:
        systems: names of the rows.
        columns: names of the columns; none: the caller numbers them.
        height: of a row, inches.
        n: number of columns, where they have no names.
        room: what stays free on the right, inches.
    """
    names = [shorten(name, 20) for name in columns]
    upright = len(names) > _MOST_NUMBERED
    longest = max((len(name) for name in names), default=0)
    bottom = 0.6 + (0.08 if upright else 0.045) * longest
    figure, ax = rows(len(systems), height, [shorten(name) for name in systems], max(bottom, 0.75))
    box = ax.get_position()
    ax.set_position((box.x0, box.y0, box.width - room / WIDTH, box.height))
    n = n or len(columns)
    ax.set_xlim(-0.5, n - 0.5)
    if names:
        ax.set_xticks(
            range(n),
            names,
            rotation=90 if upright else 35,
            fontsize=8 if upright else 9,
            ha="center" if upright else "right",
            rotation_mode=None if upright else "anchor",
        )
    ax.tick_params(length=0)
    ax.grid(visible=False)
    return figure, ax


def _cells(ax: Axes, cells: np.ndarray, colour: str) -> None:
    """Draw all cells (column, row) of one colour as one shape."""
    corners = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5), (-0.5, -0.5)])
    shape = Path.make_compound_path(*(Path(corners + cell, closed=True) for cell in cells))
    # The edge hides the seams.
    ax.add_patch(PathPatch(shape, facecolor=colour, edgecolor=colour, lw=0.3))


def _scale(figure: Figure, ax: Axes, edges: np.ndarray, colours: list[str]) -> None:
    """Draw the colours and their scores beside the matrix."""
    box = ax.get_position()
    bar = figure.add_axes((box.x1 + 0.15 / WIDTH, box.y0, 0.14 / WIDTH, box.height))
    for low, high, colour in zip(edges, edges[1:], colours, strict=False):
        bar.axhspan(low, high, color=colour, lw=0.3)
    bar.set_ylim(edges[0], edges[-1])
    bar.set_xticks([])
    bar.grid(visible=False)
    bar.yaxis.tick_right()
    bar.tick_params(axis="y", length=0, labelsize=8)
    for spine in bar.spines.values():
        spine.set_edgecolor(GRID)
