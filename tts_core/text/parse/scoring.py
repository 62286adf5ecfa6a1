"""How good trees are: F1 of brackets against a treebank.

The conventions are those of evalb where they apply: tags are not brackets; punctuation, traces and
functional labels are taken out of both trees. Two are stricter: brackets over one word and over the
whole sentence are left out, because they are right by construction in most sentences and flatter
every parser. Unlabelled brackets of one span count once.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tts_core.text.parse.trees import Span

_RESAMPLES = 1000

Pair = tuple[Counter[Span], Counter[Span]]
"""Brackets found in a sentence, and those of its gold tree."""


@dataclass(frozen=True)
class F1:
    """F1 of brackets.

    Attributes:
        value: 2 hits / (found + gold), 0 to 1.
        precision, recall: hits / found, hits / gold.
        low, high: 95 % interval, percentile bootstrap over sentences.
    """

    value: float
    precision: float
    recall: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def plain_brackets(spans: Iterable[Span], n_words: int) -> Counter[Span]:
    """The brackets that count: two or more words, and not the whole sentence."""
    return Counter((label, start, end) for label, start, end in spans if 1 < end - start < n_words)


def f1(pairs: Sequence[Pair], labelled: bool, seed: int = 0) -> F1:
    """F1 over all brackets of all sentences.

    Args:
        pairs: (found, gold) of each sentence. labelled: whether labels must agree too.
        seed: of the bootstrap.
    """
    counts = np.array([_counts(found, gold, labelled) for found, gold in pairs], float)
    hits, found, gold = counts.sum(0)
    draws = np.random.default_rng(seed).integers(len(counts), size=(_RESAMPLES, len(counts)))
    sums = np.stack([counts[draw].sum(0) for draw in draws])
    resampled = 2 * sums[:, 0] / np.maximum(sums[:, 1] + sums[:, 2], 1)
    low, high = np.quantile(resampled, (0.025, 0.975))
    return F1(
        value=float(2 * hits / max(found + gold, 1)),
        precision=float(hits / max(found, 1)),
        recall=float(hits / max(gold, 1)),
        low=float(low),
        high=float(high),
    )


def _counts(found: Counter[Span], gold: Counter[Span], labelled: bool) -> tuple[int, int, int]:
    if labelled:
        return (found & gold).total(), found.total(), gold.total()
    ours, theirs = ({span[1:] for span in spans} for spans in (found, gold))
    return len(ours & theirs), len(ours), len(theirs)
