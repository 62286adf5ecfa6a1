"""Where a written token stands: what its readers look at."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Near:
    """The words around a written token, as written: one before, one after, the one before that."""

    before: str = ""
    after: str = ""
    earlier: str = ""


ALONE = Near()


@dataclass(frozen=True)
class Place:
    """A written word where it stands.

    Attributes:
        word: in plain characters.
        near: its neighbours.
        shouted: whether the whole text is in capitals, so that capitals mean nothing.
        known: whether the lexicon has a lower-case word.
        own: whether the user's lexicon has it.
    """

    word: str
    near: Near
    shouted: bool
    known: Callable[[str], bool]
    own: Callable[[str], bool]
