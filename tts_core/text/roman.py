"""Roman numerals, read by what they count."""

import re

from tts_core.text import numerals
from tts_core.text.plain import fold
from tts_core.text.token_context import WrittenToken
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
    return sum(-current if current < after else current for current, after in pairs)


def say(token: WrittenToken) -> list[str] | None:
    """Read a Roman numeral.

    VIII is "the eighth" after Henry and "two" after War; MMXX alone is a year.
    """
    word, before = token.word.removesuffix("'s"), token.near.before.removesuffix(".")
    numbered = before.lower() in NUMBERED or before.lower().removesuffix("s") in NUMBERED
    low, _, high = (value(part.upper()) for part in word.partition("-"))
    if numbered and low and high:
        return [*numerals.cardinal(low).split(), "to", *numerals.cardinal(high).split()]
    amount = value(word.upper()) if word.isupper() or numbered else None
    if amount is None or (token.shouted and len(word) < 2):
        return None
    words = _words(word, amount, before, numbered, token)
    return [*words[:-1], words[-1] + token.word[len(word) :]] if words else None


def _words(
    word: str, amount: int, before: str, numbered: bool, token: WrittenToken
) -> list[str] | None:
    if before in ("and", "to", "&") and value(token.near.earlier):
        return numerals.cardinal(amount).split()
    if numbered and (word.isupper() or not token.known(word)):
        capital = before[:1].isupper() or before.lower() == "war"
        return numerals.cardinal(amount).split() if capital or len(word) > 1 else None
    if token.known(fold(word)) and len(word) > 3:
        return None
    if len(word) == 1 and not _regnal(word, before, token.near.after):
        return None
    if before[:1].isupper() and amount < 40 and not token.shouted:
        return ["the", *numerals.ordinal(amount).split()]
    return numerals.year(amount).split() if 1000 <= amount <= 2099 and len(word) > 3 else None


def _regnal(numeral: str, name: str, after: str) -> bool:
    if name.lower() not in REGNAL:
        return False
    return numeral in "VX" or (
        numeral == "I" and (not after.isalpha() or after in _VERB_AFTER_NAME)
    )
