"""Numbers as words, in American English."""

import re
import unicodedata

from num2words import num2words

from tts_core.text.units_of_measure import CURRENCIES, MEASURES, SIGNS

SCALES = ("hundred", "thousand", "million", "billion", "trillion")
PLAIN = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d*\.\d+|\d+)"


def cardinal(value: int) -> str:
    """105 is "one hundred five"."""
    return _plain_words(num2words(value))


def ordinal(value: int) -> str:
    """21 is "twenty first"."""
    return _plain_words(num2words(value, to="ordinal"))


def year(value: int) -> str:
    """1905 is "nineteen oh five", 2005 "two thousand five", 2020 "twenty twenty"."""
    century, rest = divmod(value, 100)
    if value % 1000 < 10:
        return cardinal(value)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def digits(text: str) -> str:
    """Digit by digit: 555 is "five five five"."""
    return " ".join(num2words(int(digit)) for digit in text if digit.isdigit())


def plural(words: str) -> str:
    """Plural of number words: "nineteen ninety" becomes "nineteen nineties"."""
    if words.endswith("y"):
        return words[:-1] + "ies"
    return words + ("es" if words.endswith("x") else "s")


def number(text: str) -> str:
    """Read a plain number: "1,234.5", "007", ".5".

    Integers are not years here.
    """
    whole, point, decimals = text.replace(",", "").partition(".")
    if point:
        return f"{number(whole or '0')} point {digits(decimals)}"
    if len(whole) > 15 or (len(whole) > 1 and whole.startswith("0")):
        return digits(whole)
    return cardinal(int(whole))


def measure(unit: str, amount: str, attributive: bool = False) -> list[str]:
    """Return the words of a unit after an amount as written.

    It is singular after 1, and in "a 5 km run".
    """
    singular, several = MEASURES[unit]
    return (singular if attributive or amount.lstrip("-−+") == "1" else several).split()


def part(above: int, below: int) -> str:
    """Read a fraction: 3/4 is "three quarters"."""
    name = {2: "half", 4: "quarter"}.get(below) or ordinal(below)
    many = {2: "halves"}.get(below) or name + "s"
    return f"{cardinal(above)} {name if above == 1 else many}"


def remainder(above: int, below: int) -> str:
    """Read a fraction after a whole number: 1/2 is "a half"."""
    return {(1, 2): "a half", (1, 4): "a quarter"}.get((above, below)) or part(above, below)


def vulgar(char: str) -> tuple[int, int]:
    """Numerator and denominator of a character such as "¾"."""
    above, below = unicodedata.normalize("NFKC", char).split("⁄")
    return int(above), int(below)


def currency_of(text: str) -> tuple[str, str] | None:
    """Return singular and plural of an amount's currency: "$3.5", "$10-20"."""
    match = re.fullmatch(rf"[-−+]?({SIGNS})[ ]?{PLAIN}(?:[-–]{PLAIN})?", text)
    return CURRENCIES[match.group(1)][:2] if match else None


def _plain_words(text: str) -> str:
    return " ".join(text.replace(",", " ").replace("-", " ").replace(" and ", " ").split())
