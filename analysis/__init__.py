"""From ratings to a report, or to the cells of a notebook.

    import analysis

    ratings = analysis.read_ratings("ratings.csv", baseline="ntts", reference="recordings")
    analysis.gap_table(ratings)  # displays as a table, prints as sentences
    analysis.comparison_table(ratings, method="wilcoxon")

    choices = analysis.read_preferences("preferences.csv")
    analysis.preference_table(choices)

Each further section of a report is a function: `from analysis.questions.omnibus import omnibus`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.data.preferences import read_preferences
    from analysis.data.ratings import read_ratings
    from analysis.notebook import (
        ability_table,
        comparison_table,
        gap_table,
        listener_table,
        preference_table,
        system_table,
        text_table,
    )
    from analysis.report.result import analyse

__all__ = [
    "ability_table",
    "analyse",
    "comparison_table",
    "gap_table",
    "listener_table",
    "preference_table",
    "read_preferences",
    "read_ratings",
    "system_table",
    "text_table",
]

_ELSEWHERE = {
    "read_ratings": "analysis.data.ratings",
    "read_preferences": "analysis.data.preferences",
    "analyse": "analysis.report.result",
}


def __getattr__(name: str) -> object:
    # Late, because the command line must start without NumPy and pandas.
    if name not in __all__:
        raise AttributeError(f"module 'analysis' has no attribute {name!r}")
    return getattr(import_module(_ELSEWHERE.get(name, "analysis.notebook")), name)
