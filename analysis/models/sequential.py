"""Error rate of repeated looks at the results of a running study.

Testing at 5 % at every look finds differences that are not there more often than in 5 % of the
studies. Lan and DeMets (1983): a spending function says beforehand how much of the 5 % each look
may use; the bounds follow by the recursion of Armitage, McPherson and Rowe (1969).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import optimize, special, stats

from intone.errors import UserError

Spending = Literal["obrien-fleming", "pocock"]

# Enough for a hundred looks: the steps between them are several nodes wide.
_NODES = 128


@dataclass(frozen=True)
class LookBound:
    """Bound of one look.

    Attributes:
        fraction: share of the planned listeners who had been heard.
        spent: error rate spent up to and with this look.
        z: the difference is significant at this look if |z| is larger.
        alpha: the same as a level for the unadjusted p value of this look.
    """

    fraction: float
    spent: float
    z: float
    alpha: float


def looks_correction(
    fractions: Sequence[float], alpha: float = 0.05, spending: Spending = "obrien-fleming"
) -> list[LookBound]:
    """Return two-sided bounds for every look.

    Args:
        fractions: information at each look, rising, the last at most 1: number of listeners over
            number planned.
        alpha: error rate of the whole study.
        spending: `obrien-fleming` hardly spends anything early, `pocock` about evenly.

    Raises:
        UserError: fractions that do not rise within 0 to 1.
    """
    t = _checked(fractions)
    # Each side spends half.
    side = alpha / 2
    if spending == "obrien-fleming":
        spent = 2 * stats.norm.sf(stats.norm.isf(side / 2) / np.sqrt(t))
    else:
        spent = side * np.log1p((np.e - 1) * t)
    process, bounds, before = _Process(), [], 0.0
    for fraction, total in zip(t, spent, strict=True):
        bound = process.bound(fraction, total - before)
        process.advance(fraction, bound)
        before = total
        z = bound / fraction**0.5
        bounds.append(LookBound(float(fraction), float(2 * total), z, float(2 * stats.norm.sf(z))))
    return bounds


def uncorrected_error(fractions: Sequence[float], alpha: float = 0.05) -> float:
    """Return the false-positive rate if each look uses level `alpha`.

    Raises:
        UserError: as `looks_correction`.
    """
    process, error = _Process(), 0.0
    for fraction in _checked(fractions):
        bound = float(stats.norm.isf(alpha / 2)) * fraction**0.5
        error += 2 * process.exit_above(fraction, bound)
        process.advance(fraction, bound)
    return error


def _checked(fractions: Sequence[float]) -> np.ndarray:
    t = np.asarray(fractions, dtype=float)
    if len(t) == 0 or t[0] <= 0 or t[-1] > 1 or (np.diff(t) <= 0).any():
        shares = ", ".join(f"{fraction:g}" for fraction in t)
        raise UserError(
            f"looks {shares}: not rising shares of the planned listeners; give shares above 0 and "
            "at most 1"
        )
    return t


class _Process:
    """Brownian motion within the bounds of all looks so far."""

    def __init__(self) -> None:
        self.t = 0.0
        self.points, self.mass = np.zeros(1), np.ones(1)
        self.nodes, self.weights = special.roots_legendre(_NODES)

    def exit_above(self, t: float, bound: float) -> float:
        """Return the probability of exceeding `bound` at time t."""
        steps = (bound - self.points) / (t - self.t) ** 0.5
        return float(self.mass @ special.ndtr(-steps))

    def bound(self, t: float, probability: float) -> float:
        """Return the bound that is exceeded with this probability."""
        # Beyond 12 standard deviations there is nothing to spend.
        highest = 12 * t**0.5
        if self.exit_above(t, highest) >= probability:
            return highest
        root = optimize.root_scalar(
            lambda bound: self.exit_above(t, bound) - probability, bracket=(0, highest), xtol=1e-12
        )
        return float(root.root)

    def advance(self, t: float, bound: float) -> None:
        """Advance to time t, within the bound."""
        points = bound * self.nodes
        density = stats.norm.pdf(points[:, None], self.points, (t - self.t) ** 0.5) @ self.mass
        self.points, self.mass, self.t = points, bound * self.weights * density, t
