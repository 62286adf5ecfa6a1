"""Progress of a listener through a sitting."""

from dataclasses import dataclass
from typing import Literal

Stage = Literal["consent", "declined", "page", "done", "screened_out", "withdrawn", "closed"]


@dataclass(frozen=True)
class Progress:
    """Position in a sitting: stage, page (from 0), planned pages."""

    stage: Stage
    page: int
    pages: int
    completion_code: str | None
