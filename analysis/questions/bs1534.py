"""Analysis that ITU-R BS.1534-3 prescribes.

Medians with quartiles, the permutation test of attachment 3, and the analysis of variance of
attachment 4 with its rule on sphericity and Hochberg's correction. What it does not cover:
listeners are a sample here and utterances are not, so that its p values hold for these utterances
only; and the permutation test takes ratings of one listener for independent ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg, stats

from analysis.data.ratings import Ratings
from analysis.models.bootstrap import bootstrap_means, percentile_interval
from analysis.models.rm_anova import WithinEffect, within_effect
from analysis.questions.alternatives import PairTest, compare_by
from analysis.wording import counted

NOT_COVERED = (
    "These tests hold for new listeners and these utterances only: the standard has no random "
    "effect of the utterance, so they do not cover other sentences.",
    "The permutation test of attachment 3 ignores which listener and which utterance a rating "
    "belongs to.",
)
# Permutations (attachment 3) and bootstrap samples.
DRAWS = 10_000
# Attachment 4: univariate above this epsilon and below this many listeners more than levels.
_EPSILON = 0.85
_MORE_LISTENERS = 30
# Above, a distribution may have more than one mode (attachment 4).
_BIMODAL = 5 / 9


@dataclass(frozen=True)
class Distribution:
    """Statistics of one system that section 9 and attachment 4 require.

    Attributes:
        system: name.
        n: number of ratings.
        median, q1, q3: quartiles are medians of the halves, the middle value in both.
        mean: mean; `ci` its 1 - alpha bootstrap interval over listeners.
        skewness: above 0.5 in size it should be mentioned, above 1 ranks should be considered.
        bimodality: coefficient b; above 5/9 there may be two camps.
        n_outliers: ratings beyond 1.5 interquartile ranges from the quartiles.
    """

    system: str
    n: int
    median: float
    q1: float
    q3: float
    mean: float
    ci: tuple[float, float]
    skewness: float
    bimodality: float
    n_outliers: int

    @property
    def bimodal(self) -> bool:
        """True if there may be two camps."""
        return self.bimodality > _BIMODAL


@dataclass(frozen=True)
class MedianTest:
    """Attachment 3: difference of two medians against pooled data without replacement."""

    x: str
    y: str
    difference: float
    p: float


@dataclass(frozen=True)
class Effect:
    """One effect of the analysis of variance.

    Attributes:
        name: condition, material, or condition x material.
        test: all its numbers.
        multivariate: whether attachment 4's rule asks for the multivariate test.
        p: the p value by that rule.
        note: how the rule applied.
    """

    name: str
    test: WithinEffect
    multivariate: bool
    p: float
    note: str


@dataclass(frozen=True)
class Bs1534:
    """Results of the standard's analysis.

    Attributes:
        systems: distributions.
        medians: permutation tests of the declared pairs.
        effects: analysis of variance, condition x material; empty without two listeners who rated
            every system on every utterance.
        contrasts: planned contrasts (paired t over listener means), Hochberg.
        n_listeners: listeners in the analysis of variance.
        not_covered: what a reader must not conclude.
    """

    systems: tuple[Distribution, ...]
    medians: tuple[MedianTest, ...]
    effects: tuple[Effect, ...]
    contrasts: tuple[PairTest, ...]
    n_listeners: int
    not_covered: tuple[str, ...] = NOT_COVERED


def bs1534_analysis(
    ratings: Ratings,
    pairs: Sequence[tuple[str, str]],
    draws: int = DRAWS,
    seed: int = 0,
    alpha: float = 0.05,
) -> Bs1534:
    """Run the analysis of the standard.

    Args:
        ratings: ratings after post-screening.
        pairs: planned contrasts, (x, y) for x minus y.
        draws: permutations and bootstrap samples.
        seed: of both.
        alpha: two-sided level; intervals are 1 - alpha.
    """
    scores = {
        system: ratings.frame.loc[ratings.frame["system"] == system, "score"].to_numpy(float)
        for system in ratings.systems
    }
    rng = np.random.default_rng(seed)
    medians = [
        MedianTest(x, y, *_permutation(scores[x], scores[y], draws, rng))
        for x, y in pairs
        if x in scores and y in scores
    ]
    cube = _complete(ratings)
    return Bs1534(
        tuple(
            _distribution(ratings, system, scores[system], draws, seed, alpha) for system in scores
        ),
        tuple(medians),
        tuple(_effects(cube)),
        tuple(compare_by(ratings, pairs, "listeners", "hochberg", alpha=alpha)),
        len(cube),
    )


def quartiles_of_halves(values: np.ndarray) -> tuple[float, float]:
    """Return the medians of the halves, a middle value in both."""
    ordered = np.sort(values)
    half = (len(ordered) + 1) // 2
    return float(np.median(ordered[:half])), float(np.median(ordered[-half:]))


def _distribution(
    ratings: Ratings, system: str, values: np.ndarray, draws: int, seed: int, alpha: float
) -> Distribution:
    q1, q3 = quartiles_of_halves(values)
    reach, n = 1.5 * (q3 - q1), len(values)
    listener, utterance, Y = ratings.pages().of(system)
    skewness = bimodality = float("nan")
    if n > 3 and np.ptp(values) > 0:
        skewness = float(stats.skew(values, bias=False))
        kurtosis = float(stats.kurtosis(values, bias=False))
        bimodality = (skewness**2 + 1) / (kurtosis + 3 * (n - 1) ** 2 / ((n - 2) * (n - 3)))
    means = bootstrap_means(listener, utterance, Y, draws, seed, "listeners")[:, 0]
    return Distribution(
        system,
        n,
        float(np.median(values)),
        q1,
        q3,
        float(values.mean()),
        percentile_interval(means, alpha),
        skewness,
        bimodality,
        int(((values < q1 - reach) | (values > q3 + reach)).sum()),
    )


def _permutation(
    x: np.ndarray, y: np.ndarray, draws: int, rng: np.random.Generator
) -> tuple[float, float]:
    difference = float(np.median(x) - np.median(y))
    # Scores take few values: how often each falls to x says all that a shuffle says of medians.
    values, counts = np.unique(np.concatenate([x, y]), return_counts=True)
    n_extreme = 0
    # In blocks: all draws at once would fill the memory where every score is another number.
    block = max(1, min(draws, 4_000_000 // len(values)))
    for start in range(0, draws, block):
        n = min(block, draws - start)
        drawn = rng.multivariate_hypergeometric(counts, len(x), n, method="marginals")
        medians = _medians(values, drawn) - _medians(values, counts - drawn)
        n_extreme += int((np.abs(medians) >= abs(difference) - 1e-9).sum())
    return difference, (n_extreme + 1) / (draws + 1)


def _medians(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return medians by row of counts [B, V] of rising values [V]."""
    below = counts.cumsum(axis=1)
    n = int(below[0, -1])
    middle = [(below <= rank).sum(axis=1) for rank in ((n - 1) // 2, n // 2)]
    return (values[middle[0]] + values[middle[1]]) / 2


def _complete(ratings: Ratings) -> np.ndarray:
    """Return scores [listeners, systems, utterances] of complete listeners."""
    table = ratings.frame.pivot_table(
        index="listener", columns=["system", "utterance"], values="score"
    )
    shape = (len(ratings.systems), len(ratings.utterances))
    if table.shape[1] < shape[0] * shape[1]:
        return np.empty((0, *shape))
    return table.dropna().to_numpy().reshape(-1, *shape)


def _effects(cube: np.ndarray) -> list[Effect]:
    n, n_systems, n_utterances = cube.shape
    if n < 2:
        return []
    condition, condition_mean = _helmert(n_systems)
    material, material_mean = _helmert(n_utterances)
    contrasts = {
        "condition": (condition, material_mean),
        "material": (condition_mean, material),
        "condition × material": (condition, material),
    }
    effects = []
    for name, (by_system, by_utterance) in contrasts.items():
        columns = np.einsum("nsu,as,bu->nab", cube, by_system, by_utterance).reshape(n, -1)
        test = within_effect(columns) if columns.shape[1] else None
        if test is not None:
            effects.append(_by_the_rule(name, test))
    return effects


def _helmert(levels: int) -> tuple[np.ndarray, np.ndarray]:
    """Return Helmert contrasts [L-1, L] and unit mean [1, L]."""
    full = linalg.helmert(levels, full=True)
    return full[1:], full[:1]


def _by_the_rule(name: str, test: WithinEffect) -> Effect:
    univariate = test.hf > _EPSILON and test.n_subjects < test.df1 + 1 + _MORE_LISTENERS
    if univariate:
        note = f"univariate, Huynh-Feldt (epsilon {test.hf:.2f})"
    elif np.isfinite(test.hotelling_p):
        note = f"multivariate (epsilon {test.hf:.2f}, {counted(test.n_subjects, 'listener')})"
        return Effect(name, test, True, test.hotelling_p, note)
    else:
        note = (
            f"univariate, Huynh-Feldt (epsilon {test.hf:.2f}): the multivariate test that the rule "
            f"asks for needs more than {test.df1} listeners"
        )
    return Effect(name, test, False, test.hf_p, note)
