"""What is said for one written word: a table of readers, one for each category of written form."""

import re
from collections.abc import Callable
from dataclasses import replace

from tts_core.text import figures, numerals, roman
from tts_core.text.measures import MEASURES
from tts_core.text.plain import VULGAR, fold
from tts_core.text.scan import AMOUNT
from tts_core.text.token_context import ALONE, Near, Place
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


def say(place: Place) -> list[str]:
    """What is said for a written word, by the first reader that knows its form."""
    for _, read in _READERS:
        said = read(place)
        if said:
            return said
    return []


def _ordinary(place: Place) -> list[str] | None:
    """The many words that are just words, so that the other readers need not look at them."""
    word = place.word
    if len(word) < 2 or not (word.isascii() and word.isalpha() and word.islower()):
        return None
    return [word] if place.known(word) and word not in _FORMS else None


def _own(place: Place) -> list[str] | None:
    word = fold(place.word)
    return [word] if place.own(word) else None


def _possessive(place: Place) -> list[str] | None:
    """An abbreviation with its period and an ending: "Apple Inc.'s"."""
    if not place.word.endswith(".'s"):
        return None
    said = say(replace(place, word=place.word[:-2]))
    return [*said[:-1], said[-1] + "'s"]


def _symbol(place: Place) -> list[str] | None:
    return SYMBOLS[place.word].split() if place.word in SYMBOLS else None


def _figure(place: Place) -> list[str] | None:
    return figures.say(place.word, place.near)


def _rate(place: Place) -> list[str] | None:
    """So much for each: "$5/month", "10 mg/kg", "60 words/min"."""
    many, _, one = place.word.rpartition("/")
    unit, units = MEASURES.get(one, (one, one))
    if unit == units and one not in _EACH:
        return None
    before = place.near.before
    counted = AMOUNT.fullmatch(before) or numerals.currency_of(before)
    if not many or not (counted or any(map(str.isdigit, many))):
        return None
    return [*say(replace(place, word=many)), "per", *unit.split()]


def _measure(place: Place) -> list[str] | None:
    """A unit after an amount: "5 km", "a 5 km run", "500 sq. ft", "5 ft 3 in"."""
    word, before, earlier = place.word, place.near.before, place.near.earlier
    if before.removesuffix(".") in ("sq", "cu", "fl", "square", "cubic", "fluid"):
        before = earlier
    if not AMOUNT.fullmatch(before):
        return None
    if word == "in" and earlier.removesuffix(".") in ("ft", "feet", "foot"):
        word = "in."
    unit = word if word in MEASURES else word.removesuffix(".")
    single = figures.attributive(Near(earlier))
    return numerals.measure(unit, before, single) if unit in MEASURES else None


def _scale(place: Place) -> list[str] | None:
    """The scale word of an amount of money takes over its currency: "$3 million"."""
    currency = numerals.currency_of(place.near.before)
    scale = {"bn": "billion", "m": "million"}.get(place.word, place.word.lower())
    if currency is None or scale not in numerals.SCALES:
        return None
    return [scale, currency[0 if figures.attributive(Near(place.near.earlier)) else 1]]


def _abbreviation(place: Place) -> list[str] | None:
    word, before, after = place.word, place.near.before, place.near.after
    key = word.lower().removesuffix(".")
    if key in AFTER_NAME and word[0].isupper():
        named = before[:1].isupper() or (after[:1].isupper() and not word.isupper())
        dotted = word.endswith(".") or after == "."
        return [_saint_or_street(key, place)] if named or dotted else None
    if key not in ABBREVIATIONS:
        return None
    dotted = word.endswith(".") or "." in key or "/" in key
    closing = after == "." and key not in BEFORE_NUMBER | BEFORE_NAME
    plain = key in WITHOUT_PERIOD and (word.islower() or word[0].isupper())
    dated = bool(figures.month(word)) and (after[:1].isdigit() or before[:1].isdigit())
    if key == "co" and after == "." and word[0].isupper() and before[:1].isupper():
        closing = True
    if key in ("ph", "phd") and word not in ("pH", "PhD", "PHD", "Phd"):
        return None
    bare = key == "mt" or (key in TITLES and not place.known(key))
    titled = bare and word.istitle() and after[:1].isupper()
    if dotted or closing or plain or dated or titled or word == "pH" or key in ("sq", "cu", "fl"):
        return ABBREVIATIONS[key].split()
    return None


def _saint_or_street(key: str, place: Place) -> str:
    """St. and Dr. are titles before a name, unless they end one: "on Main St. He left"."""
    before, after, earlier = place.near.before, place.near.after, place.near.earlier
    named = after[:1].isupper() and after[:1].isalpha()
    titled = before.lower().removesuffix(".") in TITLES
    inside = before[:1].isupper() and bool(earlier) and not titled and place.word.endswith(".")
    if (named and not inside) or (key == "dr" and not before[:1].isupper()):
        return ABBREVIATIONS[key]
    return AFTER_NAME[key]


