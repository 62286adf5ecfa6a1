"""Spoken form of tokens with digits: table of shapes and readers.

The commoner of two readings is taken: 10-12 is a range and 3-2 a score, both read with "to";
1/2/2024 is the second of January; 9/11 and 24/7 are two numbers, 3/4 is a fraction; four digits are
a year unless something is counted with them.
"""

import re
from collections.abc import Callable, Sequence

from tts_core.text.numerals import (
    PLAIN,
    SCALES,
    cardinal,
    digits,
    measure,
    number,
    ordinal,
    part,
    plural,
    remainder,
    vulgar,
    year,
)
from tts_core.text.plain import VULGAR
from tts_core.text.token_context import ALONE, Near
from tts_core.text.units_of_measure import CURRENCIES, MEASURES, SIGNS
from tts_core.text.written_forms import MONTH_ABBREVIATIONS, MONTHS

_DENOMINATORS = {2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 20, 32, 64, 100}
_UNITS = "|".join(re.escape(unit) for unit in sorted(MEASURES, key=len, reverse=True))
_YEAR_BEFORE = {
    *("in", "since", "by", "until", "till", "from", "before", "after", "during", "circa", "c."),
    *("year", "spring", "summer", "autumn", "fall", "winter", "early", "late", "mid", "ca."),
}
# "the 1984 elections" and "the class of 1984 meets" are years, "1984 elections" are counted.
_NAMING_BEFORE = {"the", "this", "that", "of", "a", "his", "her", "its", "their", "our", "'s"}
_COUNTED = {"people", "men", "women", "children", "feet", "percent", "sheep", "fish", "other"}
_NO_PLURAL = {
    *("was", "is", "has", "does", "as", "this", "his", "its", "us", "always", "perhaps", "yes"),
    *("thus", "besides", "sometimes", "towards", "plus", "whereas", "afterwards", "minus", "news"),
}
_CALL = {"call", "calls", "called", "calling", "dial", "dials", "dialed", "dialing", "phone"}
# "1.5m people" are millions, "1.5m of rope" metres.
_MANY = {"people", "men", "women", "children", "users", "viewers", "jobs", "homes", "copies"}
_ARTICLES = {"a", "an", "another", "each", "every"}


Groups = Sequence[str]


def say(text: str, near: Near = ALONE) -> list[str] | None:
    """Read one written token that holds digits.

    Args:
        text: the token in plain characters: "$3.50", "1990s", "10:30", "5km", "12/25/2020", "-5".
        near: its neighbours: next to a month, a number is read as a day.

    Returns:
        Lower-case words, letter names as "p."; None if the token is no number.
    """
    if not any(char.isdigit() or char in VULGAR for char in text):
        return None
    for _, pattern, read in _READERS:
        match = pattern.fullmatch(text)
        if match:
            words = read([group or "" for group in match.groups()], near)
            if words is not None:
                return words.split()
    return None


def month(word: str) -> str | None:
    """Return the month that a capitalised word or abbreviation names."""
    if not word[:1].isupper():
        return None
    key = word.lower().removesuffix(".")
    return key if key in MONTHS else MONTH_ABBREVIATIONS.get(key)


def attributive(near: Near) -> bool:
    """Return whether an amount describes the next word: "a $5 bill"."""
    return near.before.lower() in _ARTICLES


def _money(groups: Groups, near: Near) -> str:
    sign, symbol, amount, scale = groups
    singular, several, cent, cents = CURRENCIES[symbol]
    several = singular if attributive(near) else several
    minus = "minus " if sign in ("-", "−") else ""
    if near.after.lower().partition("/")[0] in SCALES or near.after in ("bn", "m"):
        return minus + number(amount)
    if scale:
        return f"{minus}{number(amount)} {_scale(scale)} {several}"
    whole, _, fraction = amount.replace(",", "").partition(".")
    if len(fraction) not in (0, 2):
        return f"{minus}{number(amount)} {several}"
    units = f"{number(whole or '0')} {singular if whole == '1' else several}"
    if not fraction or fraction == "00":
        return minus + units
    small = f"{cardinal(int(fraction))} {cent if fraction == '01' else cents}"
    return minus + (small if int(whole or 0) == 0 else f"{units} and {small}")


def _money_range(groups: Groups, near: Near) -> str:
    symbol, low, high, scale = groups
    words = f"{number(low)} to {number(high)}"
    if near.after.lower() in SCALES:
        return words
    return f"{words} {_scale(scale) + ' ' if scale else ''}{CURRENCIES[symbol][1]}"


def _scale(letter: str) -> str:
    return {"k": "thousand", "m": "million", "b": "billion", "t": "trillion"}[letter[0].lower()]


