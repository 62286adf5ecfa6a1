"""How CAMP's authors chose the size of a word's vector: splices of two utterances (thesis ch. 6).

*Word-splice*: text of two utterances, prosody of one. If speech follows the text, the vectors hold
no phones. *Prosody-splice*: text of one utterance, prosody of two. If speech follows the vectors,
they control prosody. Where to cut is unpublished; here both halves meet between two units.
"""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from tts_core.types import Encoded


def prosody_splice(first: Tensor, second: Tensor, at: int) -> Tensor:
    """Vectors (W, d) of one utterance before unit `at` and of another from there on.

    Raises:
        ValueError: the utterances have different numbers of units, or `at` is not inside.
    """
    _check(len(first), len(second), at)
    return torch.cat([first[:at], second[at:]])


def word_splice(first: Encoded, second: Encoded, at: int) -> Encoded:
    """Units of one text before unit `at` and of another from there on, W as both have.

    The parse tree, which CAMP does not read, stays the first's.

    Raises:
        ValueError: the texts have different numbers of units, `at` is not inside, or a punctuation
            mark stands there in one of them, so that there would be two boundaries or none.
    """
    _check(len(first.pos), len(second.pos), at)
    if first.punctuation[at] or second.punctuation[at]:
        raise ValueError(f"unit {at} is punctuation; cut where a word begins in both texts")

    def joined(name: str, owner: str | None = None) -> np.ndarray:
        left, right = (
            _owners(getattr(text, owner)) if owner else np.arange(len(text.pos))
            for text in (first, second)
        )
        return np.concatenate([getattr(first, name)[left < at], getattr(second, name)[right >= at]])

    by_unit = ("pos", "word_class", "compound", "punctuation")
    return replace(
        first,
        **{name: joined(name) for name in by_unit},
        **{name: joined(name, "token_unit") for name in ("tokens", "token_unit")},
        **{name: joined(name, "piece_unit") for name in ("pieces", "piece_unit")},
    )


def _owners(units: np.ndarray) -> np.ndarray:
    """The unit that each token or piece goes with; special pieces go with the text's two ends."""
    owned = np.flatnonzero(units >= 0)
    owners = units.copy()
    owners[owned[-1] + 1 :] = units[owned[-1]]
    return owners


def _check(first: int, second: int, at: int) -> None:
    if first != second:
        raise ValueError(f"{first} and {second} units: a splice needs two utterances of one length")
    if not 0 < at < first:
        raise ValueError(f"cannot cut {first} units at {at}")
