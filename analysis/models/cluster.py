"""Cluster-robust covariance of means, and Fieller interval of a ratio."""

import numpy as np

# Share of the variance below which a negative eigenvalue is taken for a zero.
_ROUNDING = 1e-9


def cluster_covariance(
    listener: np.ndarray, utterance: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, int]:
    """Return the two-way cluster-robust covariance of column means and its df.

    Cameron, Gelbach and Miller (2011) without small-sample factor: by listener, plus by utterance,
    minus by page. On tiny grids that can have a negative eigenvalue; then the larger one-way
    covariance is used, as for a design with one utterance (or one listener). Singular by
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
    # What is negative by rounding has no root.
    np.fill_diagonal(both, np.maximum(np.diag(both), 0.0))
    return both, min(n_l, n_u) - 1


def contrasts_of_means(
    listener: np.ndarray, utterance: np.ndarray, columns: np.ndarray, contrasts: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int]:
    """Return contrasts of column means where a page may lack columns.

    Every page is counted by what it adds to the contrasts (its influence), so that ratings of one
    listener, or of one utterance, stay dependent whichever columns they are in. Where pages lack a
    column, the covariance is G / (G - 1) times as large, G - 1 the degrees of freedom (Cameron,
    Gelbach and Miller 2011, section 2.3): listeners and utterances do not cancel there, and without
    the factor too many differences were found in simulations.

    Args:
        listener: code of each page, int [P].
        utterance: code of each page, int [P].
        columns: [P, G], NaN where a page lacks the column; no column is empty.
        contrasts: [q, G], each row adds up to what is wanted of the G means.

    Returns:
        Means [G], two-way cluster-robust covariance of the contrasts [q, q], and its degrees of
        freedom: the fewest listeners or utterances of a column, minus 1. A factor of which every
        column has one level is no sample and does not count.
    """
    there = ~np.isnan(columns)
    means = np.nanmean(columns, 0)
    influence = np.where(there, columns - means, 0.0) / there.sum(0)
    covariance, _ = cluster_covariance(listener, utterance, len(columns) * influence @ contrasts.T)
    sizes = [
        [len(np.unique(code[present])) for present in there.T] for code in (listener, utterance)
    ]
    df = min((min(n) for n in sizes if max(n) > 1), default=1) - 1
    factor = 1.0 if there.all() or df < 1 else (df + 1) / df
    return means, factor * covariance, df


def fieller(
    numerator: float, denominator: float, covariance: np.ndarray, quantile: float
) -> tuple[float, float] | None:
    """Return the interval of a ratio of two normal means (Fieller 1954).

    Returns:
        Lower and upper end, or none if the interval is unbounded: the denominator is not clearly
        different from 0.
    """
    q2 = quantile**2
    a = denominator**2 - q2 * covariance[1, 1]
    b = numerator * denominator - q2 * covariance[0, 1]
    c = numerator**2 - q2 * covariance[0, 0]
    if a <= 0:
        return None
    # Not negative for any covariance matrix, except by rounding.
    root = max(b * b - a * c, 0.0) ** 0.5
    return (b - root) / a, (b + root) / a
