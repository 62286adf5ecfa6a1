"""Figures of a preference test: shares of every pair, and abilities on one scale."""

import numpy as np
from matplotlib.figure import Figure

from analysis.plots import COLOURS, INK, MUTED, PAPER, interval, rows
from analysis.preference import Ability, PairPreference
from analysis.preference_text import PreferenceResult, bounded_abilities
from analysis.words import number, p_equals

FIGURES = ("preferences", "abilities")
_X, _NONE, _Y = COLOURS["system"], "#a7adb7", COLOURS["baseline"]
# A share below this has no room for its number.
_ROOM = 0.055


def preference_figures(result: PreferenceResult) -> dict[str, Figure]:
    """The figures that this result has, by file name without suffix; call within `drawn`."""
    found = {"preferences": preferences_figure(result.found.pairs)}
    abilities = bounded_abilities(result.found)
    if np.isfinite(abilities[0].log_strength):
        found["abilities"] = abilities_figure(abilities)
    return found


def preferences_figure(pairs: tuple[PairPreference, ...]) -> Figure:
    """One bar a pair: share of x, of neither, of y, per cent."""
    figure, ax = rows(len(pairs), 0.5, [pair.x for pair in pairs])
    right = ax.secondary_yaxis("right")
    right.set_yticks(range(len(pairs)), [pair.y for pair in pairs])
    right.tick_params(length=0, labelcolor=INK)
    right.spines["right"].set_visible(False)
    box = ax.get_position()
    widest = max(len(pair.y) for pair in pairs)
    ax.set_position((box.x0, box.y0, 0.97 - min(0.02 + 0.0125 * widest, 0.3) - box.x0, box.height))
    for row, pair in enumerate(pairs):
        left = 0.0
        for count, colour, ink in (
            (pair.n_x, _X, "#ffffff"), (pair.n_none, _NONE, "#1a1a1a"), (pair.n_y, _Y, "#1a1a1a"),
        ):  # fmt: skip
            share = 100 * count / pair.n
            ax.barh([row], [share], left=left, height=0.56, color=colour, edgecolor=PAPER, lw=1)
            if share > 100 * _ROOM:
                ax.text(
                    left + share / 2, row, f"{number(share)} %", ha="center", va="center",
                    fontsize=9, color=ink,
                )  # fmt: skip
            left += share
        p = p_equals(pair.p_adjusted) if pair.fit.defined else "no test"
        ax.text(0.6, row - 0.3, p, ha="left", va="bottom", fontsize=8, color=MUTED)
    # Behind the bars, whose numbers it would cross.
    ax.axvline(50, color=INK, lw=1, ls=":", zorder=0.5)
    ax.set_xlim(0, 100)
    ax.grid(visible=False)
    ax.xaxis.set_major_formatter("{x:.0f} %")
    holm = " after Holm" if pairs[0].family > 1 else ""
    ax.set_xlabel(f"Choices: left system, neither (grey), right system; p{holm}")
    return figure


def abilities_figure(abilities: tuple[Ability, ...]) -> Figure:
    """Forest plot of the log strengths, each also in Elo's units."""
    figure, ax = rows(len(abilities), 0.52, [ability.system for ability in abilities])
    for row, ability in enumerate(abilities):
        interval(ax, row, ability.log_strength, ability.ci, _X, "s")
        ax.annotate(
            f"Elo {number(ability.elo, 0, sign=True)}", (ability.log_strength, row), xytext=(0, 6),
            textcoords="offset points", ha="center", fontsize=8, color=MUTED,
        )  # fmt: skip
    ax.axvline(0, color=INK, lw=1)
    ax.set_xlabel("Log strength (Bradley-Terry), mean of all systems 0")
    return figure
