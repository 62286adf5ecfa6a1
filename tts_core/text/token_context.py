"""Context of a written token, for its readers."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Near:
    """Words around a written token, as written.

    `before` and `after` are next to it, `earlier` is before `before`.
    """

    before: str = ""
    after: str = ""
    earlier: str = ""


ALONE = Near()


@dataclass(frozen=True)
class WrittenToken:
    """Written word in its context.

    Attributes:
        word: in plain characters.
        near: its neighbours.
        shouted: whether the whole text is in capitals, so that capitals mean nothing.
        known: whether the lexicon has a lower-case word.
        from_user: whether the user's lexicon has it.
    """

    word: str
    near: Near
    shouted: bool
    known: Callable[[str], bool]
    from_user: Callable[[str], bool]
