"""The plain form of a text, which readers, taggers and encoders see.

Accents are composed, typographic apostrophes straight, digits of every script 0-9, and nothing is
invisible.
"""

import re
import unicodedata

from intone.errors import UserError
from tts_core.text.units_of_measure import MEASURES
from tts_core.text.written_forms import SYMBOLS

VULGAR = "½¼¾⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞⅐⅑⅒"
_FOLD = str.maketrans(
    {"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "th", "þ": "th"}
    | {"ŋ": "ng", "ı": "i", "ħ": "h", "ŧ": "t", "ƒ": "f", "ſ": "s"}
)
_ALIKE = {"ʼ": "’", "′": "'", "″": '"', "\u200b": " ", "μ": "µ"}


def fold(word: str) -> str:
    """Lower case without accents: "cafe" for "Café"."""
    if word.isascii():
        return word.lower()
    plain = unicodedata.normalize("NFKD", word.lower().translate(_FOLD))
    return "".join(char for char in plain if not unicodedata.combining(char))


def normalised(text: str) -> str:
    """Return the text without case, punctuation and spacing."""
    return " ".join(re.findall(r"\w+", text.casefold().replace("'", "").replace("’", "")))


def plain_form(text: str) -> tuple[str, list[int], list[int]]:
    """Return a text's plain form, and each character's start and end.

    Start and end count characters of the text.

    Raises:
        UserError: letters or digits that English cannot say.
    """
    chars: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for index, char in enumerate(text):
        if char.isascii():
            plain = char if char.isprintable() else " "
        elif unicodedata.category(char).startswith("M"):
            plain = ""
            if chars and chars[-1] != " ":
                composed = unicodedata.normalize("NFC", chars[-1] + char)
                chars[-1] = composed if len(composed) == 1 else chars[-1]
                ends[-1] = index + 1
        else:
            plain = _plain_character(char, text)
        for letter in plain:
            chars.append(letter)
            starts.append(index)
            ends.append(index + 1)
    apostrophes = re.sub(r"(?<=\w)[‘’]|[‘’](?=\w)", "'", "".join(chars))
    return apostrophes, starts, ends


def _plain_character(char: str, text: str) -> str:
    if char in _ALIKE:
        return _ALIKE[char]
    if char in SYMBOLS or char in VULGAR:
        return char
    category = unicodedata.category(char)
    if category == "Cf":
        return ""
    if not char.isprintable():
        return " "
    wide = unicodedata.normalize("NFKC", char)
    if category[0] not in "LN":
        spoken = wide in MEASURES or "FULLWIDTH" in unicodedata.name(char, "")
        return wide if spoken else char
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    if re.fullmatch("[a-z0-9]+", fold(wide)):
        return wide
    name = unicodedata.name(char, "unnamed").lower()
    raise UserError(
        f"the text {text.strip()[:60]!r} has the character {char!r} ({name}), but only English can "
        "be read; write it in Latin letters"
    )
