"""Roman numerals: what they count decides how they are said."""

import re

from tts_core.text import numerals
from tts_core.text.plain import fold
from tts_core.text.token_context import Place
from tts_core.text.written_forms import NUMBERED, REGNAL

_VERB_AFTER_NAME = {"of", "was", "died", "ruled", "reigned", "and", "had", "became", "is"}


def value(text: str) -> int | None:
    """Value of a Roman numeral in capitals; None if it is none."""
    shape = r"(?=.)M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
    if not re.fullmatch(shape, text):
        return None
    values = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
    worth = [values[letter] for letter in text]
    pairs = zip(worth, [*worth[1:], 0], strict=True)
    return sum(-here if here < after else here for here, after in pairs)


def say(place: Place) -> list[str] | None:
    """VIII is "the eighth" after Henry and "two" after War; MMXX alone is a year."""
    word, before = place.word.removesuffix("'s"), place.near.before.removesuffix(".")
    numbered = before.lower() in NUMBERED or before.lower().removesuffix("s") in NUMBERED
    low, _, high = (value(part.upper()) for part in word.partition("-"))
    if numbered and low and high:
        return [*numerals.cardinal(low).split(), "to", *numerals.cardinal(high).split()]
    here = value(word.upper()) if word.isupper() or numbered else None
    if here is None or (place.shouted and len(word) < 2):
        return None
    said = _said(word, here, before, numbered, place)
    return [*said[:-1], said[-1] + place.word[len(word) :]] if said else None


def _said(word: str, here: int, before: str, numbered: bool, place: Place) -> list[str] | None:
    if before in ("and", "to", "&") and value(place.near.earlier):
        return numerals.cardinal(here).split()
    if numbered and (word.isupper() or not place.known(word)):
        capital = before[:1].isupper() or before.lower() == "war"
        return numerals.cardinal(here).split() if capital or len(word) > 1 else None
    if place.known(fold(word)) and len(word) > 3:
        return None
    if len(word) == 1 and not _regnal(word, before, place.near.after):
        return None
    if before[:1].isupper() and here < 40 and not place.shouted:
        return ["the", *numerals.ordinal(here).split()]
    return numerals.year(here).split() if 1000 <= here <= 2099 and len(word) > 3 else None


def _regnal(numeral: str, name: str, after: str) -> bool:
    if name.lower() not in REGNAL:
        return False
    return numeral in "VX" or (
        numeral == "I" and (not after.isalpha() or after in _VERB_AFTER_NAME)
    )
