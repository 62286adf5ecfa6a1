"""Whether a file says its text, by a recogniser that somebody else brings."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def plain_words(text: str) -> list[str]:
    """Words in lower case without punctuation; figures and abbreviations stay as written."""
    found = _WORD.findall(unicodedata.normalize("NFKC", text).lower())
    return [word.replace("’", "'") for word in found]


@dataclass(frozen=True)
class Recogniser:
    """A speech recogniser.

    Attributes:
        name: as reports call it.
        transcribe: audio file to the text heard.
        words: text to the words that are compared.
    """

    name: str
    transcribe: Callable[[Path], str]
    words: Callable[[str], Sequence[str]] = plain_words


# Language (BCP 47) of a stimulus set to its recogniser; None: there is none here.
FindRecogniser = Callable[[str], Recogniser | None]


def word_errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """Levenshtein distance: fewest insertions, deletions and substitutions of words."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        last, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            cost = min(row[j] + 1, row[j - 1] + 1, last + (word != other))
            last, row[j] = row[j], cost
    return row[-1]
