"""Unpaired comparison of systems that no listener heard on one text.

Where a listener hears another system on every text (rotated MOS and ACR tests), nothing cancels
within a page. What is left is the difference of the two systems' means with the two-way
cluster-robust variance of Cameron, Gelbach and Miller (2011): right, but listeners and texts that
score high or low stay in it, so it is wider than the paired analysis of as many ratings. It finds
somewhat too much: 5 to 8 % false positives in simulations with the scatter of published tests, 10 %
where listeners and texts do not differ in what they like (`benchmarks.calibration_unpaired`).
"""

import numpy as np

from analysis.data.ratings import Pages
from analysis.models.cluster import contrasts_of_means
from analysis.models.crossed import TwoWayFit
from analysis.models.t_test import SMALLEST_SE, t_interval, t_p_value

# `TwoWayFit.method` of such a difference.
UNPAIRED = "difference of means, unpaired (two-way cluster-robust)"
_NAN = float("nan")


def unpaired_fit(pages: Pages, x: str, y: str) -> TwoWayFit | None:
    """Return `x` minus `y` over single ratings; df of the smallest sample.

    Returns:
        The difference in place of the two-way model (it has no variance components); none if one
        system was rated by a single listener, or on a single utterance, and the other by or on
        others: what the listener or the text does cannot be told from what the system does.
    """
    listener, utterance, columns = pages.of_any(x, y)
    means, covariance, df = contrasts_of_means(listener, utterance, columns, np.array([[1.0, -1]]))
    if df < 1 or _confounded(listener, columns) or _confounded(utterance, columns):
        return None
    estimate, se = float(means[0] - means[1]), float(covariance[0, 0]) ** 0.5
    usable_se = se if se > SMALLEST_SE else _NAN
    return TwoWayFit(
        estimate,
        usable_se,
        df,
        _NAN,
        _NAN,
        _NAN,
        _NAN,
        UNPAIRED,
        len(columns),
        int(listener.max()) + 1,
        int(utterance.max()) + 1,
        estimate,
        se,
    )


def _confounded(code: np.ndarray, columns: np.ndarray) -> bool:
    """Return True if each system has one, different level of the factor."""
    levels = [np.unique(code[~np.isnan(column)]) for column in columns.T]
    return all(len(level) == 1 for level in levels) and levels[0][0] != levels[1][0]


def welch(
    pages: Pages, x: str, y: str, alpha: float = 0.05
) -> tuple[float, float, tuple[float, float]]:
    """Run Welch's t test as if all ratings were independent.

    Returns:
        Standard error, p value and 1 - alpha interval.
    """
    scores = [pages.of(system)[2][:, 0] for system in (x, y)]
    parts = [(float(v.var(ddof=1)) / len(v), len(v) - 1) for v in scores if len(v) > 1]
    se = sum(part for part, _ in parts) ** 0.5
    if len(parts) < 2 or se <= SMALLEST_SE:
        return _NAN, _NAN, (_NAN, _NAN)
    df = se**4 / sum(part**2 / n for part, n in parts)
    difference = float(scores[0].mean() - scores[1].mean())
    return se, t_p_value(difference, se, df), t_interval(difference, se, df, alpha)
