"""Two-way random-effects models: listeners and utterances are both samples.

One value per page, `D = mu + a_listener + b_utterance + e`, for any incidence of listeners and
utterances. A complete grid has a closed form (quasi-F: Clark 1973; boundary by the minimum-violator
rule, which is what REML does); any other incidence is fitted by exact REML on sufficient
statistics. The degrees of freedom of the mean are Satterthwaite's in both.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import linalg, optimize, stats
from threadpoolctl import threadpool_limits

# Below this share of the residual standard deviation a component counts as zero (singular fit).
_BOUNDARY = 1e-4
# `TwoWayFit.method` where Satterthwaite's degrees of freedom do not exist or are below 1.
SMALLER_SAMPLE = "REML, smaller sample"
_START_GRID = (0.0, 0.05, 0.2, 0.5, 1.2)


@dataclass(frozen=True)
class TwoWayFit:
    """The mean of a value per page, for new listeners and new utterances.

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
        """Whether a test is possible: standard error and degrees of freedom are positive."""
        return all(np.isfinite(value) and value > 0 for value in (self.se, self.df))

    @property
    def why_undefined(self) -> str:
        """Why no test is possible; empty if one is."""
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
        return float(2 * stats.t.sf(abs(self.t), self.df)) if self.defined else float("nan")

    def ci(self, level: float = 0.95) -> tuple[float, float]:
        """Confidence interval of the mean."""
        half = stats.t.ppf(0.5 + level / 2, self.df) * self.se
        return float(self.estimate - half), float(self.estimate + half)

    def raw_ci(self, level: float = 0.95) -> tuple[float, float]:
        """Confidence interval around the plain mean over pages."""
        half = stats.t.ppf(0.5 + level / 2, self.df) * self.raw_se
        return float(self.raw - half), float(self.raw + half)


class Variances(NamedTuple):
    """Variance components of one value per page."""

    listener: float
    utterance: float
    residual: float


