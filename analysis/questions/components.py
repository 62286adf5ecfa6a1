"""Variance components of the full crossed model of all systems.

`score ~ system + (1|listener) + (1|utterance) + (1|listener:system) + (1|utterance:system)
+ (1|listener:utterance)`. On pages that have every system, an orthonormal (Helmert) transform
within the page splits the likelihood: S-1 contrast columns carry listener x system, utterance x
system and noise; the page mean carries the rest.
"""

from dataclasses import dataclass

import numpy as np
from scipy import linalg, optimize

from analysis.data.ratings import Pages
from analysis.models.reml import Crossed, Variances
from analysis.models.threads import one_thread


@dataclass(frozen=True)
class Components:
    """Variance components, squared points of the scale; 0 at the boundary.

    Attributes:
        listener: some listeners score everything higher.
        utterance: some texts score higher in every system.
        listener_system: listeners differ in which system they like.
        utterance_system: systems do well on different texts.
        page: one listener on one text (listener x utterance).
        residual: everything else.
        deviance: REML criterion of the whole model.
        n_pages: complete pages used.
        n_left_out: pages that lack a system and could not be used.
    """

    listener: float
    utterance: float
    listener_system: float
    utterance_system: float
    page: float
    residual: float
    deviance: float
    n_pages: int
    n_left_out: int

    def parts(self) -> dict[str, float]:
        """Return the six variances by name."""
        return {
            "listener": self.listener,
            "utterance": self.utterance,
            "listener_system": self.listener_system,
            "utterance_system": self.utterance_system,
            "page": self.page,
            "residual": self.residual,
        }


def variance_components(pages: Pages) -> Components | None:
    """Fit the full model by REML; none with too few complete pages.

    It needs two listeners, two utterances, some scatter within and between pages, and at least as
    many complete pages as listeners and utterances together: with fewer, listeners and utterances
    alone fit every score and leave no noise to estimate.
    """
    listener, utterance, Y = pages.of(*pages.systems)
    n, S = Y.shape
    if n == 0 or listener.max() == 0 or utterance.max() == 0:
        return None
    if n <= listener.max() + utterance.max() + 1:
        return None
    H = linalg.helmert(S, full=True)
    if min(float(np.ptp(Y @ H[0])), float(np.ptp(Y @ H[1:].T, axis=0).max())) < 1e-9:
        return None
    with one_thread():
        within = Crossed(listener, utterance, Y @ H[1:].T)
        between = Crossed(listener, utterance, Y @ H[0])
        w, b = within.fit(), between.fit()
        parts = np.array([*((np.array(b) - np.array(w)) / S), *w])
        if parts[:3].min() < 0:
            parts = _polish(within, between, parts, S)
        total = _joint(within, between, parts, S)
    listener_, utterance_, page, listener_system, utterance_system, residual = map(float, parts)
    return Components(
        listener_,
        utterance_,
        listener_system,
        utterance_system,
        page,
        residual,
        total,
        n,
        len(pages.scores) - n,
    )


def _joint(within: Crossed, between: Crossed, x: np.ndarray, S: int) -> float:
    """Return the deviance of the whole model.

    x is (listener, utterance, page, listener x system, utterance x system, noise).
    """
    return within.deviance(Variances(*x[3:])) + between.deviance(Variances(*(S * x[:3] + x[3:])))


def _polish(within: Crossed, between: Crossed, start: np.ndarray, S: int) -> np.ndarray:
    """Joint fit under the bound that no variance is negative."""
    scale = max(float(start[5]), 1e-12)
    x0 = np.sqrt(np.maximum(start, 0.0) / scale)
    low = _joint(within, between, scale * np.square(np.maximum(x0, 1e-9)), S)

    def objective(ratios: np.ndarray) -> float:
        return (_joint(within, between, scale * np.square(ratios), S) - low) / within.n

    optimum = optimize.minimize(
        objective,
        x0,
        method="L-BFGS-B",
        jac="3-point",
        bounds=[(0, None)] * 5 + [(1e-6, None)],
        options={"ftol": 1e-15, "gtol": 1e-9},
    )
    return scale * np.square(np.where(optimum.x < 1e-4, 0.0, optimum.x))
