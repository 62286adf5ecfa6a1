"""Figures of a preference test: shares of pairs, abilities."""

import numpy as np
from matplotlib.figure import Figure

from analysis.questions.preference import Ability, PairPreference
from analysis.report.figures.style import COLOURS, INK, MUTED, PAPER, interval, rows
from analysis.report.preference.text import PreferenceResult, bounded_abilities
from analysis.wording import number, p_equals

FIGURES = ("preferences", "abilities")
_X, _NONE, _Y = COLOURS["system"], "#a7adb7", COLOURS["baseline"]
# A share below this has no room for its number.
_ROOM = 0.055


def preference_figures(result: PreferenceResult) -> dict[str, Figure]:
    """Return the figures by file name without suffix; call within `drawn`."""
    drawings = {"preferences": preferences_figure(result.preferences.pairs)}
    abilities = bounded_abilities(result.preferences)
    if np.isfinite(abilities[0].log_strength):
        drawings["abilities"] = abilities_figure(abilities)
    return drawings


def preferences_figure(pairs: tuple[PairPreference, ...]) -> Figure:
    """Draw a bar a pair: share of x, of neither, of y."""
    # Names are above their ends of the bar, however long they are.
    figure, ax = rows(len(pairs), 0.62, ["" for _ in pairs])
    box = ax.get_position()
    ax.set_position((0.03, box.y0, 0.94, box.height))
    for row, pair in enumerate(pairs):
        left = 0.0
        for count, colour, ink in (
            (pair.n_x, _X, "#ffffff"),
            (pair.n_none, _NONE, "#1a1a1a"),
            (pair.n_y, _Y, "#1a1a1a"),
        ):
            share = 100 * count / pair.n
            ax.barh(
                [row + 0.15], [share], left=left, height=0.5, color=colour, edgecolor=PAPER, lw=1
            )
            if share > 100 * _ROOM:
                ax.text(
                    left + share / 2,
                    row + 0.15,
                    f"{number(share)} %",
                    ha="center",
                    va="center",
                    fontsize=9,
                    color=ink,
                )
            left += share
        p = p_equals(pair.p_adjusted) if pair.fit.defined else "no test"
        for x, text, side in ((0, pair.x, "left"), (100, pair.y, "right")):
            ax.text(x, row - 0.14, text, ha=side, va="bottom", fontsize=10, color=INK)
        ax.text(50, row - 0.14, p, ha="center", va="bottom", fontsize=9, color=MUTED)
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
            f"Elo {number(ability.elo, 0, sign=True)}",
            (ability.log_strength, row),
            xytext=(0, 6),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            color=MUTED,
        )
    ax.axvline(0, color=INK, lw=1)
    ax.set_xlabel("Log strength (Bradley-Terry), mean of all systems 0")
    return figure
