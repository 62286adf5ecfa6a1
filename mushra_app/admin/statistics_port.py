"""What the statistics tell these pages, if the composition root hands them over."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mushra_app.design.precision import PrecisionOf, no_precision

# Rows of `ratings_v1`.
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Screened:
    """What the screening rule would say of one question's ratings so far.

    Attributes:
        question: what was rated.
        rule: name of the rule.
        flags: by listener, the reasons in words.
        notes: sentences on how the rule applied, or why it could not.
    """

    question: str
    rule: str
    flags: dict[str, tuple[str, ...]]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class SystemMean:
    """One system's scores so far: points, with a 95 % interval for new listeners and sentences."""

    question: str
    system: str
    role: str
    ratings: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Statistics:
    """The statistics; each gives None where they are not installed.

    Attributes:
        screen: flags of listeners; shows nothing of how systems differ.
        means: system means, by question; asking is a look at the results.
        precision: what a design is expected to tell, without any rating.
    """

    screen: Callable[[Rows], list[Screened] | None]
    means: Callable[[Rows], list[SystemMean] | None]
    precision: PrecisionOf


NO_STATISTICS = Statistics(lambda _: None, lambda _: None, no_precision)
