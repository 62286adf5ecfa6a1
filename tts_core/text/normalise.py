"""Normalisation: written text to units with their spoken words.

Every written word stays one unit, whatever its number of spoken words, so that prosody can be
tied to what the reader sees. Symbols are spoken if `SYMBOLS` has a word for them and dropped
otherwise (emoji, bullets); letters and digits are never dropped.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from intone.errors import UserError
from tts_core.text.readers import say
from tts_core.text.scan import scan
from tts_core.text.token_context import Near, WrittenToken
from tts_core.text.tokens import punctuation_mark


@dataclass(frozen=True)
class Unit:
    """A written word or a punctuation mark.

    Attributes:
        text: as written.
        plain: in plain characters, which taggers and encoders read.
        spoken_words: in lower case, letter names as "b."; empty for punctuation.
        start, end: span in the text, end exclusive.
    """

    text: str
    plain: str
    spoken_words: tuple[str, ...]
    start: int
    end: int

    @property
    def punctuation(self) -> bool:
        """Flag of a punctuation mark."""
        return not self.spoken_words

    @property
    def spoken(self) -> str:
        """Spoken words, for people and recognisers."""
        return " ".join(word.replace(".", "") for word in self.spoken_words)


def normalise(
    text: str,
    known: Callable[[str], bool] = lambda _: False,
    from_user: Callable[[str], bool] = lambda _: False,
) -> list[Unit]:
    """Split a text into units with their spoken words.

    Args:
        text: English text.
        known: whether the lexicon has a lower-case word; capitals that it lacks are spelled out.
        from_user: whether the user gave a pronunciation of the lower-case word, read as written.

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
        spoken: list[str] = []
        if punctuation_mark(piece.text) is None:
            near = Near(words[index + 1], words[index + 3], words[index])
            spoken = say(WrittenToken(piece.text, near, shouted, known, from_user))
            if not spoken:
                raise UserError(f"the word {piece.text!r} cannot be said; write it differently")
        written = text[piece.start : piece.end]
        units.append(Unit(written, piece.text, tuple(spoken), piece.start, piece.end))
    if all(unit.punctuation for unit in units):
        raise UserError(f"the text {text.strip()[:60]!r} has no words that can be said")
    return units


def _shouted(text: str) -> bool:
    """Return whether capitals are mere emphasis.

    All letters of several words are capitals, and one word is no acronym.
    """
    words = re.findall(r"[^\W\d_]{2,}", text)
    return text.upper() == text and len(words) > 1 and max(map(len, words)) > 3
