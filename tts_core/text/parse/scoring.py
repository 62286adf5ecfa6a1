"""Scores of parse trees: F1 of brackets against a treebank.

The conventions are those of evalb where they apply: tags are not brackets; punctuation, traces and
functional labels are taken out of both trees. Two are stricter: brackets over one word and over the
whole sentence are left out, because they are right by construction in most sentences and flatter
every parser. Unlabelled brackets of one span count once.
"""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from intone.errors import UserError
from tts_core.text.normalise import Unit
from tts_core.text.parse import ConstituencyParser
from tts_core.text.parse.trees import Span, Tree, letters, over_words, read_trees
from tts_core.text.tagger import Tagged, Tagger

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
    """Count brackets of two or more words, except the whole sentence."""
    return Counter((label, start, end) for label, start, end in spans if 1 < end - start < n_words)


def f1(pairs: Sequence[Pair], labelled: bool, seed: int = 0) -> F1:
    """F1 over all brackets of all sentences.

    Args:
        pairs: (predicted, gold) of each sentence. labelled: whether labels must agree too.
        seed: of the bootstrap.
    """
    counts = np.array([_counts(predicted, gold, labelled) for predicted, gold in pairs], float)
    hits, predicted, gold = counts.sum(0)
    draws = np.random.default_rng(seed).integers(len(counts), size=(_RESAMPLES, len(counts)))
    sums = np.stack([counts[draw].sum(0) for draw in draws])
    resampled = 2 * sums[:, 0] / np.maximum(sums[:, 1] + sums[:, 2], 1)
    low, high = np.quantile(resampled, (0.025, 0.975))
    return F1(
        value=float(2 * hits / max(predicted + gold, 1)),
        precision=float(hits / max(predicted, 1)),
        recall=float(hits / max(gold, 1)),
        low=float(low),
        high=float(high),
    )


def _counts(predicted: Counter[Span], gold: Counter[Span], labelled: bool) -> tuple[int, int, int]:
    if labelled:
        return (predicted & gold).total(), predicted.total(), gold.total()
    ours, theirs = ({span[1:] for span in spans} for spans in (predicted, gold))
    return len(ours & theirs), len(ours), len(theirs)


@dataclass(frozen=True)
class ParserScore:
    """A parser against a treebank.

    Attributes:
        parser: its name. unlabelled, labelled: F1 of brackets.
        sentences: gold sentences of two or more words. covered: those that the parser gave a tree
            with the gold tree's words. seconds: wall time of the parser alone, without tagging.
    """

    parser: str
    unlabelled: F1
    labelled: F1
    sentences: int
    covered: int
    seconds: float


def score_parser(parser: ConstituencyParser, gold: Sequence[Tree]) -> ParserScore:
    """Parse the sentences of gold trees and compare.

    A sentence without a tree counts as missed.

    Args:
        parser: which one. gold: trees without punctuation, words as our front-end parts them
            (`tts_core.text.parse.trees.as_written`).

    Raises:
        UserError: no trees, or the parser has no tree of a sentence.
    """
    if not gold:
        raise UserError("no gold tree has two or more words; give trees to compare with")
    tagged = _tag(gold)
    start = time.perf_counter()
    trees = parser(tagged)
    seconds = time.perf_counter() - start
    pairs, covered = [], 0
    for text, tree in zip(trees, gold, strict=True):
        (parsed,) = read_trees(text)
        same = letters(parsed.words) == letters(tree.words)
        covered += same
        n = len(tree.words)
        ours = over_words(parsed, tree.words) if same else []
        pairs.append((plain_brackets(ours, n), plain_brackets(tree.spans, n)))
    return ParserScore(
        parser=parser.name,
        unlabelled=f1(pairs, labelled=False),
        labelled=f1(pairs, labelled=True),
        sentences=len(gold),
        covered=covered,
        seconds=seconds,
    )


def _tag(gold: Sequence[Tree]) -> list[list[Tagged]]:
    """Tag the words of the trees.

    The tagger sees a full stop after them.
    """
    stop = Unit(".", ".", (), 0, 0)
    units = [[*(Unit(word, word, (word,), 0, 0) for word in t.words), stop] for t in gold]
    tagged = []
    for words in Tagger()(units):
        last = len(words) - 1
        tagged.append(
            [
                replace(word, head=position if word.head == last else word.head)
                for position, word in enumerate(words[:-1])
            ]
        )
    return tagged