def _time(groups: Groups, near: Near) -> str | None:
    hour, minute, second, am_pm = groups
    if int(hour) > 24 or int(minute) > 59:
        return None
    tail = f" {am_pm[0].lower()}. m." if am_pm else ""
    am_pm_follows = near.after.lower().replace(".", "") in ("am", "pm")
    if second:
        return " ".join(_sixtieth(part) for part in (hour, minute, second)) + tail
    if int(minute) == 0:
        if tail or am_pm_follows:
            return cardinal(int(hour)) + tail
        return cardinal(int(hour)) + (" o'clock" if 0 < int(hour) <= 12 else " hundred")
    return f"{cardinal(int(hour))} {_sixtieth(minute)}{tail}"


def _sixtieth(text: str) -> str:
    return f"{'oh ' if text.startswith('0') and text != '00' else ''}{cardinal(int(text))}"


def _date(month: str, day: str, year_text: str) -> str | None:
    if not 1 <= int(month) <= 12 or not 1 <= int(day) <= 31:
        return None
    year = _year(year_text) if len(year_text) == 4 else _sixtieth(year_text)
    return f"{MONTHS[int(month) - 1]} {ordinal(int(day))} {year}"


def _year(text: str) -> str:
    return year(int(text)) if 1000 <= int(text) <= 2099 else cardinal(int(text))


def _phone(groups: Groups, _: Near) -> str:
    """Read 800 and 900 as hundreds, all else digit by digit."""
    blocks = re.findall(r"\d+", groups[0])
    blocks_read = [cardinal(int(b)) if b in ("800", "900") else digits(b) for b in blocks]
    return ("plus " if groups[0].startswith("+") else "") + " ".join(blocks_read)


def _fraction(groups: Groups, near: Near) -> str:
    above, below = int(groups[0]), int(groups[1])
    if above < below and below in _DENOMINATORS:
        if near.before.isdigit():
            return "and " + remainder(above, below)
        return part(above, below)
    return f"{cardinal(above)} {cardinal(below)}"


def _mixed(groups: Groups, near: Near) -> str:
    whole, fraction = groups
    if whole:
        return f"{number(whole)} and {remainder(*vulgar(fraction))}"
    return _fraction([str(value) for value in vulgar(fraction)], near)


def _bare(groups: Groups, near: Near) -> str:
    text = groups[0]
    if len(text) <= 2 and 1 <= int(text) <= 31:
        if month(near.before):
            return ordinal(int(text))
        if month(near.after):
            return _day(int(text), near)
    if near.before.lower() in _CALL:
        return digits(text)
    return year(int(text)) if _is_year(text, near) else number(text)


def _day(day: int, near: Near) -> str:
    return ("" if near.before.lower() == "the" else "the ") + f"{ordinal(day)} of"


def _is_year(text: str, near: Near) -> bool:
    value, before, after = int(text), near.before.lower(), near.after
    if len(text) != 4:
        return False
    listed = before in ("and", "or", "to") and re.fullmatch(r"[12]\d{3}", near.earlier)
    if before in _YEAR_BEFORE or month(near.before) or listed:
        return 1000 <= value <= 2099
    measured = after.lower() in _COUNTED or after in MEASURES
    several = len(after) > 3 and after.islower() and after.endswith("s") and after[-2] not in "su'"
    counted = several and after not in _NO_PLURAL and before not in _NAMING_BEFORE
    # 1600 is "sixteen hundred", whether a year or a number of people.
    return 1100 <= value <= 2099 and (value % 100 == 0 or not (measured or counted))


def _series(groups: Groups, _: Near) -> str:
    """Read 3-2-1 as three numbers.

    Nine digits or more, as of an ISBN, are read one by one.
    """
    blocks = re.findall(r"\d+", groups[0])
    long = sum(map(len, blocks)) > 8 and "," not in groups[0]
    return " ".join(digits(block) if long else number(block) for block in blocks)


def _dotted(groups: Groups, _: Near) -> str | None:
    """Read 31.12.1999 as date, 192.168.0.1 as address, 3.11.2 as version."""
    blocks = groups[0].split(".")
    if len(blocks) == 3 and len(blocks[2]) == 4:
        return _date(blocks[1], blocks[0], blocks[2])
    if len(blocks) == 4:
        return " dot ".join(digits(block) for block in blocks)
    return " point ".join(number(block) for block in blocks)


def _range(groups: Groups, near: Near) -> str | None:
    """Read ranges: 10-12, 9am-5pm, 5-10%.

    Both sides are read alone; after a month both are days.
    """
    low = say(groups[0], Near(near.before))
    high = say(groups[1], Near(near.before if month(near.before) else ""))
    return f"{' '.join(low)} to {' '.join(high)}" if low and high else None


