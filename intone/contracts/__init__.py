"""The two documents through which the rooms meet: the stimulus set and the ratings.

`tts_core` writes stimulus sets, `mushra_app` reads them and writes ratings, `analysis` reads those.
The rooms import these models and nothing of each other. This package imports pydantic only.
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
from intone.contracts.stimuli import Role, Source, Stimulus, StimulusSet

__all__ = [
    "LOOK_COLUMNS",
    "PREFERENCE_COLUMNS",
    "RATING_COLUMNS",
    "SESSION_COLUMNS",
    "Look",
    "Origin",
    "Phase",
    "Preference",
    "Rating",
    "Role",
    "Session",
    "Source",
    "Stimulus",
    "StimulusSet",
    "Tool",
]
