"""Interface to a speech recogniser, which compares files with texts."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def plain_words(text: str) -> list[str]:
    """Return words in lower case without punctuation; numbers stay as written."""
    words = _WORD.findall(unicodedata.normalize("NFKC", text).lower())
    return [word.replace("’", "'") for word in words]


@dataclass(frozen=True)
class Recogniser:
    """Speech recogniser.

    Attributes:
        name: name in reports.
        transcribe: function from an audio file to its transcript.
        words: function from a text to the words that are compared.
    """

    name: str
    transcribe: Callable[[Path], str]
    words: Callable[[str], Sequence[str]] = plain_words


# From the language (BCP 47) of a stimulus set to its recogniser; None: not available.
FindRecogniser = Callable[[str], Recogniser | None]
