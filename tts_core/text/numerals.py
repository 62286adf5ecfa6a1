"""How written numbers, dates, times, money and measures are said in American English."""

import re
from collections.abc import Callable, Sequence

from num2words import num2words

from tts_core.text.written_forms import CURRENCIES, MEASURES

MONTHS = tuple(
    (  # noqa: SIM905
        "january february march april may june july august september october november december"
    ).split()
)
SCALES = ("hundred", "thousand", "million", "billion", "trillion")
_VULGAR = {"½": (1, 2), "¼": (1, 4), "¾": (3, 4), "⅓": (1, 3), "⅔": (2, 3), "⅛": (1, 8)}
_DENOMINATORS = {2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 20, 32, 64, 100}
_PLAIN = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d*\.\d+|\d+"
_UNITS = "|".join(re.escape(unit) for unit in sorted(MEASURES, key=len, reverse=True))


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
    """A plain number as written ("1,234.5", "007", ".5") in words; integers are not years here."""
    whole, point, decimals = text.replace(",", "").partition(".")
    if point:
        return f"{cardinal(int(whole or 0))} point {digits(decimals)}"
    if len(whole) > 12 or (len(whole) > 1 and whole.startswith("0")):
        return digits(whole)
    return cardinal(int(whole))


def measure(unit: str, amount: str) -> list[str]:
    """The words of a unit after an amount as written: singular after 1."""
    singular, several = MEASURES[unit]
    return (singular if amount in ("1", "-1") else several).split()


def say(text: str, previous: str = "", following: str = "") -> list[str] | None:
    """Read one written token that holds digits.

    Args:
        text: the token, such as "$3.50", "1990s", "10:30", "5km", "12/25/2020", "2nd", "-5".
        previous: the word written before it: a month makes a day of it.
        following: the word written after it: a scale word takes over the currency.

    Returns:
        Lower-case words, letter names as "p."; None if the token is no number.
    """
    for pattern, read in _RULES:
        match = re.fullmatch(pattern, text)
        if match:
            words = read(match.groups(), previous.lower(), following.lower())
            if words is not None:
                return words.split()
    return None


def currency_after_scale(text: str) -> str | None:
    """The currency's plural that a scale word after this token ends with ("$3" "million")."""
    match = re.fullmatch(rf"-?([$£€¥])(?:{_PLAIN})", text)
    return CURRENCIES[match.group(1)][1] if match else None


Groups = Sequence[str]


def _money(groups: Groups, _: str, following: str) -> str:
    sign, symbol, amount, scale = groups
    one, many, cent, cents = CURRENCIES[symbol]
    minus = "minus " if sign else ""
    if following in SCALES:
        return minus + number(amount)
    if scale:
        return f"{minus}{number(amount)} {_scale(scale)} {many}"
    whole, _, fraction = amount.replace(",", "").partition(".")
    if len(fraction) not in (0, 2):
        return f"{minus}{number(amount)} {many}"
    units = f"{number(whole or '0')} {one if whole == '1' else many}"
    if not fraction or fraction == "00":
        return minus + units
    small = f"{cardinal(int(fraction))} {cent if fraction == '01' else cents}"
    return minus + (small if int(whole or 0) == 0 else f"{units} and {small}")


def _scale(letter: str) -> str:
    return {"k": "thousand", "m": "million", "b": "billion", "t": "trillion"}[letter[0].lower()]


def _time(groups: Groups, _: str, following: str) -> str | None:
    hour, minute, half = int(groups[0]), int(groups[1]), groups[2]
    if hour > 24 or minute > 59:
        return None
    tail = f" {half[0].lower()}. m." if half else ""
    halves = following.replace(".", "") in ("am", "pm")
    if minute == 0:
        if tail or halves:
            return cardinal(hour) + tail
        return cardinal(hour) + (" o'clock" if 0 < hour <= 12 else " hundred")
    return f"{cardinal(hour)} {'oh ' if minute < 10 else ''}{cardinal(minute)}{tail}"


