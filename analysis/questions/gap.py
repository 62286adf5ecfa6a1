"""Gap reduction: share of the distance from baseline to recordings closed.

`gap = (X - B) / (R - B)` on mean scores: the ratio behind "closes the gap by 26 %" (CAMP, Hodari et
al. 2021, section 4) and, very probably, behind Kathaka's 13.2 %. The interval is Fieller's with the
two-way cluster-robust covariance of numerator and denominator.
"""

from dataclasses import dataclass, replace

import numpy as np

from analysis.data.ratings import Ratings
from analysis.models.cluster import contrasts_of_means, fieller
from analysis.models.t_test import t_quantile
from analysis.questions.compare import Comparison, verdict_text
from analysis.wording import SIMULATED, counted, coverage, interval, number, percent

# The gap is refused unless recordings are surely this share of the scale above the baseline.
_SMALLEST_GAP = 0.05
# A standard error that is rounding, points: the difference does not vary.
_STILL = 1e-12


@dataclass(frozen=True)
class Gap:
    """Gap reduction and raw gain of one system.

    Attributes:
        system: X.
        baseline: B.
        reference: R.
        gap: (X - B) / (R - B), a fraction; NaN if not defined.
        ci: Fieller interval of it at the level of the comparison; NaN if not defined.
        raw_gain: X - B, points.
        relative_gain: (X - B) / B, a fraction; NaN if the baseline's mean is not above 0.
        relative_ci: its Fieller interval.
        p: p value of X - B (two-way model).
        p_adjusted: after Holm over the declared family.
        defined: True if R - B is clearly above 0.
        reason: why the gap is not defined; empty if it is.
        df: degrees of freedom of the Fieller intervals; 0 if there is no sample.
        means: mean of X, B and R over the pages that have all three.
        n_pages, n_listeners, n_utterances: size of the sample.
        paired: True if there are such pages; otherwise the means are over all pages of each.
        text: one English sentence.
    """

    system: str
    baseline: str
    reference: str
    gap: float
    ci: tuple[float, float]
    raw_gain: float
    relative_gain: float
    relative_ci: tuple[float, float]
    p: float
    p_adjusted: float
    defined: bool
    reason: str
    df: int
    means: tuple[float, float, float]
    n_pages: int
    n_listeners: int
    n_utterances: int
    paired: bool
    text: str


def gap_reduction(ratings: Ratings, comparison: Comparison, family: int) -> Gap | None:
    """Return the gap reduction of `comparison.x` over the baseline `comparison.y`.

    Where no page has all three systems, the means are those of all their pages (unpaired).

    Args:
        ratings: the ratings; their roles must name a reference.
        comparison: the test of X minus B, corrected over the declared family; its `alpha` holds for
            all intervals here.
        family: number of comparisons in that family that could be tested.

    Returns:
        The gap, or none if no listener rated one of the three.
    """
    x, b, r = comparison.x, comparison.y, ratings.roles.reference
    assert r is not None
    listener, utterance, Y = _scores(ratings, x, b, r)
    if len(Y) == 0:
        return None
    # Two pairs and not one triple: with a constant reference R - B and B are the same but for sign.
    gains, levels = np.array([[1.0, -1, 0], [0, -1, 1]]), np.array([[1.0, -1, 0], [0, 1, 0]])
    means, covariance, df = contrasts_of_means(listener, utterance, Y, gains)
    _, relative, _ = contrasts_of_means(listener, utterance, Y, levels)
    mean_x, mean_b, mean_r = (float(m) for m in means)
    raw, distance = mean_x - mean_b, mean_r - mean_b
    ci = relative_ci = None
    reason = _no_interval(x, b, df, float(covariance[0, 0]), int(listener.max() + utterance.max()))
    if not reason:
        quantile = t_quantile(df, comparison.alpha)
        ci = fieller(raw, distance, covariance, quantile)
        relative_ci = fieller(raw, mean_b, relative, quantile)
        lowest = distance - quantile * float(covariance[1, 1]) ** 0.5
        reason = _refusal(ratings.scale, b, r, distance, lowest, comparison.alpha)
    nan, none = float("nan"), (float("nan"), float("nan"))
    result = Gap(
        system=x,
        baseline=b,
        reference=r,
        gap=nan if reason else raw / distance,
        ci=none if reason or ci is None else ci,
        raw_gain=raw,
        relative_gain=raw / mean_b if mean_b > 0 else nan,
        relative_ci=relative_ci if mean_b > 0 and relative_ci is not None else none,
        p=comparison.fit.p,
        p_adjusted=comparison.p_adjusted,
        defined=not reason,
        reason=reason,
        df=df,
        means=(mean_x, mean_b, mean_r),
        n_pages=len(Y),
        n_listeners=int(listener.max()) + 1,
        n_utterances=int(utterance.max()) + 1,
        paired=not np.isnan(Y).any(),
        text="",
    )
    text = _sentence(result, comparison, family)
    if ratings.simulated:
        text = f"{SIMULATED}: {text}"
    return replace(result, text=text)


