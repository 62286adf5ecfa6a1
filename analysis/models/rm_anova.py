"""Repeated-measures analysis of variance of one effect from its contrasts.

Whatever the within-subject effect (conditions, material, their interaction), its contrasts give one
row per subject; F, sphericity and the multivariate test follow from that matrix alone.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

_NAN = float("nan")


@dataclass(frozen=True)
class WithinEffect:
    """One within-subject effect.

    Attributes:
        F, df1, df2, p: univariate test, sphericity assumed.
        gg, gg_p: Greenhouse and Geisser's epsilon and the test with it.
        hf, hf_p: Huynh and Feldt's epsilon (may exceed 1; then the test takes 1).
        hotelling_f, hotelling_p: Hotelling's T squared, df `df1` and subjects - `df1`; NaN
            with no more subjects than contrasts.
        partial_eta_squared: share of effect in effect plus error.
        n_subjects: number of subjects.
    """

    F: float
    df1: int
    df2: int
    p: float
    gg: float
    gg_p: float
    hf: float
    hf_p: float
    hotelling_f: float
    hotelling_p: float
    partial_eta_squared: float
    n_subjects: int


def within_effect(contrasts: np.ndarray) -> WithinEffect | None:
    """Test that all contrasts are 0 on average.

    Args:
        contrasts: orthonormal contrasts of the repeated measures, [subjects, d].

    Returns:
        None with fewer than two subjects or without any scatter.
    """
    n, d = contrasts.shape
    if n < 2 or d < 1:
        return None
    mean = contrasts.mean(0)
    rest = contrasts - mean
    S = rest.T @ rest / (n - 1)
    trace = float(np.trace(S))
    if trace <= 1e-20 * max(1.0, float((mean**2).sum())):
        return None
    effect, df2 = n * float((mean**2).sum()), d * (n - 1)
    F = effect / trace
    gg = trace**2 / (d * float((S**2).sum()))
    bottom = d * (n - 1 - d * gg)
    hf = (n * d * gg - 2) / bottom if bottom > 0 else 1.0
    multivariate = _hotelling(mean, S, n)
    return WithinEffect(
        F,
        d,
        df2,
        _f(F, d, df2),
        gg,
        _f(F, gg * d, gg * df2),
        hf,
        _f(F, min(hf, 1.0) * d, min(hf, 1.0) * df2),
        *multivariate,
        effect / (effect + trace * (n - 1)),
        n,
    )


def _f(F: float, df1: float, df2: float) -> float:
    return float(stats.f.sf(F, df1, df2))


def _hotelling(mean: np.ndarray, S: np.ndarray, n: int) -> tuple[float, float]:
    d = len(mean)
    if n <= d or np.linalg.matrix_rank(S) < d:
        return _NAN, _NAN
    F = float(n * mean @ np.linalg.solve(S, mean) * (n - d) / (d * (n - 1)))
    return F, _f(F, d, n - d)
