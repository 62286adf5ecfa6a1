"""Rank tests and sign flips of one value per listener or utterance."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

# Above this many values the exact signed-rank distribution costs seconds and changes nothing.
_EXACT_UP_TO = 200
# Means of integers tie only after rounding: the order of summation must not break ties.
_DECIMALS = 9
# Sign flips are enumerated by halves: 2^18 sums each at most.
_ENUMERATED_UP_TO = 36


@dataclass(frozen=True)
class SignedRank:
    """Wilcoxon's signed-rank test; zeros are dropped."""

    w_plus: float
    w_minus: float
    p: float
    rank_biserial: float


def wilcoxon_exact(differences: np.ndarray) -> SignedRank:
    """Run the signed-rank test of differences.

    Exact, conditional on ties, up to 200 differences; normal with ties above.

    The exact distribution is built on doubled midranks (scipy's `exact` is wrong with ties).
    """
    d = np.round(np.asarray(differences, dtype=float), _DECIMALS)
    d = d[d != 0]
    if len(d) == 0:
        return SignedRank(0.0, 0.0, 1.0, 0.0)
    doubled = np.rint(2 * stats.rankdata(np.abs(d))).astype(int)
    total, plus = int(doubled.sum()), int(doubled[d > 0].sum())
    if len(d) > _EXACT_UP_TO:
        statistic = stats.wilcoxon(d, method="asymptotic")
        p = float(np.asarray(statistic)[1])
    else:
        p = min(1.0, 2 * float(_sums_of_ranks(doubled)[: min(plus, total - plus) + 1].sum()))
    return SignedRank(plus / 2, (total - plus) / 2, p, (2 * plus - total) / total)


def _sums_of_ranks(ranks: np.ndarray) -> np.ndarray:
    """Return the null distribution of the sum of signed ranks."""
    # Halved at each step: counts would overflow.
    chance = np.zeros(int(ranks.sum()) + 1)
    chance[0] = 1.0
    for rank in ranks:
        following = chance * 0.5
        following[rank:] += 0.5 * chance[: len(chance) - rank]
        chance = following
    return chance


def wins(differences: np.ndarray) -> np.ndarray:
    """Return 1 (win), 1/2 (tie to 9 decimals) or 0."""
    d = np.round(differences, _DECIMALS)
    return (d > 0) + 0.5 * (d == 0)


def hodges_lehmann(values: np.ndarray) -> float:
    """Return the median of all Walsh averages.

    They are (v_i + v_j) / 2, i <= j.
    """
    n = len(values) * (len(values) + 1) // 2
    ordered = np.sort(values)
    return (_walsh_average(ordered, (n - 1) // 2) + _walsh_average(ordered, n // 2)) / 2


def hodges_lehmann_ci(values: np.ndarray, alpha: float = 0.05) -> tuple[float, float]:
    """Return the 1 - alpha interval of the Hodges-Lehmann estimate.

    Its ends are the outermost Walsh averages that the signed-rank test would not reject.

    From the distribution without ties, exact up to 200 values, normal above (Hollander and Wolfe
    1999, section 3.3). NaN with too few values for the level (fewer than 6 for 0.05).
    """
    n, ordered = len(values), np.sort(values)
    if n > _EXACT_UP_TO:
        spread = (n * (n + 1) * (2 * n + 1) / 24) ** 0.5
        cut = int(n * (n + 1) / 4 - stats.norm.ppf(0.5 + (1 - alpha) / 2) * spread)
    else:
        below = np.cumsum(_sums_of_ranks(np.arange(1, n + 1)))
        cut = int(np.searchsorted(below, alpha / 2, side="right"))
    if cut < 1:
        return float("nan"), float("nan")
    last = n * (n + 1) // 2 - 1
    return _walsh_average(ordered, cut - 1), _walsh_average(ordered, last - (cut - 1))


def _walsh_average(ordered: np.ndarray, rank: int) -> float:
    """Return the Walsh average of a rank (from 0) in rising order.

    By halving the range and counting: there are n (n + 1) / 2 of them, too many to hold.
    """
    low, high = float(ordered[0]), float(ordered[-1])

    def up_to(value: float) -> int:
        pairs = np.searchsorted(ordered, 2 * value - ordered, side="right").sum()
        return int(pairs + np.searchsorted(ordered, value, side="right")) // 2

    if up_to(low) > rank:
        return low
    # Of the largest number, not of the range: that may be less than its last digit.
    near = 1e-14 * max(abs(low), abs(high))
    while high - low > near:
        middle = (low + high) / 2
        low, high = (low, middle) if up_to(middle) > rank else (middle, high)
    return high


def sign_flip(values: np.ndarray, draws: int = 99_999, seed: int = 0) -> float:
    """Return the two-sided p value of the sign-flip test.

    If the mean is 0, every value could as well have the other sign.

    All sign patterns are counted up to 36 values (by halves: sums of the first half meet those of
    the second); above, `draws` random ones, and the data count as one more.

    Args:
        values: one number per independent unit, for instance listener means of a difference.
        draws: number of random patterns.
        seed: of the random patterns.
    """
    d = np.asarray(values, dtype=float)
    # Patterns that tie with the data must count, whatever the order of summation.
    observed = abs(float(d.sum())) - 1e-9 * max(1.0, float(np.abs(d).sum()))
    if observed <= 0:
        return 1.0
    if len(d) <= _ENUMERATED_UP_TO:
        first, second = (_signed_sums(half) for half in np.array_split(d, 2))
        second.sort()
        # By symmetry the lower tail is as heavy as the upper.
        upper = len(second) - np.searchsorted(second, observed - first, side="left")
        return float(2 * upper.sum() / 2 ** len(d))
    rng = np.random.default_rng(seed)
    extreme = 0
    block = max(1, 10_000_000 // len(d))
    for start in range(0, draws, block):
        signs = rng.integers(0, 2, (min(block, draws - start), len(d)), dtype=np.int8)
        extreme += int((np.abs((2.0 * signs - 1) @ d) >= observed).sum())
    return (extreme + 1) / (draws + 1)


def _signed_sums(values: np.ndarray) -> np.ndarray:
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums + value, sums - value])
    return sums