def _ordinal(groups: Groups, near: Near) -> str:
    value = int(groups[0].replace(",", ""))
    return _day(value, near) if value <= 31 and month(near.after) else ordinal(value)


def _inches(amount: str, near: Near) -> str:
    return " ".join(measure("in.", amount, attributive(near)))


def _decade(groups: Groups, _: Near) -> str:
    text = groups[0]
    return plural(_year(text) if len(text) == 4 else number(text))


def _amount(groups: Groups, near: Near) -> str:
    sign, amount, unit = groups
    amount_words = (
        number(amount) if amount[-1] not in VULGAR else _mixed([amount[:-1], amount[-1]], ALONE)
    )
    if unit == "m" and near.after.lower() in _MANY:
        unit = "M"
    words = measure(unit, amount, attributive(near))
    return f"{_sign(sign)}{amount_words} {' '.join(words)}"


def _scientific(groups: Groups, _: Near) -> str:
    return f"{number(groups[0])} e {_sign(groups[1])}{number(groups[2])}"


def _sign(sign: str) -> str:
    return {"": "", "+": "plus "}.get(sign, "minus ")


def _feet(groups: Groups, _: Near) -> str:
    return f"{cardinal(int(groups[0]))} foot {cardinal(int(groups[1]))}"


_N, _V = PLAIN, f"[{VULGAR}]"
_SHAPES: tuple[tuple[str, str, Callable[[Groups, Near], str | None]], ...] = (
    ("integer", r"(\d+)", _bare),
    ("number", rf"({_N})", lambda g, _: number(g[0])),
    ("signed", rf"([-−+])({_N})", lambda g, _: _sign(g[0]) + number(g[1])),
    ("money", rf"([-−+]?)({SIGNS})[ ]?({_N})(k|m|bn|b|tn|t|K|M|B|T)?", _money),
    ("money range", rf"({SIGNS})[ ]?({_N})[-–]({_N})(k|m|bn|b|K|M|B)?", _money_range),
    ("time", r"(\d{1,2}):(\d\d)(?::(\d\d))?([ap]\.?m\.?|[AP]M)?", _time),
    ("American date", r"(\d{1,2})/(\d{1,2})/(\d{4}|\d\d)", lambda g, _: _date(*g)),
    ("dashed date", r"(\d{1,2})-(\d{1,2})-(\d{4})", lambda g, _: _date(*g)),
    ("ISO date", r"(\d{4})[-/](\d\d)[-/](\d\d)", lambda g, _: _date(g[1], g[2], g[0])),
    ("phone", r"((?:\+?\d[ .-])?(?:\d{3}[.-]|\(\d{3}\)[ ]?)?\d{3}[- .]\d{4})", _phone),
    ("phone abroad", r"(\+\d{1,3}(?:[ .-]\d{2,4}){2,4}|0\d{2,4}(?: \d{3,6}){1,2})", _phone),
    ("dotted", r"(\d+(?:\.\d+){2,})", _dotted),
    ("fraction", r"(\d{1,9})[/⁄](\d{1,9})(?:rds?|ths?|nds?)?", _fraction),
    ("mixed fraction", rf"(\d*)({_V})", _mixed),
    ("ratio", r"(\d+):(\d+)", lambda g, _: f"{number(g[0])} to {number(g[1])}"),
    ("ordinal", r"(\d[\d,]{0,14})(?:st|nd|rd|th|ST|ND|RD|TH)", _ordinal),
    ("decade", r"'?(\d{1,15})'?s'?", _decade),
    ("short year", r"'(\d\d)", lambda g, _: _sixtieth(g[0])),
    ("feet and inches", r"(\d{1,3})'[ ]?(\d{1,3})[\"”]?", _feet),
    ("inches", rf"({_N})in", lambda g, near: f"{number(g[0])} {_inches(g[0], near)}"),
    ("amount", rf"([-−+]?)({_N}|\d*{_V})({_UNITS})", _amount),
    ("numbered", rf"#({_N})", lambda g, _: f"number {number(g[0])}"),
    ("scientific", rf"({_N})[eE]([-−+]?)(\d+)", _scientific),
    ("dimensions", r"(\d+)[x×](\d+)", lambda g, _: f"{number(g[0])} by {number(g[1])}"),
    ("range", r"(\S+?)[-–](\S+)", lambda g, near: _range(g, near) if _two(g) else None),
    ("series", r"(\d+(?:[-–/:,]\d+)+)", _series),
)
_READERS = tuple((name, re.compile(pattern), read) for name, pattern, read in _SHAPES)


def _two(groups: Groups) -> bool:
    return not any(mark in groups[1] for mark in "-–")
