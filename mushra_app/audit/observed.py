"""Everything that an audit's browser received, and the checks of it."""

from collections.abc import Callable
from dataclasses import dataclass, field

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Answer:
    """A response as the browser got it. `body` is text; of a sound, its first bytes."""

    url: str
    headers: dict[str, str]
    body: str
    size: int


@dataclass(frozen=True)
class Check:
    """One property, and what speaks against it."""

    name: str
    against: list[str]

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.against


@dataclass
class Sitting:
    """What a browser saw on the way through the study, page by page."""

    answers: list[Answer] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    sounds: dict[int, list[Answer]] = field(default_factory=dict)
    seconds: dict[int, list[list[float]]] = field(default_factory=dict)
    lengths: dict[int, list[int]] = field(default_factory=dict)
    hosts: set[str] = field(default_factory=set)
