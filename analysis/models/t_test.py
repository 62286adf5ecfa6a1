"""Student's t: interval, p value and one-sample test."""

import numpy as np
from scipy import stats

# A smaller standard error is rounding.
SMALLEST_SE = 1e-12
_NAN = float("nan")


def t_quantile(df: float, alpha: float = 0.05) -> float:
    """Return the value that |t| exceeds with probability `alpha`."""
    return float(stats.t.ppf(0.5 + (1 - alpha) / 2, df))


def t_interval(estimate: float, se: float, df: float, alpha: float = 0.05) -> tuple[float, float]:
    """Return the 1 - alpha interval of an estimate."""
    half = t_quantile(df, alpha) * se
    return float(estimate - half), float(estimate + half)


def t_p_value(estimate: float, se: float, df: float) -> float:
    """Return the two-sided p value of a true value of 0."""
    return float(2 * stats.t.sf(abs(estimate / se), df))


def one_sample_t(
    values: np.ndarray, alpha: float = 0.05
) -> tuple[float, float, tuple[float, float]]:
    """Return standard error, p value and interval of a mean.

    The values are independent and the interval is 1 - alpha. All three are NaN for a single value
    or without scatter.
    """
    n, mean = len(values), float(np.mean(values))
    se = float(np.std(values, ddof=1)) / n**0.5 if n > 1 else _NAN
    if not se > SMALLEST_SE:
        return _NAN, _NAN, (_NAN, _NAN)
    return se, t_p_value(mean, se, n - 1), t_interval(mean, se, n - 1, alpha)
