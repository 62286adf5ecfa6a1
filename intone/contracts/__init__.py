"""Contracts between the rooms: stimulus set, ratings and options of the report.

`tts_core` writes stimulus sets, as do imports of `mushra_app`. `mushra_app` plays them and writes
ratings; `analysis` reads ratings, and stimulus sets to let their worst texts be heard.
A registered plan of `mushra_app` holds options of the report that `analysis` makes.
The rooms import these models and nothing of each other. This package needs pydantic and PyYAML.
"""

from intone.contracts.ratings import (
    LOOK_COLUMNS,
    PREFERENCE_COLUMNS,
    RATING_COLUMNS,
    SESSION_COLUMNS,
    Look,
    Origin,
    Phase,
    Preference,
    Rating,
    Session,
    Tool,
)
from intone.contracts.report_options import Contrasts, Repeats, ReportOptions, ScreeningRule
from intone.contracts.stimuli import Role, Source, Stimulus, StimulusSet

__all__ = [
    "LOOK_COLUMNS",
    "PREFERENCE_COLUMNS",
    "RATING_COLUMNS",
    "SESSION_COLUMNS",
    "Contrasts",
    "Look",
    "Origin",
    "Phase",
    "Preference",
    "Rating",
    "Repeats",
    "ReportOptions",
    "Role",
    "ScreeningRule",
    "Session",
    "Source",
    "Stimulus",
    "StimulusSet",
    "Tool",
]