def _initials(place: Place) -> list[str] | None:
    """U.S., J., R&D, and a letter that is a name: "Malcolm X", "grade A"."""
    word = place.word
    match = re.fullmatch(r"((?:[A-Za-z]\.)+[A-Za-z]?)('s)?", word)
    if match:
        return _letters(match.group(1).replace(".", ""), match.group(2) or "")
    joined = re.fullmatch(r"([A-Z]{1,2})&([A-Z])('s)?", word)
    if joined:
        return [*_letters(joined[1]), "and", *_letters(joined[2], joined[3] or "")]
    before = place.near.before
    if word == "A" and before[-1:].isalnum() and not place.near.after[:1].isupper():
        return ["a."]
    return None


def _address(place: Place) -> list[str] | None:
    """Web and mail addresses, part by part; parts that are no words are spelled."""
    if not re.search(r"://|^www\.|@.*\.|\w\.(?:com|org|net|edu|gov|io)\b", place.word):
        return None
    said: list[str] = []
    for part in re.findall(r"\d+|[^\W\d_]+|\W|_", fold(place.word)):
        if part.isdigit():
            said += numerals.number(part).split()
        elif part.isalpha():
            word = place.known(part) or (len(part) > 2 and re.search("[aeiouy]", part))
            spelled = len(part) == 1 or part.upper() in LETTERS or not word
            said += _letters(part) if spelled else [part]
        else:
            said += ADDRESS_SYMBOLS.get(part, "").split()
    return said


def _compound(place: Place) -> list[str]:
    """Any other word, part by part: words of its hyphens and slashes, figures, letters."""
    word, said = place.word, []
    if word[0] == "#":
        word, said = word[1:], ["hashtag"]
    before, near = "", Near(place.near.before)
    for section in word.split("-"):
        if section in MEASURES and AMOUNT.fullmatch(before):
            said += numerals.measure(section, before, attributive=True)
        else:
            said += _section(section, replace(place, near=near))
        before, near = section, ALONE
    return said


def _section(section: str, place: Place) -> list[str]:
    """What stands between hyphens."""
    own = replace(place, word=section)
    whole = figures.say(section, place.near) or _initials(own) or _abbreviation(own)
    if whole or "/" not in section:
        return whole or _parts(section, place)
    return [word for part in section.split("/") for word in _section(part, place)]


def _parts(section: str, place: Place) -> list[str]:
    parts = _WORD.findall(section)
    said: list[str] = []
    mixed = any(part[0].isdecimal() for part in parts)
    for part in parts:
        if part in ".#":
            said.append("dot" if part == "." else "sharp")
        elif part in SYMBOLS:
            said += SYMBOLS[part].split()
        elif part[0].isdecimal():
            long = part.isdecimal() and len(part) > 4
            said += numerals.digits(part).split() if long else figures.say(part) or []
        elif part in VULGAR:
            said += figures.say(part) or []
        elif len(part) == 1 and part.isalpha() and len(parts) > 1:
            said += _letters(fold(part))
        elif mixed and re.fullmatch("[A-Z]{2}", part):
            said += _letters(part)
        elif re.search(r"[^\W\d_]", part):
            said += _word(part, place)
    return said


def _word(word: str, place: Place) -> list[str]:
    """A word of letters and apostrophes: read, spelled, or opened at its inner capitals."""
    plain = fold(word)
    capitals = re.fullmatch(r"([A-Z]{2,6})('?s|')?", word)
    if capitals and not place.shouted:
        stem, ending = capitals.group(1), "'s" if (capitals.group(2) or "'") != "'" else ""
        word_like = place.known(plain) or place.known(stem.lower()) or _READABLE.fullmatch(stem)
        if stem in LETTERS or not word_like:
            return _letters(stem, ending)
    camel = re.findall(r"[A-Z]?[a-z]+", word)
    inner = [part.lower() for part in camel]
    if len(camel) > 1 and "".join(camel) == word and not place.known(plain):
        return inner if all(map(place.known, inner)) else [plain]
    if _UNSAYABLE.fullmatch(plain) and not place.known(plain):
        return MEASURES[plain][1].split() if plain in MEASURES else _letters(plain)
    return [re.sub(r"[^a-z']", "", plain)]


def _letters(letters: str, ending: str = "") -> list[str]:
    said = [f"{letter.lower()}." for letter in letters]
    return [*said[:-1], said[-1] + ending]


# In this order: a reader passes on what is not of its form.
_READERS: tuple[tuple[str, Callable[[Place], list[str] | None]], ...] = (
    ("ordinary word", _ordinary),
    ("user's lexicon", _own),
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
