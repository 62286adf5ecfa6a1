"""Exact REML of the two-way crossed random-effects model, for any incidence.

`y = mu + a_listener + b_utterance + e`, fitted on sufficient statistics: the factor with more
levels is eliminated (its block is diagonal), the other leaves a small dense Cholesky factor.
"""

from typing import NamedTuple

import numpy as np
from scipy import linalg, optimize

# Below this share of the residual standard deviation a component counts as zero (singular fit).
_BOUNDARY = 1e-4
_START_GRID = (0.0, 0.05, 0.2, 0.5, 1.2)


class Variances(NamedTuple):
    """Variance components of one value per page."""

    listener: float
    utterance: float
    residual: float


class _Solved(NamedTuple):
    """Determinant and quadratic forms of V, with their parts.

    Attributes:
        log_det: log|V|.
        w0, w, q: 1'V^-1 1, 1'V^-1 y [K] and y'V^-1 y [K].
        ratios: variances of the eliminated factor (rows) and the other (columns) by the residual's.
        diagonal: of the eliminated block [R].
        half, gram: N with rows scaled by the diagonal's root [R, C], and its product with itself.
        factor: lower Cholesky factor of the Schur complement [C, C].
        x: sums over rows by the diagonal [R, 1 + K].
        z: Z'V^-1 of the ones and of y, Z the incidence of the columns [C, 1 + K].
    """

    log_det: float
    w0: float
    w: np.ndarray
    q: np.ndarray
    ratios: tuple[float, float]
    diagonal: np.ndarray
    half: np.ndarray
    gram: np.ndarray
    factor: np.ndarray
    x: np.ndarray
    z: np.ndarray


class Crossed:
    """REML of K independent columns with common variances of a crossed model.

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

    def _solve(self, v: Variances) -> _Solved:
        v_rows, v_columns = (v.utterance, v.listener) if self.swap else (v.listener, v.utterance)
        a, b = v_rows / v.residual, v_columns / v.residual
        diagonal = 1 + a * self.d_rows
        half = self.N / np.sqrt(diagonal)[:, None]
        # Of a matrix with itself numpy computes one triangle only.
        gram = half.T @ half
        S = -(a * b) * gram
        S[np.diag_indices(len(S))] += 1 + b * self.d_columns
        factor = linalg.cho_factor(S, lower=True, check_finite=False)
        x = self.t_rows / diagonal[:, None]
        c = self.t_columns - a * (self.N.T @ x)
        z = linalg.cho_solve(factor, c, check_finite=False)
        Q = self.squares - a * (self.t_rows * x).sum(0) - b * (c * z).sum(0)
        W = self.cross - a * (self.t_rows[:, [0]] * x).sum(0) - b * (c[:, [0]] * z).sum(0)
        log_det = self.n * np.log(v.residual) + np.log(diagonal).sum()
        log_det += 2 * np.log(np.diag(factor[0])).sum()
        w0, w, q = float(W[0] / v.residual), W[1:] / v.residual, Q[1:] / v.residual
        return _Solved(float(log_det), w0, w, q, (a, b), diagonal, half, gram, factor[0], x, z)

    def deviance(self, v: Variances) -> float:
        """Return -2 restricted log likelihood (lme4's REMLcrit)."""
        log_det, w0, w, q = self._solve(v)[:4]
        rest = self.K * (self.n - 1) * np.log(2 * np.pi)
        return float(self.K * (log_det + np.log(w0)) + (q - w * w / w0).sum() + rest)

    def mean(self, v: Variances) -> tuple[np.ndarray, float]:
        """Return generalised least squares means [K] and the variance of each."""
        _, w0, w = self._solve(v)[:3]
        return w / w0 + self.shift, 1 / w0

    def _profile(self, ratios: np.ndarray) -> tuple[float, float, _Solved]:
        """Return deviance and residual variance at these ratios of SDs."""
        solved = self._solve(Variances(ratios[0] ** 2, ratios[1] ** 2, 1.0))
        log_det, w0, w, q = solved[:4]
        m = self.K * (self.n - 1)
        residual = float((q - w * w / w0).sum() / m)
        log_det += np.log(w0)
        deviance = float(self.K * log_det + m * (1 + np.log(2 * np.pi * residual)))
        return deviance, residual, solved

    def _slope(self, ratios: np.ndarray) -> tuple[float, np.ndarray]:
        """Return deviance over number of pages, and its gradient in the ratios.

        With u = V^-1 1 and e = V^-1 (y - mu 1), its derivative in a variance ratio with incidence Z
        is K (tr Z'V^-1 Z - |Z'u|^2 / w0) - |Z'e|^2 / residual.
        """
        deviance, residual, s = self._profile(ratios)
        a, b = s.ratios
        inverse = linalg.cho_solve((s.factor, True), np.eye(len(s.factor)), check_finite=False)
        root = np.sqrt(s.diagonal)[:, None]
        by_rows = s.x - b * (s.half @ s.z) / root
        half = s.half / root
        trace_rows = (self.d_rows / s.diagonal).sum() - b * (inverse * (half.T @ half)).sum()
        trace_columns = np.diag(inverse) @ self.d_columns - a * (inverse * s.gram).sum()
        slopes = []
        for trace, seen in ((trace_rows, by_rows), (trace_columns, s.z)):
            u, e = seen[:, 0], seen[:, 1:] - seen[:, [0]] * (s.w / s.w0)
            slopes.append(self.K * (trace - (u @ u) / s.w0) - (e * e).sum() / residual)
        by_variance = np.array(slopes[::-1] if self.swap else slopes)
        return deviance / self.n, 2 * ratios * by_variance / self.n

    def fit(self) -> Variances:
        """Return the REML estimates; components at the boundary are exactly 0."""
        grid = [
            (self._profile(np.array([p, q]))[0], p, q) for p in _START_GRID for q in _START_GRID
        ]
        _, p, q = min(grid)
        up_p, up_q = max(p, 0.05), max(q, 0.05)
        best = None
        # Away from the boundary the first two starts are the same.
        for start in dict.fromkeys([(p, q), (up_p, up_q), (up_p, 0.0), (0.0, up_q)]):
            optimum = optimize.minimize(
                self._slope,
                start,
                method="L-BFGS-B",
                jac=True,
                bounds=[(0, 25)] * 2,
                options={"ftol": 1e-15, "gtol": 1e-9},
            )
            if best is None or optimum.fun < best.fun - 1e-13:
                best = optimum
        assert best is not None
        ratios = np.where(best.x < _BOUNDARY, 0.0, best.x)
        residual = self._profile(ratios)[1]
        return Variances(ratios[0] ** 2 * residual, ratios[1] ** 2 * residual, residual)

    def satterthwaite(self, v: Variances) -> float:
        """Return Satterthwaite's degrees of freedom of the mean.

        They are 2 u^2 / (g' A g), u the variance of the mean, g its gradient, A = 2 H^-1.
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
    """Return the Hessian by central differences (5 points, 4 off the diagonal)."""
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
