"""A ratio of two means with an interval that respects listeners and utterances."""

import numpy as np

# Share of the variance below which a negative eigenvalue is taken for a zero.
_ROUNDING = 1e-9


def cluster_covariance(
    listener: np.ndarray, utterance: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, int]:
    """Two-way cluster-robust covariance of column means, and its degrees of freedom.

    Cameron, Gelbach and Miller (2011) without small-sample factor: by listener, plus by utterance,
    minus by page. On tiny grids that can have a negative eigenvalue; then the larger one-way
    covariance stands in, as for a design with one utterance (or one listener). Singular by
    rounding alone (a column that never varies) is no reason for that.

    Args:
        listener: code of each page, int [P].
        utterance: code of each page, int [P].
        values: [P, q].

    Returns:
        Covariance [q, q] and min(listeners, utterances) - 1 (the one-way count where one is 1).
    """
    R = values - values.mean(0)

    def clustered(code: np.ndarray) -> np.ndarray:
        sums = np.stack([np.bincount(code, column) for column in R.T], 1)
        return sums.T @ sums / len(values) ** 2

    by_l, by_u = clustered(listener), clustered(utterance)
    n_l, n_u = int(listener.max()) + 1, int(utterance.max()) + 1
    if n_u == 1 or n_l == 1:
        return (by_l, n_l - 1) if n_u == 1 else (by_u, n_u - 1)
    both = by_l + by_u - R.T @ R / len(values) ** 2
    if np.linalg.eigvalsh(both)[0] < -_ROUNDING * np.trace(by_l + by_u):
        both = max((by_l, by_u), key=lambda covariance: float(np.trace(covariance)))
    return both, min(n_l, n_u) - 1


def fieller(
    numerator: float, denominator: float, covariance: np.ndarray, quantile: float
) -> tuple[float, float] | None:
    """Confidence interval of a ratio of two normal means (Fieller 1954).

    Returns:
        Lower and upper end, or none if the interval is unbounded: the denominator is not clearly
        different from 0.
    """
    q2 = quantile**2
    a = denominator**2 - q2 * covariance[1, 1]
    b = numerator * denominator - q2 * covariance[0, 1]
    c = numerator**2 - q2 * covariance[0, 0]
    inside = b * b - a * c
    if a <= 0 or inside < 0:
        return None
    return (b - inside**0.5) / a, (b + inside**0.5) / a
