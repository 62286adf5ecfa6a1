"""Observations of an audit's browser, and the results of their checks."""

from collections.abc import Callable
from dataclasses import dataclass, field

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Response:
    """Response as the browser received it.

    `body` is the text, or the first bytes of a sound; `size` is in bytes.
    """

    url: str
    headers: dict[str, str]
    body: str
    size: int


@dataclass(frozen=True)
class BlindnessCheck:
    """Property that keeps listeners blind, and the violations of it."""

    name: str
    against: list[str]

    @property
    def passed(self) -> bool:
        """True if there is no violation."""
        return not self.against


@dataclass
class Observations:
    """All that a browser received in one sitting.

    The dictionaries are by page number.

    Attributes:
        responses: responses to all requests but those for files of the web framework.
        documents: pages as the browser shows them, with its storage.
        sounds: responses to the requests for sounds.
        seconds: by sound, the durations of repeated requests, s.
        lengths: by sound, the decoded length, samples.
        hosts: foreign hosts that were contacted.
    """

    responses: list[Response] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    sounds: dict[int, list[Response]] = field(default_factory=dict)
    seconds: dict[int, list[list[float]]] = field(default_factory=dict)
    lengths: dict[int, list[int]] = field(default_factory=dict)
    hosts: set[str] = field(default_factory=set)
