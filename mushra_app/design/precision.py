"""Interface to the statistics of expected precision.

`intone.command` passes an implementation if the statistics are installed.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Design:
    """Size of a study; pages show all systems, scored 0 to 100.

    Attributes:
        listeners: listeners who finish.
        texts: texts that at least one listener hears.
        pages: texts that each listener hears; they rotate over listeners if fewer than all.
    """

    listeners: int
    texts: int
    pages: int


@dataclass(frozen=True)
class Expected:
    """Expected precision of the difference of two systems.

    Attributes:
        se: standard error for new listeners and new texts, points.
        detectable: true difference that is detected with a power of 80 % at 5 %, points.
        assumed: sentence with the assumptions.
    """

    se: float
    detectable: float
    assumed: str


# It returns None if the statistics are not installed.
PrecisionOf = Callable[[Design], Expected | None]


def no_precision(design: Design) -> Expected | None:
    """Return None: the statistics are not installed."""
    del design
    return None
