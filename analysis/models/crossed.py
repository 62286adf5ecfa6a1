"""Two-way random-effects models: listeners and utterances are both samples.

One value per page, `D = mu + a_listener + b_utterance + e`, for any incidence of listeners and
utterances. A complete grid has a closed form (quasi-F: Clark 1973; boundary by the minimum-violator
rule, which is what REML does); any other incidence is fitted by exact REML on sufficient
statistics. The degrees of freedom of the mean are Satterthwaite's in both.
"""

from dataclasses import dataclass

import numpy as np

from analysis.models.reml import Crossed, Variances
from analysis.models.t_test import t_interval, t_p_value
from analysis.models.threads import one_thread

# `TwoWayFit.method` where Satterthwaite's degrees of freedom do not exist or are below 1.
SMALLER_SAMPLE = "REML, smaller sample"


@dataclass(frozen=True)
class TwoWayFit:
    """Mean of one value per page, for new listeners and utterances.

    Attributes:
        estimate: generalised least squares estimate of the mean.
        se: its standard error; NaN if it cannot be estimated.
        df: degrees of freedom (Satterthwaite).
        listener: variance between listeners.
        utterance: variance between utterances.
        residual: variance within.
        deviance: REML criterion; NaN where no model was fitted (closed form, one factor).
        method: closed form; REML; REML, smaller sample (`df` could not be had from the likelihood
            and is the smaller number of listeners or utterances, minus 1); one-sample t.
        n_pages: number of pages.
        n_listeners: number of listeners.
        n_utterances: number of utterances.
        raw: plain mean over pages.
        raw_se: its standard error under the fitted variances.
    """

    estimate: float
    se: float
    df: float
    listener: float
    utterance: float
    residual: float
    deviance: float
    method: str
    n_pages: int
    n_listeners: int
    n_utterances: int
    raw: float
    raw_se: float

    @property
    def defined(self) -> bool:
        """True if standard error and degrees of freedom allow a test."""
        return all(np.isfinite(value) and value > 0 for value in (self.se, self.df))

    @property
    def why_undefined(self) -> str:
        """Reason why no test is possible; empty if one is."""
        if self.defined:
            return ""
        if self.n_pages < 3:
            return "it needs at least 3 pages"
        return "the differences do not vary"

    @property
    def t(self) -> float:
        """Estimate over standard error."""
        return self.estimate / self.se if self.defined else float("nan")

    @property
    def p(self) -> float:
        """Two-sided p value for a mean of 0."""
        return t_p_value(self.estimate, self.se, self.df) if self.defined else float("nan")

    def ci(self, alpha: float = 0.05) -> tuple[float, float]:
        """Return the 1 - alpha interval of the mean; NaN if undefined."""
        if not self.defined:
            return float("nan"), float("nan")
        return t_interval(self.estimate, self.se, self.df, alpha)

    def raw_ci(self, alpha: float = 0.05) -> tuple[float, float]:
        """Return the 1 - alpha interval around the plain mean over pages."""
        return t_interval(self.raw, self.raw_se, self.df, alpha)


def fit_two_way(listener: np.ndarray, utterance: np.ndarray, values: np.ndarray) -> TwoWayFit:
    """Fit the two-way model to one value per page.

    The closed form is used on a complete grid, REML otherwise.

    With one utterance (or one listener) the other factor alone is the sample: a one-sample t test.
    Equal values everywhere, or fewer than three pages, leave `se` undefined (NaN).

    Args:
        listener: code of each page, 0..n_listeners-1, int [P].
        utterance: code of each page, 0..n_utterances-1, int [P].
        values: one number per page [P], for instance a difference of two systems.
    """
    n_l, n_u, n = int(listener.max()) + 1, int(utterance.max()) + 1, len(values)
    raw = float(np.mean(values))
    if n < 3 or float(np.ptp(values)) <= 1e-12 * max(1.0, abs(raw)):
        nan = float("nan")
        return TwoWayFit(raw, nan, nan, 0.0, 0.0, 0.0, nan, "not defined", n, n_l, n_u, raw, nan)
    if n_l == 1 or n_u == 1:
        v = float(np.var(values, ddof=1))
        se, method = (
            (v / n) ** 0.5,
            "one-sample t over " + ("listeners" if n_u == 1 else "utterances"),
        )
        parts = Variances(v if n_u == 1 else 0.0, v if n_l == 1 else 0.0, 0.0)
        return TwoWayFit(raw, se, n - 1, *parts, float("nan"), method, n, n_l, n_u, raw, se)
    # A cell that is filled twice is no complete grid, though the count would fit.
    if n == n_l * n_u and np.bincount(listener * n_u + utterance).max() == 1:
        grid = np.empty((n_l, n_u))
        grid[listener, utterance] = values
        return _closed_form(grid)
    with one_thread():
        model = Crossed(listener, utterance, values)
        v = model.fit()
        (estimate,), variance = model.mean(v)
        df, deviance, method = model.satterthwaite(v), model.deviance(v), "REML"
    if not df >= 1:
        df, method = float(min(n_l, n_u) - 1), SMALLER_SAMPLE
    rows, columns = np.bincount(listener), np.bincount(utterance)
    plain = v.listener * (rows**2).sum() + v.utterance * (columns**2).sum() + v.residual * n
    return TwoWayFit(
        float(estimate),
        variance**0.5,
        df,
        *v,
        deviance,
        method,
        n,
        n_l,
        n_u,
        raw,
        float(plain) ** 0.5 / n,
    )


def _closed_form(grid: np.ndarray) -> TwoWayFit:
    """Fit a complete grid [listeners, utterances], pooling where REML would."""
    n_l, n_u = grid.shape
    mean = float(grid.mean())
    by_l, by_u = grid.mean(1), grid.mean(0)
    rest = grid - by_l[:, None] - by_u[None, :] + mean
    squares = {
        "L": (n_u * float(((by_l - mean) ** 2).sum()), n_l - 1),
        "U": (n_l * float(((by_u - mean) ** 2).sum()), n_u - 1),
    }
    ss, df_e = float((rest**2).sum()), (n_l - 1) * (n_u - 1)
    pooled = set()
    for name in sorted(squares, key=lambda key: squares[key][0] / squares[key][1]):
        ss_f, df_f = squares[name]
        if ss_f / df_f <= ss / df_e:
            ss, df_e = ss + ss_f, df_e + df_f
            pooled.add(name)
    ms_e = ss / df_e
    terms = [(ss_f / df_f, df_f) for name, (ss_f, df_f) in squares.items() if name not in pooled]
    # Var(mean) * cells = MS_L + MS_U - MS_E; a pooled factor leaves the other's mean square alone.
    if len(terms) == 2:
        terms.append((-ms_e, df_e))
    elif not terms:
        terms = [(ms_e, df_e)]
    g = sum(term for term, _ in terms)
    df = g**2 / sum(term**2 / df_term for term, df_term in terms)
    v_l, v_u = (
        0.0 if name in pooled else (squares[name][0] / squares[name][1] - ms_e) / other
        for name, other in (("L", n_u), ("U", n_l))
    )
    se = (g / grid.size) ** 0.5
    nan = float("nan")
    return TwoWayFit(
        mean, se, df, v_l, v_u, ms_e, nan, "closed form", grid.size, n_l, n_u, mean, se
    )
