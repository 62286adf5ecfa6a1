"""Figures of further analyses: alternatives, texts, listeners, ranks, planning."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from analysis.questions.listeners import Listener
from analysis.questions.ranks import RankStability
from analysis.report.details import Details, PairDetails, Planning
from analysis.report.figures.matrix import text_means_figure, wins_figure
from analysis.report.figures.style import (
    COLOURS,
    COMPONENT_COLOURS,
    INK,
    MUTED,
    WARN,
    below,
    interval,
    plane,
    rows,
    shorten,
)
from analysis.wording import threshold

FIGURES = ("sensitivity", "texts", "text_means", "listeners", "wins", "ranks", "planning")
# More rows than this are a table, not a figure.
_MOST_ROWS = 60
_BLUE = COLOURS["system"]


def detail_figures(details: Details) -> dict[str, Figure]:
    """All figures that these details have, by file name without suffix."""
    drawings: dict[str, Figure] = {}
    if details.pairs:
        first = details.pairs[0]
        if first.universes is not None:
            drawings["sensitivity"] = sensitivity_figure(first, details.alpha)
        if len(first.items) > 1:
            drawings["texts"] = texts_figure(first)
            drawings["text_means"] = text_means_figure(details.texts)
    if sum(_placed(row) for row in details.listeners) > 1:
        drawings["listeners"] = listeners_figure(details.listeners)
    if details.wins:
        drawings["wins"] = wins_figure(details.wins)
    if details.ranks is not None:
        drawings["ranks"] = ranks_figure(details.ranks)
    if details.planning is not None:
        drawings["planning"] = planning_figure(details.planning)
    return drawings


def sensitivity_figure(pair: PairDetails, alpha: float) -> Figure:
    """Forest plot of one difference under all analyses that answer in points."""
    assert pair.universes is not None
    universes = [row for row in pair.universes.universes if row.unit == "points"]
    figure, ax = rows(len(universes), 0.34, [row.choice for row in universes])
    for row_index, row in enumerate(universes):
        if not np.isfinite(row.estimate):
            continue
        colour = _BLUE if row_index == 0 else INK
        interval(ax, row_index, row.estimate, row.ci, colour, "s" if row.p < alpha else "o")
    ax.axvline(0, color=INK, lw=1)
    below(ax, f"{pair.x} − {pair.y} (points); squares: p < {threshold(alpha)}, not corrected")
    return figure


def texts_figure(pair: PairDetails) -> Figure:
    """Caterpillar: the difference on every text, the lowest first; outliers in red."""
    items = list(pair.items)
    if len(items) > _MOST_ROWS:
        half = _MOST_ROWS // 2
        items = items[:half] + items[-half:]
    figure, ax = rows(len(items), 0.24, [shorten(item.utterance) for item in items])
    for row_index, item in enumerate(items):
        interval(ax, row_index, item.mean, item.ci, WARN if item.outlier else INK, "o", width=1.4)
        ax.plot([item.predicted], [row_index], marker="|", ms=8, mew=1.6, color=_BLUE, zorder=5)
    ax.axvline(0, color=INK, lw=1)
    # Two listeners who differ a little give an interval wider than the scale, which would squeeze
    # everything else.
    reach = np.array([end for item in items for end in item.ci if np.isfinite(end)])
    means = [item.mean for item in items]
    if len(reach):
        low, high = np.quantile(reach, [0.05, 0.95])
        ax.set_xlim(min(0.0, low, *means) - 3, max(0.0, high, *means) + 3)
    left_out = len(pair.items) - len(items)
    more = f"; {left_out} in the middle not drawn" if left_out else ""
    below(ax, f"{pair.x} − {pair.y} (points); blue tick: prediction for new listeners{more}")
    return figure


def _placed(row: Listener) -> bool:
    return bool(np.isfinite(row.correlation) and np.isfinite(row.discrimination))


def listeners_figure(listeners: tuple[Listener, ...]) -> Figure:
    """Agreement with the others against telling systems apart; flagged listeners by name."""
    figure, ax = plane(3.4)
    for row in filter(_placed, listeners):
        strength = row.discrimination / max(row.noise_floor, 1e-9)
        colour = WARN if row.flags else _BLUE
        ax.plot([row.correlation], [strength], "o", ms=7, mfc=colour, mec="none", alpha=0.65)
        if row.flags:
            ax.annotate(
                row.listener,
                (row.correlation, strength),
                xytext=(6, 3),
                fontsize=8,
                textcoords="offset points",
                color=INK,
            )
    ax.axhline(1, color=MUTED, lw=1, ls="--")
    ax.set_yscale("log")
    # Plain numbers: names with "$" forbid the mathematics that powers of ten are set in.
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("Correlation with the mean of the others")
    ax.set_ylabel("Discrimination (1: noise)", color=INK)
    return figure


def ranks_figure(ranks: RankStability) -> Figure:
    """Chance of every rank for every system, over resampled listeners and texts."""
    figure, ax = rows(len(ranks.systems), 0.4, [shorten(name) for name in ranks.systems])
    for row_index, chance in enumerate(ranks.chance):
        left = 0.0
        for rank, share in enumerate(chance):
            colour = COMPONENT_COLOURS[rank % len(COMPONENT_COLOURS)]
            ax.barh(row_index, 100 * share, 0.6, left, color=colour, alpha=0.7, lw=0)
            if share > 0.06:
                at = left + 50 * share
                ax.text(
                    at, row_index, f"{rank + 1}", ha="center", va="center", fontsize=8, color=INK
                )
            left += 100 * share
    ax.set_xlim(0, 100)
    below(ax, "Chance of each rank (number), % of resampled studies")
    return figure


def planning_figure(planning: Planning) -> Figure:
    """Draw the difference detected with 80 % power by listeners and texts."""
    figure, ax = plane(3.4)
    texts = sorted({row.n_utterances for row in planning.designs})
    for n_texts, colour in zip(texts, COMPONENT_COLOURS, strict=False):
        curve = [row for row in planning.designs if row.n_utterances == n_texts]
        ax.plot(
            [row.n_listeners for row in curve],
            [row.detectable for row in curve],
            "o-",
            color=colour,
            ms=4.5,
            lw=1.8,
            label=f"{n_texts} texts",
        )
    ax.set_ylim(0, None)
    ax.set_xlabel("Listeners")
    ax.set_ylabel("Detectable difference (points)", color=INK)
    ax.legend(frameon=False, fontsize=9)
    return figure
