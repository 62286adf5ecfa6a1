"""State of one slider of a rating page."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """State of a slider.

    `score` is None before the first rating; `seq` grows with each change.
    """

    score: int | None
    n_plays: int
    heard_ms: int
    rating_time_ms: int | None
    seq: int