def _scores(ratings: Ratings, *systems: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return pages with all three; else pages with any, missing scores NaN."""
    pages = ratings.pages()
    listener, utterance, Y = pages.of(*systems)
    if len(Y):
        return listener, utterance, Y
    return pages.of_any(*systems)


def _no_interval(x: str, b: str, df: int, variance: float, n_levels: int) -> str:
    """Return why the design allows no interval; empty if it does."""
    if df < 1 and n_levels == 0:
        return "a single listener and a single utterance allow no interval"
    if df < 1:
        return "one system has a single listener or a single utterance, which allows no interval"
    if variance**0.5 <= _STILL:
        return f"{x} − {b} is the same everywhere, which allows no interval"
    return ""


def _refusal(
    scale: tuple[float, float], b: str, r: str, distance: float, lowest: float, alpha: float
) -> str:
    """Return why R minus B allows no gap; empty if it does."""
    needed = _SMALLEST_GAP * (scale[1] - scale[0])
    if lowest >= needed:
        return ""
    return (
        f"{r} is not clearly above {b}: the difference is {number(distance)} points and its "
        f"{coverage(alpha)} interval starts at {number(lowest)}, "
        f"below the {needed:g} points that a percentage needs"
    )


def _sentence(gap: Gap, comparison: Comparison, family: int) -> str:
    verdict = verdict_text(comparison, family)
    # Both factors are samples only if there is more than one of each.
    if gap.n_listeners > 1 and gap.n_utterances > 1:
        scope = "both treated as samples"
    else:
        scope = f"the only {'utterance' if gap.n_utterances == 1 else 'listener'} is not a sample"
    size = (
        f"{counted(gap.n_listeners, 'listener')} × {counted(gap.n_utterances, 'utterance')}, "
        f"{counted(gap.n_pages, 'page')}, {scope}"
    )
    if not gap.paired:
        size += "; no page has all three, so means of different pages are compared (unpaired)"
    relative = ""
    if np.isfinite(gap.relative_gain):
        relative = f" = {percent(gap.relative_gain, sign=True)} % raw relative gain"
    gain = f"{number(gap.raw_gain, sign=True)} points{relative}"
    if not gap.defined:
        return (
            f"No gap percentage for {gap.system}: {gap.reason}. Its raw gain over {gap.baseline} "
            f"is {gain}; {verdict}; {size}."
        )
    between = f"the gap between {gap.baseline} and {gap.reference}"
    if gap.gap >= 0:
        opening = f"{gap.system} closes {percent(gap.gap)} % of {between}"
    else:
        opening = f"{gap.system} falls behind {gap.baseline} by {percent(-gap.gap)} % of {between}"
    note = f" It scores above {gap.reference}." if gap.gap > 1 else ""
    ci = interval((100 * gap.ci[0], 100 * gap.ci[1]))
    if gap.gap < 0:
        ci = interval((-100 * gap.ci[1], -100 * gap.ci[0]))
    level = coverage(comparison.alpha)
    return f"{opening} ({level} CI {ci} %, Fieller; {gain}); {verdict}; {size}.{note}"
