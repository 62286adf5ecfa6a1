"""The token inventory and the layout of an utterance (see `tts_core.types`)."""

from collections.abc import Sequence

import numpy as np

from tts_core.text.plain import plain_form
from tts_core.types import Word

VOWELS = tuple("AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW".split())  # noqa: SIM905
CONSONANTS = tuple("B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH".split())  # noqa: SIM905
PUNCTUATION = (",", ".", "?", "!", ";", ":", "-", "...", '"', "(", ")")
PHONES = tuple(f"{vowel}{stress}" for vowel in VOWELS for stress in (0, 1, 2)) + CONSONANTS
TOKENS: tuple[str, ...] = ("<pad>", "<s>", "</s>", "<wb>", *PUNCTUATION, *PHONES)

DURATION_GROUPS = ("phone", "punctuation", "boundary")

_IDS = {symbol: index for index, symbol in enumerate(TOKENS)}
_FIRST_PHONE = len(TOKENS) - len(PHONES)
_MARKS = {
    **{mark: mark for mark in PUNCTUATION},
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys(["--", "---"], "-"),
    **dict.fromkeys(["…", ".."], "..."),
    **dict.fromkeys(["'", "‘", "’", "“", "”", "„", "‟", "«", "»", "‹", "›", "`", "``", "''"], '"'),
    **dict.fromkeys("[{", "("),
    **dict.fromkeys("]}", ")"),
}


def token_id(symbol: str) -> int:
    """Index of a symbol in `TOKENS`.

    Raises:
        KeyError: not a token.
    """
    return _IDS[symbol]


def punctuation_mark(text: str) -> str | None:
    """Return the punctuation token of a written mark, None without one."""
    if text not in _MARKS and len(text) > 2 and set(text) == {"."}:
        return "..."
    return _MARKS.get(text)


def encode_words(words: Sequence[Word]) -> tuple[np.ndarray, np.ndarray]:
    """Lay out a sentence's units as tokens.

    Args:
        words: the units, W.

    Returns:
        tokens: (N,) int64 ids.
        token_unit: (N,) int64 unit of each token, non-decreasing, every unit at least once.

    Raises:
        ValueError: no words, a word without phones, or a mark that is no punctuation token.
    """
    if not words:
        raise ValueError("an utterance needs at least one unit")
    tokens, owners = [token_id("<s>")], [0]
    for unit, word in enumerate(words):
        symbols = _symbols(word)
        tokens += [token_id(symbol) for symbol in symbols]
        owners += [unit] * len(symbols)
        follower = words[unit + 1] if unit + 1 < len(words) else None
        if follower and not word.punctuation and not follower.punctuation:
            tokens.append(token_id("<wb>"))
            owners.append(unit)
    tokens.append(token_id("</s>"))
    owners.append(len(words) - 1)
    return np.array(tokens, np.int64), np.array(owners, np.int64)


def duration_group(tokens: np.ndarray) -> np.ndarray:
    """Group of each token for duration normalisation (Kathaka, Eq. 1).

    The paper names no groups; these are the modes that Abbas et al. 2022 find in durations.

    Args:
        tokens: integer ids of any shape.

    Returns:
        Indices into `DURATION_GROUPS`, same shape: 0 speech phones; 1 punctuation and the silences
        before and after the utterance (and padding); 2 `<wb>`.
    """
    groups = np.where(tokens >= _FIRST_PHONE, 0, 1)
    return np.where(tokens == _IDS["<wb>"], 2, groups)


def _symbols(word: Word) -> Sequence[str]:
    if word.punctuation:
        mark = punctuation_mark(plain_form(word.text)[0])
        if mark is None:
            raise ValueError(f"{word.text!r} is no punctuation token")
        return [mark]
    if not word.phones:
        raise ValueError(f"the word {word.text!r} has no phones")
    return word.phones
