"""Named alternatives to the default test, each with its population.

The default (`compare`) generalises to new listeners and new utterances. A test on listener means
holds for these utterances only, one on utterance means for these listeners only.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from analysis.data.ratings import Pages, Ratings
from analysis.models.adjust import Adjustment, adjust
from analysis.models.bootstrap import bootstrap_means, bootstrap_p, percentile_interval
from analysis.models.cluster import cluster_covariance
from analysis.models.crossed import fit_two_way
from analysis.models.rank_tests import hodges_lehmann, hodges_lehmann_ci, sign_flip, wilcoxon_exact
from analysis.models.t_test import SMALLEST_SE, one_sample_t, t_interval, t_p_value
from analysis.wording import ci_text, number, p_equals
from intone.errors import UserError

Method = Literal[
    "two-way",
    "cluster-robust",
    "bootstrap",
    "listeners",
    "wilcoxon",
    "sign-flip",
    "utterances",
    "pages",
]
METHODS: tuple[Method, ...] = get_args(Method)

_BOTH = "new listeners and new utterances"
_LISTENERS = "new listeners, these utterances"
HOLDS_FOR: dict[Method, str] = {
    "two-way": _BOTH,
    "cluster-robust": _BOTH,
    "bootstrap": _BOTH,
    "listeners": _LISTENERS,
    "wilcoxon": _LISTENERS,
    "sign-flip": _LISTENERS,
    "utterances": "these listeners, new utterances",
    "pages": "no population: pages are not independent",
}
_NAN = float("nan")


@dataclass(frozen=True)
class PairTest:
    """`x` minus `y` by a named method.

    Attributes:
        x, y: names of the systems.
        method: two-way (random-effects model), cluster-robust (Cameron, Gelbach and Miller 2011,
            t with the smaller sample's degrees of freedom), bootstrap (two-way percentile),
            listeners (paired t over listener means, F1), wilcoxon (exact, listener means),
            sign-flip (listener means), utterances (paired t over utterance means, F2), or pages
            (as if independent: a warning, never a result).
        holds_for: the population of listeners and utterances that the p value speaks about.
        estimate: points; for `wilcoxon` the Hodges-Lehmann estimate.
        ci: its 1 - alpha interval; NaN where the method has none.
        p: two-sided p value of no difference; NaN if undefined.
        p_adjusted: corrected over the family.
        alpha: two-sided level of the interval.
    """

    x: str
    y: str
    method: Method
    holds_for: str
    estimate: float
    ci: tuple[float, float]
    p: float
    p_adjusted: float
    alpha: float = 0.05

    @property
    def text(self) -> str:
        """One English sentence."""
        ci = ""
        if all(map(np.isfinite, self.ci)):
            ci = f" ({ci_text(self.ci, self.alpha)})"
        return (
            f"{self.x} − {self.y} = {number(self.estimate, sign=True)} points{ci}, "
            f"{p_equals(self.p)}, {self.method}; holds for {self.holds_for}."
        )


@dataclass(frozen=True)
class _Differences:
    """Page differences of one pair, with the settings of the test."""

    listener: np.ndarray
    utterance: np.ndarray
    D: np.ndarray
    draws: int
    seed: int
    alpha: float

    def means(self, code: np.ndarray) -> np.ndarray:
        return np.bincount(code, self.D) / np.bincount(code)


_Answer = tuple[float, tuple[float, float], float]


def compare_by(
    ratings: Ratings,
    pairs: Sequence[tuple[str, str]],
    method: Method,
    adjustment: Adjustment = "holm",
    draws: int = 10_000,
    seed: int = 0,
    alpha: float = 0.05,
) -> list[PairTest]:
    """Test every pair of one family by one method.

    Pairs that were never rated on one page are left out.

    Args:
        ratings: the ratings.
        pairs: (x, y) for x minus y, for instance of `analysis.questions.compare.contrast_pairs`.
        method: see `PairTest.method`.
        adjustment: correction for the size of the family.
        draws: bootstrap samples, or random sign patterns where they are too many to count.
        seed: of both.
        alpha: two-sided level; intervals are 1 - alpha.

    Raises:
        UserError: no such method.
    """
    if method not in METHODS:
        raise UserError(f"method {method!r}: no such test; choose {', '.join(METHODS)}")
    pages = ratings.pages()
    results = [
        pair_test(pages, x, y, method, draws, seed, alpha)
        for x, y in pairs
        if {x, y} <= set(pages.systems)
    ]
    tests = [test for test in results if test is not None]
    adjusted = adjust([test.p for test in tests], adjustment)
    return [replace(test, p_adjusted=p) for test, p in zip(tests, adjusted, strict=True)]


def pair_test(
    pages: Pages,
    x: str,
    y: str,
    method: Method,
    draws: int = 10_000,
    seed: int = 0,
    alpha: float = 0.05,
) -> PairTest | None:
    """Test one pair, uncorrected; none if no page has both systems."""
    listener, utterance, scores = pages.of(x, y)
    if len(scores) == 0:
        return None
    differences = _Differences(listener, utterance, scores[:, 0] - scores[:, 1], draws, seed, alpha)
    estimate, ci, p = _RUN[method](differences)
    return PairTest(x, y, method, HOLDS_FOR[method], estimate, ci, p, p, alpha)


def _two_way(d: _Differences) -> _Answer:
    fit = fit_two_way(d.listener, d.utterance, d.D)
    return fit.estimate, fit.ci(d.alpha), fit.p


def _cluster_robust(d: _Differences) -> _Answer:
    covariance, df = cluster_covariance(d.listener, d.utterance, d.D[:, None])
    mean, se = float(d.D.mean()), float(covariance[0, 0]) ** 0.5
    if df < 1 or se <= SMALLEST_SE:
        return mean, (_NAN, _NAN), _NAN
    return mean, t_interval(mean, se, df, d.alpha), t_p_value(mean, se, df)


def _bootstrap(d: _Differences) -> _Answer:
    mean = float(d.D.mean())
    if np.ptp(d.D) <= 1e-12:
        return mean, (_NAN, _NAN), _NAN
    samples = bootstrap_means(d.listener, d.utterance, d.D[:, None], d.draws, d.seed)[:, 0]
    return mean, percentile_interval(samples, d.alpha), bootstrap_p(samples)


def _t(values: np.ndarray, alpha: float) -> _Answer:
    _, p, ci = one_sample_t(values, alpha)
    return float(values.mean()), ci, p


def _wilcoxon(d: _Differences) -> _Answer:
    means = d.means(d.listener)
    return hodges_lehmann(means), hodges_lehmann_ci(means, d.alpha), wilcoxon_exact(means).p


def _sign_flip(d: _Differences) -> _Answer:
    means = d.means(d.listener)
    p = sign_flip(means, max(d.draws, 99_999), d.seed)
    return float(means.mean()), (_NAN, _NAN), p


_RUN: dict[Method, Callable[[_Differences], _Answer]] = {
    "two-way": _two_way,
    "cluster-robust": _cluster_robust,
    "bootstrap": _bootstrap,
    "listeners": lambda d: _t(d.means(d.listener), d.alpha),
    "wilcoxon": _wilcoxon,
    "sign-flip": _sign_flip,
    "utterances": lambda d: _t(d.means(d.utterance), d.alpha),
    "pages": lambda d: _t(d.D, d.alpha),
}
