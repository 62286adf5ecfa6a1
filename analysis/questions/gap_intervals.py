"""Other intervals of the gap reduction, to compare with Fieller's (`analysis.questions.gap`)."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.data.ratings import Ratings
from analysis.models.bootstrap import Unit, bootstrap_means, percentile_interval
from analysis.models.cluster import cluster_covariance
from analysis.questions.gap import gap_differences


@dataclass(frozen=True)
class GapBootstrap:
    """Bootstrap percentile intervals (95 %) of one system's gain.

    Attributes:
        unit: what was drawn with replacement. `pages` is what CAMP's published intervals fit; it
            and resampling one factor alone are too narrow for new listeners and new utterances.
        gap: interval of (X - B) / (R - B), a fraction.
        relative: interval of (X - B) / B, a fraction.
        raw: interval of X - B, points.
        share_not_above_zero: share of the samples whose gap is not above 0.
    """

    unit: Unit
    gap: tuple[float, float]
    relative: tuple[float, float]
    raw: tuple[float, float]
    share_not_above_zero: float


def bootstrap_gap(
    ratings: Ratings,
    x: str,
    baseline: str,
    reference: str,
    unit: Unit = "both",
    draws: int = 10_000,
    seed: int = 0,
) -> GapBootstrap | None:
    """Resample the pages that have all three systems; none if there are no such pages."""
    listener, utterance, Y = ratings.pages().of(x, baseline, reference)
    if len(Y) == 0:
        return None
    means = bootstrap_means(listener, utterance, Y, draws, seed, unit)
    gain = means[:, 0] - means[:, 1]
    gap = gain / (means[:, 2] - means[:, 1])
    return GapBootstrap(
        unit,
        percentile_interval(gap),
        percentile_interval(gain / means[:, 1]),
        percentile_interval(gain),
        float(np.mean(gap <= 0)),
    )


def delta_interval(
    ratings: Ratings, x: str, baseline: str, reference: str
) -> tuple[float, tuple[float, float]]:
    """Standard error of the gap by the delta method, and its 95 % normal interval.

    With the two-way cluster-robust covariance; symmetric, and too narrow where R - B is uncertain.
    """
    listener, utterance, U = gap_differences(ratings, x, baseline, reference)
    covariance, _ = cluster_covariance(listener, utterance, U)
    raw, distance = U.mean(0)
    gradient = np.array([1 / distance, -raw / distance**2])
    se = float(gradient @ covariance @ gradient) ** 0.5
    half = float(stats.norm.ppf(0.975)) * se
    return se, (raw / distance - half, raw / distance + half)
