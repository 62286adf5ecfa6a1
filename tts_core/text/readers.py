"""Spoken form of one written word: a table of readers.

Each category of written form has a reader.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from tts_core.text import digit_forms, numerals, roman
from tts_core.text.plain import VULGAR, fold
from tts_core.text.scan import AMOUNT
from tts_core.text.token_context import ALONE, Near, WrittenToken
from tts_core.text.units_of_measure import MEASURES
from tts_core.text.written_forms import (
    ABBREVIATIONS,
    ADDRESS_SYMBOLS,
    AFTER_NAME,
    BEFORE_NAME,
    BEFORE_NUMBER,
    LETTERS,
    SYMBOLS,
    TITLES,
    WITHOUT_PERIOD,
)

# Beside units of measure, what is counted for each of these: "3/day".
_EACH = {
    *("second", "minute", "hour", "day", "night", "week", "month", "quarter", "year"),
    *("person", "head", "game", "page"),
}
# What Python takes for a letter or a digit but has a reading of its own.
_SAID = VULGAR + "".join(symbol for symbol in SYMBOLS if symbol.isalnum())
_LETTER = rf"[^\W\d_{_SAID}]"
_WORD = re.compile(rf"\d+(?:[.,]\d+)*|'?{_LETTER}+(?:'{_LETTER}+)*'?|\S")
# Unknown capitals of this shape are read as a word (COVID), others letter by letter (XKCD).
_READABLE = re.compile("(?=.{5})(?:[^AEIOUY]{0,2}[AEIOUY]{1,2})+[^AEIOUY]{0,2}")
# Unknown words of this shape are spelled (fps); those with a doubled letter are sounds (grr).
_UNSAYABLE = re.compile(r"(?!.*(.)\1)[b-df-hj-np-tv-xz]{2,4}")
_FORMS = {"in", *ABBREVIATIONS, *MEASURES, *numerals.SCALES}


def say(token: WrittenToken) -> list[str]:
    """Return the spoken words, by the first reader that knows the form."""
    for _, read in _READERS:
        words = read(token)
        if words:
            return words
    return []


def _ordinary(token: WrittenToken) -> list[str] | None:
    """Read the many words that need no other reader."""
    word = token.word
    if len(word) < 2 or not (word.isascii() and word.isalpha() and word.islower()):
        return None
    return [word] if token.known(word) and word not in _FORMS else None


def _from_user(token: WrittenToken) -> list[str] | None:
    word = fold(token.word)
    return [word] if token.from_user(word) else None


def _possessive(token: WrittenToken) -> list[str] | None:
    """Read an abbreviation with period and ending: "Apple Inc.'s"."""
    if not token.word.endswith(".'s"):
        return None
    words = say(replace(token, word=token.word[:-2]))
    return [*words[:-1], words[-1] + "'s"]


def _symbol(token: WrittenToken) -> list[str] | None:
    return SYMBOLS[token.word].split() if token.word in SYMBOLS else None


def _figure(token: WrittenToken) -> list[str] | None:
    return digit_forms.say(token.word, token.near)


def _rate(token: WrittenToken) -> list[str] | None:
    """Read a rate: "$5/month", "10 mg/kg", "60 words/min"."""
    amount, _, singular = token.word.rpartition("/")
    unit, units = MEASURES.get(singular, (singular, singular))
    if unit == units and singular not in _EACH:
        return None
    before = token.near.before
    counted = AMOUNT.fullmatch(before) or numerals.currency_of(before)
    if not amount or not (counted or any(map(str.isdigit, amount))):
        return None
    return [*say(replace(token, word=amount)), "per", *unit.split()]


def _measure(token: WrittenToken) -> list[str] | None:
    """Read a unit after an amount: "5 km", "500 sq. ft"."""
    word, before, earlier = token.word, token.near.before, token.near.earlier
    if before.removesuffix(".") in ("sq", "cu", "fl", "square", "cubic", "fluid"):
        before = earlier
    if not AMOUNT.fullmatch(before):
        return None
    if word == "in" and earlier.removesuffix(".") in ("ft", "feet", "foot"):
        word = "in."
    unit = word if word in MEASURES else word.removesuffix(".")
    single = digit_forms.attributive(Near(earlier))
    return numerals.measure(unit, before, single) if unit in MEASURES else None


def _scale(token: WrittenToken) -> list[str] | None:
    """Read the scale word of an amount of money: "$3 million".

    It takes over the amount's currency.
    """
    currency = numerals.currency_of(token.near.before)
    scale = {"bn": "billion", "m": "million"}.get(token.word, token.word.lower())
    if currency is None or scale not in numerals.SCALES:
        return None
    return [scale, currency[0 if digit_forms.attributive(Near(token.near.earlier)) else 1]]


def _abbreviation(token: WrittenToken) -> list[str] | None:
    word, before, after = token.word, token.near.before, token.near.after
    key = word.lower().removesuffix(".")
    if key in AFTER_NAME and word[0].isupper():
        named = before[:1].isupper() or (after[:1].isupper() and not word.isupper())
        dotted = word.endswith(".") or after == "."
        return [_saint_or_street(key, token)] if named or dotted else None
    if key not in ABBREVIATIONS:
        return None
    dotted = word.endswith(".") or "." in key or "/" in key
    closing = after == "." and key not in BEFORE_NUMBER | BEFORE_NAME
    plain = key in WITHOUT_PERIOD and (word.islower() or word[0].isupper())
    dated = bool(digit_forms.month(word)) and (after[:1].isdigit() or before[:1].isdigit())
    if key == "co" and after == "." and word[0].isupper() and before[:1].isupper():
        closing = True
    if key in ("ph", "phd") and word not in ("pH", "PhD", "PHD", "Phd"):
        return None
    bare = key == "mt" or (key in TITLES and not token.known(key))
    titled = bare and word.istitle() and after[:1].isupper()
    if dotted or closing or plain or dated or titled or word == "pH" or key in ("sq", "cu", "fl"):
        return ABBREVIATIONS[key].split()
    return None


def _saint_or_street(key: str, token: WrittenToken) -> str:
    """Read St. and Dr. as titles or streets.

    They are titles before a name, unless they end one: "on Main St. He left".
    """
    before, after, earlier = token.near.before, token.near.after, token.near.earlier
    named = after[:1].isupper() and after[:1].isalpha()
    titled = before.lower().removesuffix(".") in TITLES
    inside = before[:1].isupper() and bool(earlier) and not titled and token.word.endswith(".")
    if (named and not inside) or (key == "dr" and not before[:1].isupper()):
        return ABBREVIATIONS[key]
    return AFTER_NAME[key]


def _initials(token: WrittenToken) -> list[str] | None:
    """Read initials: U.S., J., R&D, "Malcolm X", "grade A"."""
    word = token.word
    match = re.fullmatch(r"((?:[A-Za-z]\.)+[A-Za-z]?)('s)?", word)
    if match:
        return _letters(match.group(1).replace(".", ""), match.group(2) or "")
    joined = re.fullmatch(r"([A-Z]{1,2})&([A-Z])('s)?", word)
    if joined:
        return [*_letters(joined[1]), "and", *_letters(joined[2], joined[3] or "")]
    before = token.near.before
    if word == "A" and before[-1:].isalnum() and not token.near.after[:1].isupper():
        return ["a."]
    return None


def _address(token: WrittenToken) -> list[str] | None:
    """Read web and mail addresses part by part.

    Parts that are no words are spelled.
    """
    if not re.search(r"://|^www\.|@.*\.|\w\.(?:com|org|net|edu|gov|io)\b", token.word):
        return None
    words: list[str] = []
    for part in re.findall(r"\d+|[^\W\d_]+|\W|_", fold(token.word)):
        if part.isdigit():
            words += numerals.number(part).split()
        elif part.isalpha():
            word = token.known(part) or (len(part) > 2 and re.search("[aeiouy]", part))
            spelled = len(part) == 1 or part.upper() in LETTERS or not word
            words += _letters(part) if spelled else [part]
        else:
            words += ADDRESS_SYMBOLS.get(part, "").split()
    return words


def _compound(token: WrittenToken) -> list[str]:
    """Read any other word part by part.

    Parts are words of its hyphens and slashes, figures and letters.
    """
    word, words = token.word, []
    if word[0] == "#":
        word, words = word[1:], ["hashtag"]
    before, near = "", Near(token.near.before)
    for section in word.split("-"):
        if section in MEASURES and AMOUNT.fullmatch(before):
            words += numerals.measure(section, before, attributive=True)
        else:
            words += _section(section, replace(token, near=near))
        before, near = section, ALONE
    return words


def _section(section: str, token: WrittenToken) -> list[str]:
    """Read the text between hyphens."""
    section_token = replace(token, word=section)
    whole = digit_forms.say(section, token.near) or _initials(section_token)
    whole = whole or _abbreviation(section_token)
    if whole or "/" not in section:
        return whole or _parts(section, token)
    return [word for part in section.split("/") for word in _section(part, token)]


def _parts(section: str, token: WrittenToken) -> list[str]:
    parts = _WORD.findall(section)
    words: list[str] = []
    mixed = any(part[0].isdecimal() for part in parts)
    for part in parts:
        if part in ".#":
            words.append("dot" if part == "." else "sharp")
        elif part in SYMBOLS:
            words += SYMBOLS[part].split()
        elif part[0].isdecimal():
            long = part.isdecimal() and len(part) > 4
            words += numerals.digits(part).split() if long else digit_forms.say(part) or []
        elif part in VULGAR:
            words += digit_forms.say(part) or []
        elif len(part) == 1 and part.isalpha() and len(parts) > 1:
            words += _letters(fold(part))
        elif mixed and re.fullmatch("[A-Z]{2}", part):
            words += _letters(part)
        elif re.search(r"[^\W\d_]", part):
            words += _word(part, token)
    return words


def _word(word: str, token: WrittenToken) -> list[str]:
    """Read a word of letters and apostrophes.

    It is read, spelled, or opened at its inner capitals.
    """
    plain = fold(word)
    capitals = re.fullmatch(r"([A-Z]{2,6})('?s|')?", word)
    if capitals and not token.shouted:
        stem, ending = capitals.group(1), "'s" if (capitals.group(2) or "'") != "'" else ""
        word_like = token.known(plain) or token.known(stem.lower()) or _READABLE.fullmatch(stem)
        if stem in LETTERS or not word_like:
            return _letters(stem, ending)
    camel = re.findall(r"[A-Z]?[a-z]+", word)
    inner = [part.lower() for part in camel]
    if len(camel) > 1 and "".join(camel) == word and not token.known(plain):
        return inner if all(map(token.known, inner)) else [plain]
    if _UNSAYABLE.fullmatch(plain) and not token.known(plain):
        return MEASURES[plain][1].split() if plain in MEASURES else _letters(plain)
    return [re.sub(r"[^a-z']", "", plain)]


def _letters(letters: str, ending: str = "") -> list[str]:
    names = [f"{letter.lower()}." for letter in letters]
    return [*names[:-1], names[-1] + ending]


# In this order: a reader passes on what is not of its form.
_READERS: tuple[tuple[str, Callable[[WrittenToken], list[str] | None]], ...] = (
    ("ordinary word", _ordinary),
    ("user's lexicon", _from_user),
    ("possessive of an abbreviation", _possessive),
    ("symbol", _symbol),
    ("address", _address),
    ("figure", _figure),
    ("rate", _rate),
    ("measure", _measure),
    ("scale of money", _scale),
    ("abbreviation", _abbreviation),
    ("initials", _initials),
    ("Roman numeral", roman.say),
    ("any word", _compound),
)
