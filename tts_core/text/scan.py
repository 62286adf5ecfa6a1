"""Tokenizer: text to pieces, words and marks, with their spans.

Pieces are found in the plain form of the text (`tts_core.text.plain`), and every plain character
remembers its characters in the text, so that a piece's span always holds exactly
what was written.
"""

import re
from dataclasses import dataclass

from tts_core.text.plain import VULGAR, plain_form
from tts_core.text.tokens import punctuation_mark
from tts_core.text.units_of_measure import MEASURES, SIGNS
from tts_core.text.written_forms import (
    ABBREVIATIONS,
    BEFORE_NAME,
    BEFORE_NUMBER,
    LABELLED,
    SYMBOLS,
    WEEKDAYS,
)

_FIGURE = rf"""
    (?:[-−+]?{SIGNS}[ ]?|[-−+])? (?=\d|\.\d|[{VULGAR}])
    (?> (?:\d+(?:[.,:/⁄×]\d+)*|\.\d+)? [{VULGAR}]? )
    (?:[ap]\.m\b(?:\.(?=\s*[\w,;]))?|km/h|m/s|°[CF]|[%°¢]|'?[A-Za-zµ]+[²³]?)?"""
_SCAN = re.compile(
    rf"""
    (?P<address>
        (?:https?://|www\.) [^\s<>"]* [\w/]
      | [\w.+-]+ @ [\w-]+ (?:\.[\w-]+)+
      | (?<![\w.]) [\w-]+ (?:\.[\w-]+)* \.(?:com|org|net|edu|gov|io)\b
        (?:\.[a-z]{{2}}\b)? (?:/[^\s<>"]*[\w/])?
    )
  | (?P<phone>
        (?<!\w) (?:\+?\d[ .-]?)? \(\d{{3}}\) [ ]?\d{{3}}[-. ]\d{{4}} (?!\w)
      | \+\d{{1,3}} (?:[ .-]\d{{2,4}}){{2,4}} (?!\w)
      | (?<!\w) 0(?:\d{{2,4}} [ ]\d{{3,4}} [ ]\d{{3,4}} | \d{{4}} [ ]\d{{6}}) (?!\w)
    )
  | (?P<number>
        (?<!\w) \d+'[ ]?\d+ (?:["”]|(?!\w))
      | (?:(?<!\w)|(?={SIGNS})) {_FIGURE} (?:[–-]{_FIGURE})* (?:/[a-z]+)? (?!\w|-\w)
      | \#\d+(?!\w) | (?<!\w)'\d\ds?(?!\w)
    )
  | (?P<word>
        (?:[^\W\d_]\.){{2,}} (?:'s|-[^\W_]+)* (?!\w)
      | 'n' | '(?:em|tis|twas|til|cause|bout|round|n)(?!\w)
      | [^\W\d_](?:\#|\+\+)(?!\w) | w/(?!\w) | \d{{1,3}}(?:,\d{{3}})+(?:-[^\W_]+)+
      | (?:(?<![\w#])\#(?=[^\W\d_]))? [^\W_]+ (?:['./&@-][^\W_]+)*
    )
  | (?P<mark> \.{{2,}} | -{{2,}} | °[CF](?!\w) | \S )
    """,
    re.VERBOSE | re.IGNORECASE,
)
AMOUNT = re.compile(rf"[-−+]?[\d.,:/⁄–-]*(?:\d|[{VULGAR}])")


@dataclass(frozen=True)
class Piece:
    """A written word or mark.

    Attributes:
        text: in plain characters.
        start, end: its span in the text as written, end exclusive.
    """

    text: str
    start: int
    end: int


def scan(text: str) -> list[Piece]:
    """Split a text into words and marks in order.

    A period of an abbreviation stays with its word.

    Symbols without spoken form, such as emoji, are no pieces.

    Raises:
        UserError: letters or digits that are not read in English.
    """
    plain, starts, ends = plain_form(text)
    return [Piece(plain[start:end], starts[start], ends[end - 1]) for start, end in _pieces(plain)]


def _pieces(plain: str) -> list[tuple[int, int]]:
    """Return the spans of the pieces of a plain text."""
    spans: list[tuple[int, int]] = []
    quoted = False
    for match in _SCAN.finditer(plain):
        piece, (start, end) = match.group(), match.span()
        if spans and end <= spans[-1][1]:
            continue
        glued = bool(spans) and spans[-1][1] == start
        previous = plain[slice(*spans[-1])] if spans else ""
        if piece == "'":
            if glued and not quoted and previous[-1:].isalnum():
                spans[-1] = (spans[-1][0], end)
                continue
            quoted = not quoted
        if piece == "." and glued:
            earlier = plain[slice(*spans[-2])] if len(spans) > 1 else ""
            if _abbreviated(previous, earlier, plain, end):
                spans[-1] = (spans[-1][0], end + 2 * _possessive(plain, end))
                continue
        if match.lastgroup == "mark" and punctuation_mark(piece) is None and not _said(piece):
            continue
        if match.lastgroup == "word" and piece.endswith(".") and not _followed(plain, end):
            spans += [(start, end - 1), (end - 1, end)]
            continue
        # "end.Start" lacks a space; "report.pdf" does not.
        glue = re.search(r"[a-z](\.)[A-Z][a-z]", piece) if match.lastgroup == "word" else None
        if glue:
            stop = start + glue.start(1)
            spans += [(start, stop), (stop, stop + 1), (stop + 1, end)]
            continue
        spans.append((start, end))
    return spans


def _said(mark: str) -> bool:
    return mark in SYMBOLS or mark in MEASURES


def _followed(plain: str, end: int) -> bool:
    return re.compile(r"\w").search(plain, end) is not None


def _possessive(plain: str, at: int) -> bool:
    return re.compile(r"'s(?![\w'-])").match(plain, at) is not None


def _abbreviated(word: str, before: str, plain: str, end: int) -> bool:
    """Return whether the period that ends at `end` belongs to its word.

    Else it ends the sentence.
    """
    key = word.lower()
    if not _followed(plain, end):
        return False
    following = re.compile(r"\s*(\w+|\S)").match(plain, end)
    after = following.group(1) if following else ""
    follower = after[:1]
    if key == "al":
        return before.lower() == "et"
    if key in ABBREVIATIONS and _possessive(plain, end):
        return True
    if key in BEFORE_NUMBER and (follower.isdigit() or re.fullmatch("[IVXLC]{2,}|[VX]", after)):
        return True
    if key in WEEKDAYS and word[0].isupper() and after == ",":
        return True
    if len(word) == 1 and word.isupper():
        return follower.isupper() and word != "I" and before.lower() not in LABELLED
    if key == "v":
        return before[:1].isupper() and follower.isupper()
    if word in MEASURES or key in ("in", "sq", "cu", "fl"):
        counted = AMOUNT.fullmatch(before) or before.removesuffix(".") in ("sq", "cu", "fl")
        return (follower.islower() or follower.isdigit()) and bool(counted)
    if key in BEFORE_NUMBER or key not in ABBREVIATIONS:
        return False
    return key not in BEFORE_NAME or (word[0].isupper() and follower.isupper())