def _date(month: str, day: str, when: str) -> str | None:
    if not 1 <= int(month) <= 12 or not 1 <= int(day) <= 31:
        return None
    return f"{MONTHS[int(month) - 1]} {ordinal(int(day))} {_integer(when)}"


def _fraction(groups: Groups, _: str, __: str) -> str:
    above, below = int(groups[0]), int(groups[1])
    if above < below and below in _DENOMINATORS:
        return _part(above, below)
    return f"{cardinal(above)} {cardinal(below)}"


def _part(above: int, below: int) -> str:
    name = {2: "half", 4: "quarter"}.get(below) or ordinal(below)
    many = {2: "halves"}.get(below) or name + "s"
    return f"{cardinal(above)} {name if above == 1 else many}"


def _mixed(groups: Groups, _: str, __: str) -> str:
    part = _part(*_VULGAR[groups[1]])
    return f"{cardinal(int(groups[0]))} and {part}" if groups[0] else part


def _integer(text: str) -> str:
    value = int(text)
    is_year = len(text) == 4 and (1100 <= value <= 2099)
    return year(value) if is_year else number(text)


def _bare(groups: Groups, previous: str, _: str) -> str:
    text = groups[0]
    if previous in MONTHS and 1 <= int(text) <= 31 and len(text) <= 2:
        return ordinal(int(text))
    return _integer(text)


def _range(groups: Groups, _: str, __: str) -> str:
    return f"{_integer(groups[0])} to {_integer(groups[1])}"


def _decade(groups: Groups, _: str, __: str) -> str:
    return plural(_integer(groups[0]))


def _signed(groups: Groups, _: str, __: str) -> str:
    return f"{'plus' if groups[0] == '+' else 'minus'} {number(groups[1])}"


def _amount(groups: Groups, _: str, __: str) -> str:
    sign, amount, unit = groups
    return f"{'minus ' if sign else ''}{number(amount)} {' '.join(measure(unit, amount))}"


def _plain_words(text: str) -> str:
    return " ".join(text.replace(",", " ").replace("-", " ").replace(" and ", " ").split())


_RULES: tuple[tuple[str, Callable[[Groups, str, str], str | None]], ...] = (
    (rf"([-−]?)([$£€¥])({_PLAIN})([kKmMbBtT]|bn|)", _money),
    (r"(\d{1,2}):(\d\d)([ap]m|[AP]M|)", _time),
    (r"(\d{1,2})/(\d{1,2})/(\d{4})", lambda g, *_: _date(g[0], g[1], g[2])),
    (r"(\d{4})-(\d\d)-(\d\d)", lambda g, *_: _date(g[1], g[2], g[0])),
    (r"(\d{3})-(?:(\d{3})-)?(\d{4})", lambda g, *_: digits("".join(part or "" for part in g))),
    (r"(\d+)[/⁄](\d+)", _fraction),
    (r"(\d*)([½¼¾⅓⅔⅛])", _mixed),
    (r"(\d+)[-–](\d+)", _range),
    (r"(\d+):(\d+)", _range),
    (r"(\d[\d,]*)(?:st|nd|rd|th|ST|ND|RD|TH)", lambda g, *_: ordinal(int(g[0].replace(",", "")))),
    (r"'?(\d+)'?s", _decade),
    (r"'(\d\d)", lambda g, *_: f"{'oh ' if int(g[0]) < 10 else ''}{cardinal(int(g[0]))}"),
    (r"(\d+)'(\d+)\"?", lambda g, *_: f"{cardinal(int(g[0]))} foot {cardinal(int(g[1]))}"),
    (r"(\d+)", _bare),
    (rf"({_PLAIN})", lambda g, *_: number(g[0])),
    (rf"([-−+])({_PLAIN})", _signed),
    (rf"([-−]?)({_PLAIN})({_UNITS})", _amount),
    (rf"({_PLAIN})¢", lambda g, *_: f"{number(g[0])} {'cent' if g[0] == '1' else 'cents'}"),
    (rf"#({_PLAIN})", lambda g, *_: f"number {number(g[0])}"),
)
