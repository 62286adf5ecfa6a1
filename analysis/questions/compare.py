"""Differences between systems: default test, companions and Holm's correction."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.data.ratings import Pages, Ratings
from analysis.models.adjust import adjust
from analysis.models.crossed import TwoWayFit, fit_two_way
from analysis.models.rank_tests import SignedRank, hodges_lehmann, wilcoxon_exact, wins
from analysis.models.t_test import one_sample_t
from analysis.questions.unpaired import UNPAIRED, unpaired_fit, welch
from analysis.wording import counted, p_equals, p_value
from intone.contracts import Contrasts
from intone.errors import UserError


@dataclass(frozen=True)
class Comparison:
    """Difference `x` minus `y` over pages with both, else unpaired.

    An unpaired comparison has no differences within pages; all that need them are NaN.

    Attributes:
        x: name of the first system.
        y: name of the second.
        fit: the two-way model of the page differences; the default test (generalises to new
            listeners and new utterances).
        p_adjusted: its p value after Holm over the declared family; NaN if undefined.
        wilcoxon: exact test on listener means; holds for new listeners and these texts only.
        wilcoxon_p_adjusted: the same family, Holm.
        listener_p: paired t over listener means (F1): these texts only.
        naive_p: paired t over pages, as if all pages were independent; shown as a warning only.
        naive_ci: its 1 - alpha interval.
        hodges_lehmann: median of the Walsh averages of listener mean differences, points.
        dz: mean over standard deviation of listener mean differences; NaN without scatter.
        win_rate: share of pages on which x scores higher, ties half.
        design_effect: variance that respects the design over the naive one; NaN if undefined.
        alpha: two-sided level of the family; intervals are 1 - alpha.
    """

    x: str
    y: str
    fit: TwoWayFit
    p_adjusted: float
    wilcoxon: SignedRank
    wilcoxon_p_adjusted: float
    listener_p: float
    naive_p: float
    naive_ci: tuple[float, float]
    hodges_lehmann: float
    dz: float
    win_rate: float
    design_effect: float
    alpha: float = 0.05

    @property
    def ci(self) -> tuple[float, float]:
        """Interval of the difference, 1 - alpha, not corrected for the family."""
        return self.fit.ci(self.alpha)

    def simultaneous_ci(self, family: int) -> tuple[float, float]:
        """Return the Bonferroni interval of a family of comparisons.

        All intervals of the family together cover 1 - alpha.
        Holm's test has no interval.
        """
        return self.fit.ci(self.alpha / max(1, family))

    @property
    def paired(self) -> bool:
        """True if listeners rated both on one text."""
        return self.fit.method != UNPAIRED

    @property
    def significant(self) -> bool:
        """True if the corrected p value is below alpha."""
        return self.p_adjusted < self.alpha


def contrast_pairs(ratings: Ratings, contrasts: Contrasts | None = None) -> list[tuple[str, str]]:
    """Return the declared family of pairs (x, y), x minus y.

    Args:
        ratings: the ratings with their roles.
        contrasts: `vs-baseline` (every system under test minus the baseline; the default where a
            baseline is named) or `all` (every pair, reference and anchors included).

    Raises:
        UserError: `vs-baseline` without a baseline or without a system to compare with it.
    """
    baseline = ratings.roles.baseline
    chosen = contrasts or ("all" if baseline is None else "vs-baseline")
    if chosen == "all":
        # The baseline is always subtracted, whatever its position in the order.
        pairs = itertools.combinations(ratings.systems, 2)
        return [(b, a) if a == baseline else (a, b) for a, b in pairs]
    if baseline is None:
        raise UserError(
            f"{ratings.source}: --contrasts vs-baseline needs a baseline; name it with --baseline "
            f"(systems: {', '.join(ratings.systems)})"
        )
    pairs = [(system, baseline) for system in ratings.test_systems]
    if not pairs:
        raise UserError(
            f"{ratings.source}: no system is left to compare with baseline {baseline!r}; the "
            "others are reference or anchors (--contrasts all compares those too)"
        )
    return pairs


def compare(
    ratings: Ratings, pairs: Sequence[tuple[str, str]], alpha: float = 0.05
) -> list[Comparison]:
    """Compare every pair; Holm's correction takes all pairs as one family.

    Pairs that were never rated on one page are compared unpaired (`unpaired`). Left out
    (their number is for the caller to report) are those for which that is not possible, and pairs
    with a system that no listener rated.

    Args:
        ratings: the ratings.
        pairs: (x, y) for x minus y.
        alpha: two-sided level of the family; intervals are 1 - alpha.
    """
    pages = ratings.pages()
    rated = [(x, y) for x, y in pairs if {x, y} <= set(pages.systems)]
    comparisons = [
        c for c in (_compare_pair(pages, x, y, alpha) for x, y in rated) if c is not None
    ]
    adjusted = adjust([c.fit.p for c in comparisons])
    ranks = adjust([c.wilcoxon.p for c in comparisons])
    return [
        replace(c, p_adjusted=p, wilcoxon_p_adjusted=w)
        for c, p, w in zip(comparisons, adjusted, ranks, strict=True)
    ]


def family_size(comparisons: Sequence[Comparison]) -> int:
    """Return the number of comparisons that could be tested (Holm's family)."""
    return sum(c.fit.defined for c in comparisons)


def verdict_text(comparison: Comparison, family: int) -> str:
    """Return significance with p values, or why no test is possible."""
    if not comparison.fit.defined:
        return f"no test is possible: {comparison.fit.why_undefined}"
    verdict = "significant" if comparison.significant else "not significant"
    text = f"the difference is {verdict}, {p_equals(comparison.fit.p)}"
    if family > 1:
        text += f", Holm over {family} comparisons {p_value(comparison.p_adjusted)}"
    return text


def _compare_pair(pages: Pages, x: str, y: str, alpha: float) -> Comparison | None:
    listener, utterance, scores = pages.of(x, y)
    if len(scores) == 0:
        return _unpaired(pages, x, y, alpha)
    D = scores[:, 0] - scores[:, 1]
    fit = fit_two_way(listener, utterance, D)
    means = np.bincount(listener, D) / np.bincount(listener)
    naive_se, naive_p, naive_ci = one_sample_t(D, alpha)
    spread = float(np.std(means, ddof=1)) if len(means) > 1 else 0.0
    nan = float("nan")
    return Comparison(
        x=x,
        y=y,
        fit=fit,
        p_adjusted=nan,
        wilcoxon=wilcoxon_exact(means),
        wilcoxon_p_adjusted=nan,
        listener_p=one_sample_t(means)[1],
        naive_p=naive_p,
        naive_ci=naive_ci,
        hodges_lehmann=hodges_lehmann(means),
        dz=float(np.mean(means)) / spread if spread > 1e-12 else nan,
        win_rate=float(wins(D).mean()),
        design_effect=(fit.raw_se / naive_se) ** 2 if fit.defined and naive_se > 0 else nan,
        alpha=alpha,
    )


def _unpaired(pages: Pages, x: str, y: str, alpha: float) -> Comparison | None:
    fit = unpaired_fit(pages, x, y)
    if fit is None:
        return None
    nan = float("nan")
    naive_se, naive_p, naive_ci = welch(pages, x, y, alpha)
    return Comparison(
        x=x,
        y=y,
        fit=fit,
        p_adjusted=nan,
        wilcoxon=SignedRank(nan, nan, nan, nan),
        wilcoxon_p_adjusted=nan,
        listener_p=nan,
        naive_p=naive_p,
        naive_ci=naive_ci,
        hodges_lehmann=nan,
        dz=nan,
        win_rate=nan,
        design_effect=(fit.se / naive_se) ** 2 if fit.defined and naive_se > 0 else nan,
        alpha=alpha,
    )


def size_text(comparison: Comparison) -> str:
    """Return the size of the sample, and whether it is unpaired."""
    fit = comparison.fit
    unpaired = "" if comparison.paired else ", none with both (unpaired)"
    return (
        f"{counted(fit.n_listeners, 'listener')} × {counted(fit.n_utterances, 'utterance')}, "
        f"{counted(fit.n_pages, 'page')}{unpaired}"
    )
