"""Confidence intervals over sentences."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

RESAMPLES = 10_000
LEVEL = 0.95
_CHUNK = 500


@dataclass(frozen=True)
class Estimate:
    """Mean (or ratio of sums) with its interval.

    Attributes:
        mean: the estimate. low, high: percentile bootstrap limits, None with a single sentence.
        n: sentences.
    """

    mean: float
    low: float | None
    high: float | None
    n: int

    def to_dict(self) -> dict[str, object]:
        """Return the form that `objective.json` has."""
        values = asdict(self)
        low, high = values.pop("low"), values.pop("high")
        return {**values, "ci": None if low is None else [low, high]}


def ratio(
    values: Sequence[float], weights: Sequence[float] | None = None, seed: int = 0
) -> Estimate:
    """Estimate sum(values) / sum(weights), with its interval.

    A 95 % percentile bootstrap interval over sentences.

    Args:
        values: one per sentence. weights: one per sentence, by default 1, which gives the mean.
        seed: of the resampling.

    Raises:
        ValueError: no sentence.
    """
    return _estimate(np.asarray(values, float), _weights(values, weights), seed)


def paired_difference(
    values: Sequence[float],
    baseline: Sequence[float],
    weights: Sequence[float] | None = None,
    seed: int = 0,
) -> Estimate:
    """Estimate the difference of paired values, sentences resampled together.

    As `ratio` for `values` minus `baseline`.
    """
    return _estimate(np.subtract(values, baseline), _weights(values, weights), seed)


def _weights(values: Sequence[float], weights: Sequence[float] | None) -> np.ndarray:
    return np.ones(len(values)) if weights is None else np.asarray(weights, float)


def _estimate(values: np.ndarray, weights: np.ndarray, seed: int) -> Estimate:
    n = len(values)
    if not n:
        raise ValueError("no sentence to average over")
    mean = float(values.sum() / weights.sum())
    if n == 1:
        return Estimate(mean, None, None, 1)
    random = np.random.default_rng(seed)
    drawn = []
    for _ in range(RESAMPLES // _CHUNK):
        picks = random.integers(0, n, (_CHUNK, n))
        with np.errstate(invalid="ignore"):
            drawn.append(values[picks].sum(1) / weights[picks].sum(1))
    tail = (1 - LEVEL) / 2
    # A resample without anything to divide by says nothing of the ratio.
    low, high = np.nanquantile(np.concatenate(drawn), [tail, 1 - tail])
    return Estimate(mean, float(low), float(high), n)


def sign_flip_p(differences: Sequence[float], seed: int = 0) -> float:
    """Return the two-sided sign-flip p value of paired differences.

    It is the share of sign flips whose mean is at least as far from 0.

    Args:
        differences: one per sentence, at least two. seed: of the flips, where there are too many
            sentences to try them all.
    """
    from scipy.stats import permutation_test

    result = permutation_test(
        (np.asarray(differences, float),),
        np.mean,
        permutation_type="samples",
        n_resamples=RESAMPLES,
        batch=_CHUNK,
        vectorized=True,
        rng=np.random.default_rng(seed),
    )
    return float(result.pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p values by Holm's step-down procedure (Holm 1979).

    The order is kept.
    """
    adjusted = [0.0] * len(p_values)
    least = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = least
    return adjusted
