"""What the statistics tell this room, if the composition root hands them over."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Design:
    """Size of a study of which every page shows all systems, from 0 to 100.

    Attributes:
        listeners: listeners who finish.
        texts: texts that anybody hears.
        pages: texts that each listener hears; they rotate over listeners if fewer than all.
    """

    listeners: int
    texts: int
    pages: int


@dataclass(frozen=True)
class Expected:
    """What a design is expected to tell about the difference of two systems.

    Attributes:
        se: standard error for new listeners and new texts, points.
        detectable: true difference that is found with 80 % probability at 5 %, points.
        assumed: a sentence on what the numbers rest on.
    """

    se: float
    detectable: float
    assumed: str


# None from it: the statistics are not installed.
PrecisionOf = Callable[[Design], Expected | None]


def no_precision(design: Design) -> Expected | None:
    """Stands where nothing was handed over."""
    del design
    return None
