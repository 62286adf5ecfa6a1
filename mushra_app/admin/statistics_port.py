"""Interface to the statistics, which the command line fills in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mushra_app.design.precision import PrecisionOf, no_precision

# Rows of `ratings_v1`.
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Screened:
    """Result of the screening rule on one question's ratings so far.

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
    """System mean so far, in points.

    `low` and `high` are a 95 % interval for new listeners and sentences.
    """

    question: str
    system: str
    role: str
    ratings: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Statistics:
    """Functions of the statistics; each returns None if these are not installed.

    Attributes:
        screen: flags of listeners; shows nothing of how systems differ.
        means: system means, by question; a call is a look at the results.
        precision: expected precision of a design, computed without any rating.
    """

    screen: Callable[[Rows], list[Screened] | None]
    means: Callable[[Rows], list[SystemMean] | None]
    precision: PrecisionOf


NO_STATISTICS = Statistics(lambda _: None, lambda _: None, no_precision)
