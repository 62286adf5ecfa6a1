"""Written text to units: words with what is said for each, and punctuation marks.

Every written word stays one unit, whatever number of words is said for it, so that prosody can be
tied to what the reader sees. Symbols are said if `SYMBOLS` has a word for them and dropped
otherwise (emoji, bullets); letters and digits are never dropped.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from intone.errors import UserError
from tts_core.text.readers import say
from tts_core.text.scan import scan
from tts_core.text.token_context import Near, Place
from tts_core.text.tokens import punctuation_mark


@dataclass(frozen=True)
class Unit:
    """A written word or a punctuation mark.

    Attributes:
        text: as written.
        plain: in plain characters, which taggers and encoders read.
        said: lower-case words as said, letter names as "b."; empty for punctuation.
        start, end: span in the text, end exclusive.
    """

    text: str
    plain: str
    said: tuple[str, ...]
    start: int
    end: int

    @property
    def punctuation(self) -> bool:
        """Whether this is a punctuation mark."""
        return not self.said

    @property
    def spoken(self) -> str:
        """What is said, for people and recognisers."""
        return " ".join(word.replace(".", "") for word in self.said)


def normalise(
    text: str,
    known: Callable[[str], bool] = lambda _: False,
    own: Callable[[str], bool] = lambda _: False,
) -> list[Unit]:
    """Split a text into units and say each.

    Args:
        text: English text.
        known: whether the lexicon has a lower-case word; capitals that it lacks are spelled out.
        own: whether the user gave a pronunciation of the lower-case word; it is said as written.

    Raises:
        UserError: no words, letters that are not Latin, or a word that cannot be said.
    """
    if not text.strip():
        raise UserError("the text is empty; give at least one word")
    pieces = scan(text)
    words = ["", "", *(piece.text for piece in pieces), ""]
    shouted = _shouted(text)
    units: list[Unit] = []
    for index, piece in enumerate(pieces):
        said: list[str] = []
        if punctuation_mark(piece.text) is None:
            near = Near(words[index + 1], words[index + 3], words[index])
            said = say(Place(piece.text, near, shouted, known, own))
            if not said:
                raise UserError(f"the word {piece.text!r} cannot be said; write it in other words")
        written = text[piece.start : piece.end]
        units.append(Unit(written, piece.text, tuple(said), piece.start, piece.end))
    if all(unit.punctuation for unit in units):
        raise UserError(f"the text {text.strip()[:60]!r} has no words that can be said")
    return units


def _shouted(text: str) -> bool:
    """Whether capitals are mere emphasis: all letters of several words, one of them no acronym."""
    words = re.findall(r"[^\W\d_]{2,}", text)
    return text.upper() == text and len(words) > 1 and max(map(len, words)) > 3
