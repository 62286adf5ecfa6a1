"""What the doors of a sitting speak of: where it stands, a score, a refusal."""

import hashlib
from dataclasses import dataclass
from typing import Literal

Stage = Literal["consent", "declined", "page", "done", "screened_out", "withdrawn", "closed"]


class RefusedError(Exception):
    """A request that does not fit the state of the sitting; `status` is the HTTP status."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True)
class Progress:
    """Where a sitting stands. `page` counts from 0; `pages` is how many are planned."""

    stage: Stage
    page: int
    pages: int
    completion_code: str | None


@dataclass(frozen=True)
class Score:
    """What a slider says: `score` or none, `seq` grows with every change."""

    score: int | None
    n_plays: int
    heard_ms: int
    rating_time_ms: int | None
    seq: int


def sha256(value: str) -> str:
    """Digest of a text, in hexadecimal."""
    return hashlib.sha256(value.encode()).hexdigest()