class Crossed:
    """REML for K independent columns that share the variances of one two-way crossed model.

    Everything is reduced to sufficient statistics once, O(pages); an evaluation of the likelihood
    costs O(listeners x utterances x the smaller of the two) operations.

    Args:
        listener: code of each page, int [P].
        utterance: code of each page, int [P].
        columns: [P] or [P, K]; each column has its own mean.
    """

    def __init__(self, listener: np.ndarray, utterance: np.ndarray, columns: np.ndarray) -> None:
        values = np.asarray(columns, dtype=float).reshape(len(listener), -1)
        n_rows, n_columns = int(listener.max()) + 1, int(utterance.max()) + 1
        # The factor with more levels is eliminated (its block is diagonal).
        self.swap = n_columns > n_rows
        if self.swap:
            listener, utterance, n_rows, n_columns = utterance, listener, n_columns, n_rows
        self.n, self.K = values.shape
        self.N = np.zeros((n_rows, n_columns))
        np.add.at(self.N, (listener, utterance), 1.0)
        self.d_rows, self.d_columns = self.N.sum(1), self.N.sum(0)
        # Values are centred for accuracy; the REML likelihood does not change.
        self.shift = values.mean(0)
        R = np.column_stack([np.ones(self.n), values - self.shift])
        self.t_rows = np.stack([np.bincount(listener, r, n_rows) for r in R.T], 1)
        self.t_columns = np.stack([np.bincount(utterance, r, n_columns) for r in R.T], 1)
        self.squares, self.cross = (R * R).sum(0), R.sum(0)

    def _solve(self, v: Variances) -> tuple[float, float, np.ndarray, np.ndarray]:
        """log|V|, 1'V^-1 1, 1'V^-1 y [K] and y'V^-1 y [K]."""
        v_rows, v_columns = (v.utterance, v.listener) if self.swap else (v.listener, v.utterance)
        a, b = v_rows / v.residual, v_columns / v.residual
        diagonal = 1 + a * self.d_rows
        S = -(a * b) * (self.N.T @ (self.N / diagonal[:, None]))
        S[np.diag_indices(len(S))] += 1 + b * self.d_columns
        factor = linalg.cho_factor(S, lower=True, check_finite=False)
        x = self.t_rows / diagonal[:, None]
        r = np.sqrt(b) * (self.t_columns - a * (self.N.T @ x))
        z = linalg.cho_solve(factor, r, check_finite=False)
        Q = self.squares - a * (self.t_rows * x).sum(0) - (r * z).sum(0)
        W = self.cross - a * (self.t_rows[:, [0]] * x).sum(0) - (r[:, [0]] * z).sum(0)
        log_det = self.n * np.log(v.residual) + np.log(diagonal).sum()
        log_det += 2 * np.log(np.diag(factor[0])).sum()
        return float(log_det), float(W[0] / v.residual), W[1:] / v.residual, Q[1:] / v.residual

    def deviance(self, v: Variances) -> float:
        """REML criterion, minus twice the restricted log likelihood (lme4's REMLcrit)."""
        log_det, w0, w, q = self._solve(v)
        rest = self.K * (self.n - 1) * np.log(2 * np.pi)
        return float(self.K * (log_det + np.log(w0)) + (q - w * w / w0).sum() + rest)

    def mean(self, v: Variances) -> tuple[np.ndarray, float]:
        """Generalised least squares means [K] and the variance of each."""
        _, w0, w, _ = self._solve(v)
        return w / w0 + self.shift, 1 / w0

    def _profile(self, ratios: np.ndarray) -> tuple[float, float]:
        """Deviance and residual variance at these ratios of standard deviations."""
        log_det, w0, w, q = self._solve(Variances(ratios[0] ** 2, ratios[1] ** 2, 1.0))
        m = self.K * (self.n - 1)
        residual = float((q - w * w / w0).sum() / m)
        log_det += np.log(w0)
        return float(self.K * log_det + m * (1 + np.log(2 * np.pi * residual))), residual

    def fit(self) -> Variances:
        """REML estimates; components at the boundary are exactly 0."""
        grid = [
            (self._profile(np.array([p, q]))[0], p, q) for p in _START_GRID for q in _START_GRID
        ]
        lowest, p, q = min(grid)
        up_p, up_q = max(p, 0.05), max(q, 0.05)
        best = None
        # Away from the boundary the first two starts are the same.
        for start in dict.fromkeys([(p, q), (up_p, up_q), (up_p, 0.0), (0.0, up_q)]):
            found = optimize.minimize(
                lambda ratios: (self._profile(ratios)[0] - lowest) / self.n,
                start, method="L-BFGS-B", jac="3-point", bounds=[(0, 25)] * 2,
                options={"ftol": 1e-15, "gtol": 1e-9},
            )  # fmt: skip
            if best is None or found.fun < best.fun - 1e-13:
                best = found
        assert best is not None
        ratios = np.where(best.x < _BOUNDARY, 0.0, best.x)
        residual = self._profile(ratios)[1]
        return Variances(ratios[0] ** 2 * residual, ratios[1] ** 2 * residual, residual)

    def satterthwaite(self, v: Variances) -> float:
        """Degrees of freedom of the mean: 2 u^2 / (g' A g), u its variance, A = 2 H^-1.

        H is the Hessian of the deviance in the variances that are not at the boundary. NaN where it
        is not positive definite: the design hardly tells the components apart.
        """
        point = np.array(v)
        # A smaller share adds nothing, and the steps below would leave the positive numbers.
        active = np.flatnonzero(point > 1e-5 * point.max())

        def at(x: np.ndarray) -> Variances:
            full = point.copy()
            full[active] = x
            return Variances(*full)

        x = point[active]
        steps = np.diag(np.maximum(2e-3 * x, 1e-6 * point.max()))
        H = _hessian(lambda y: self.deviance(at(y)), x, steps)
        change = [self.mean(at(x + s))[1] - self.mean(at(x - s))[1] for s in steps]
        gradient = np.array(change) / (2 * np.diag(steps))
        u = self.mean(v)[1]
        try:
            factor = linalg.cho_factor(H, lower=True)
        except (linalg.LinAlgError, ValueError):
            return float("nan")
        return float(u * u / (gradient @ linalg.cho_solve(factor, gradient)))


def _hessian(function, x: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Central differences: five points on the diagonal, four off it."""
    k = len(x)
    H = np.zeros((k, k))
    for i in range(k):
        s = steps[i]
        five = -function(x + 2 * s) + 16 * function(x + s) - 30 * function(x)
        five += 16 * function(x - s) - function(x - 2 * s)
        H[i, i] = five / (12 * s[i] ** 2)
        for j in range(i):
            r = steps[j]
            four = function(x + s + r) - function(x + s - r) - function(x - s + r)
            H[i, j] = H[j, i] = (four + function(x - s - r)) / (4 * s[i] * r[j])
    return H


def fit_two_way(listener: np.ndarray, utterance: np.ndarray, values: np.ndarray) -> TwoWayFit:
    """Fit one value per page; closed form on a complete grid, REML otherwise.

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
    if n == n_l * n_u and len(np.unique(listener * n_u + utterance)) == n:
        grid = np.empty((n_l, n_u))
        grid[listener, utterance] = values
        return _closed_form(grid)
    with threadpool_limits(limits=1):
        model = Crossed(listener, utterance, values)
        v = model.fit()
        (estimate,), variance = model.mean(v)
        df, deviance, method = model.satterthwaite(v), model.deviance(v), "REML"
    if not df >= 1:
        df, method = float(min(n_l, n_u) - 1), SMALLER_SAMPLE
    rows, columns = np.bincount(listener), np.bincount(utterance)
    plain = v.listener * (rows**2).sum() + v.utterance * (columns**2).sum() + v.residual * n
    return TwoWayFit(
        float(estimate), variance**0.5, df, *v, deviance, method, n, n_l, n_u, raw,
        float(plain) ** 0.5 / n,
    )  # fmt: skip


def _closed_form(grid: np.ndarray) -> TwoWayFit:
    """Complete grid [listeners, utterances]: three mean squares, pooled where REML would pool."""
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
