"""Written text to units: words with what is said for each, and punctuation marks.

Every written word stays one unit, whatever number of words is said for it, so that prosody can be
tied to what the reader sees. What is not letters, digits or punctuation is said if `SYMBOLS` has a
word for it and dropped otherwise (emoji, bullets). Letters of another alphabet are refused.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from intone.errors import UserError
from tts_core.text import numerals
from tts_core.text.tokens import punctuation_mark
from tts_core.text.written_forms import ABBREVIATIONS, MEASURES, SYMBOLS

# Ordinary words that are abbreviations only before a number or a name.
_BEFORE_NUMBER = {"no", "fig", "vol", "pp"}
_BEFORE_NAME = {"col", "ed", "gen", "rep", "hon", "ft", "mt", "co", "sen", "pres", "gov", "rev"}
_AFTER_NAME = {"st": "street", "dr": "drive"}
# Spelled out although the dictionary has a word that is written alike.
_LETTERS = {"US", "AI", "EU", "UN", "UK", "IQ", "ID", "PR"}
# "Vitamin C." ends a sentence, "George C." before another name does not.
_LABELLED = {"vitamin", "plan", "part", "type", "group", "class", "option", "grade", "point"}
_COUNTED = {"war", "chapter", "part", "volume", "book", "act", "type", "phase", "section", "level"}
_FOLD = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "th"})

_SCAN = re.compile(
    r"""
    (?P<number>
        (?<!\w)\d+'\d+(?:"|(?!\w))
      | (?<!\w)[-−+]?[$£€¥]?(?=\d|\.\d|[½¼¾⅓⅔⅛])(?:\d+(?:[.,:/⁄–-]\d+)*|\.\d+)?[½¼¾⅓⅔⅛]?
        (?:km/h|°[CF]|[%°¢]|'?[A-Za-z]+)?(?!\w|-\w)
      | \#\d+(?!\w) | (?<!\w)'\d\ds?(?!\w)
    )
  | (?P<word>
        (?:[^\W\d_]\.){2,}(?!\w)
      | '(?:em|tis|twas|til|cause|bout|round|n)(?!\w)
      | [^\W_]+(?:['./&@-][^\W_]+)*
    )
  | (?P<mark> \.{2,} | -{2,} | \S )
    """,
    re.VERBOSE | re.IGNORECASE,
)

_AMOUNT = re.compile(r"[-−]?[\d.,]*\d")
# Inside a word . & @ are said, and figures and letters are said apart.
_BREAKS = re.compile(
    r"(?<=\w)(?=\.)|(?<=\.)|(?<=\w)(?=[&@])|(?<=[&@])|(?<=[^\W\d])(?=\d)|(?<=\d)(?=[^\W\d])"
)


@dataclass(frozen=True)
class Unit:
    """A written word or a punctuation mark.

    Attributes:
        text: as written.
        said: lower-case words as said, letter names as "b."; empty for punctuation.
    """

    text: str
    said: tuple[str, ...]

    @property
    def punctuation(self) -> bool:
        """Whether this is a punctuation mark."""
        return not self.said

    @property
    def spoken(self) -> str:
        """What is said, for people and recognisers."""
        return " ".join(word.replace(".", "") for word in self.said)


def normalise(text: str, known: Callable[[str], bool] = lambda _: False) -> list[Unit]:
    """Split a text into units and say each.

    Args:
        text: English text.
        known: whether the lexicon has a lower-case word; capitals that it lacks are spelled out.

    Raises:
        UserError: no words, or letters that are not Latin.
    """
    if not text.strip():
        raise UserError("the text is empty; give at least one word")
    pieces = _split(_clean(text))
    shouted = text.upper() == text
    units: list[Unit] = []
    for place, piece in enumerate(pieces):
        if punctuation_mark(piece):
            units.append(Unit(piece, ()))
            continue
        before = pieces[place - 1] if place else ""
        after = pieces[place + 1] if place + 1 < len(pieces) else ""
        said = _say(piece, before, after, shouted, known)
        if said:
            units.append(Unit(piece, tuple(said)))
    if all(unit.punctuation for unit in units):
        raise UserError(f"the text {text.strip()[:60]!r} has no words that can be said")
    return units


def fold(word: str) -> str:
    """Lower case without accents: "cafe" for "Café"."""
    plain = unicodedata.normalize("NFKD", word.lower().translate(_FOLD))
    return "".join(char for char in plain if not unicodedata.combining(char))


def _clean(text: str) -> str:
    text = unicodedata.normalize("NFC", text)
    for char in text:
        if char.isalpha() and not unicodedata.name(char, "").startswith(("LATIN", "MASCULINE")):
            name = unicodedata.name(char, "unnamed").lower()
            raise UserError(
                f"the text {text.strip()[:60]!r} has the letter {char!r} ({name}), but only "
                "English can be read; write it in Latin letters"
            )
    text = re.sub(r"(?<=\w)[‘’ʼ]|[‘’ʼ](?=\w)", "'", text)
    return "".join(char if char.isprintable() else " " for char in text)


def _split(text: str) -> list[str]:
    """Written words and marks in order; a period that belongs to an abbreviation stays with it."""
    pieces: list[str] = []
    quoted = False
    end = 0
    for match in _SCAN.finditer(text):
        piece, glued = match.group(), match.start() == end and bool(pieces)
        previous = pieces[-1] if pieces else ""
        rest = text[match.end() :]
        end = match.end()
        if piece == "'":
            belongs = glued and not quoted and previous[-1:].isalnum()
            if belongs:
                pieces[-1] += piece
                continue
            quoted = not quoted
        if piece == "." and glued and _abbreviated(pieces, rest):
            pieces[-1] += piece
            continue
        if match.lastgroup == "mark" and punctuation_mark(piece) is None and piece not in SYMBOLS:
            continue
        if match.lastgroup == "word" and piece.endswith(".") and not re.search(r"\w", rest):
            pieces += [piece[:-1], "."]
            continue
        pieces.append(piece)
    return pieces


def _abbreviated(pieces: list[str], rest: str) -> bool:
    """Whether the period after the last piece is part of it rather than the end of a sentence."""
    word, key = pieces[-1], pieces[-1].lower()
    if not re.search(r"\w", rest):
        return False
    follower = rest.lstrip()[:1]
    if len(word) == 1 and word.isupper():
        before = pieces[-2].lower() if len(pieces) > 1 else ""
        return follower.isupper() and word != "I" and before not in _LABELLED
    if word in MEASURES:
        return follower.islower() and len(pieces) > 1 and bool(_AMOUNT.fullmatch(pieces[-2]))
    if key not in ABBREVIATIONS:
        return False
    if key in _BEFORE_NUMBER:
        return follower.isdigit()
    return key not in _BEFORE_NAME or (word[0].isupper() and follower.isupper())


def _say(
    piece: str, before: str, after: str, shouted: bool, known: Callable[[str], bool]
) -> list[str]:
    if piece in SYMBOLS:
        return SYMBOLS[piece].split()
    said = numerals.say(piece, before, after)
    if said:
        return said
    unit = piece.removesuffix(".")
    if unit in MEASURES and _AMOUNT.fullmatch(before):
        return numerals.measure(unit, before)
    if piece.lower() in numerals.SCALES and (money := numerals.currency_after_scale(before)):
        return [piece.lower(), money]
    abbreviation = _abbreviation(piece, before, after)
    if abbreviation:
        return abbreviation
    roman = None if shouted else _roman(piece, before)
    if roman:
        return roman
    if piece == "A" and before and before[-1].isalnum() and not after[:1].isupper():
        return ["a."]
    if re.fullmatch(r"[A-Z]{1,2}&[A-Z]", piece):
        return ["and" if letter == "&" else f"{letter.lower()}." for letter in piece]
    words: list[str] = []
    for section in re.split("[-/]", piece):
        parts = [] if numerals.say(section) else _BREAKS.split(section)
        words += numerals.say(section) or []
        words += [word for part in parts for word in _part(part, shouted, known)]
    return words


def _abbreviation(piece: str, before: str, after: str) -> list[str] | None:
    key = piece.lower().removesuffix(".")
    if re.fullmatch(r"(?:[a-z]\.)+[a-z]", key) and key not in ABBREVIATIONS:
        return [f"{letter}." for letter in key.split(".")]
    if re.fullmatch(r"[A-Z]\.", piece):
        return [piece.lower()]
    if key in _AFTER_NAME and piece[0].isupper():
        named = after[:1].isupper() and after[:1].isalpha()
        if named or piece.endswith(".") or before[:1].isupper():
            return [ABBREVIATIONS[key] if named else _AFTER_NAME[key]]
    plain_title = piece in ("Mr", "Mrs", "Ms", "Prof", "Jr", "Sr", "vs", "etc", "Ph.D")
    if piece.endswith(".") or plain_title or "." in key:
        return ABBREVIATIONS[key].split() if key in ABBREVIATIONS else None
    return None


def _roman(piece: str, before: str) -> list[str] | None:
    """VIII is "the eighth" after Henry, II is "two" after War."""
    if not re.fullmatch(r"(?=[IVX]{2})X{0,3}(?:IX|IV|V?I{0,3})", piece) or not before[:1].isupper():
        return None
    values = {"I": 1, "V": 5, "X": 10}
    worth = [values[letter] for letter in piece]
    pairs = zip(worth, [*worth[1:], 0], strict=True)
    value = sum(-here if here < after else here for here, after in pairs)
    if before.lower() in _COUNTED:
        return numerals.cardinal(value).split()
    return ["the", *numerals.ordinal(value).split()]


def _part(part: str, shouted: bool, known: Callable[[str], bool]) -> list[str]:
    """What is said for one part of a word that has no hyphen, slash or digits beside letters."""
    if not part:
        return []
    if part in SYMBOLS:
        return SYMBOLS[part].split()
    if part.isdecimal():
        return (numerals.say(part) or []) if len(part) < 5 else numerals.digits(part).split()
    if part == ".":
        return ["dot"]
    plain = fold(part)
    capitals = re.fullmatch(r"([A-Z]{2,6})('?s)?", part)
    if capitals and not shouted:
        stem, ending = capitals.group(1), "'s" if capitals.group(2) else ""
        if stem in _LETTERS or not (known(plain) or known(stem.lower())):
            letters = [f"{letter}." for letter in stem.lower()]
            return [*letters[:-1], letters[-1] + ending]
    word = re.sub(r"[^a-z']", "", plain)
    return [word] if re.search("[a-z]", word) else []
