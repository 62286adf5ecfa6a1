"""Effect sizes of differences and win rates of systems."""

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from analysis.data.ratings import Ratings
from analysis.models.cluster import cluster_covariance
from analysis.models.rank_tests import wilcoxon_exact, wins
from analysis.models.t_test import SMALLEST_SE, t_interval

_NAN = float("nan")


@dataclass(frozen=True)
class EffectSizes:
    """Effect sizes of `x` minus `y`.

    Standardised ones are of listener means: on pages they would grow with the number of texts.

    Attributes:
        x, y: names of the systems.
        points: mean difference on the scale; look at this one first.
        dz: Cohen's dz of listener means: mean over standard deviation of their differences.
        hedges_g: dz with Hedges's (1981) exact correction for few listeners.
        rank_biserial: of the signed ranks of listener means (Kerby 2014), -1 to 1.
        cliffs_delta: P(X > Y) - P(X < Y) over all ratings of either system, -1 to 1.
        a12: Vargha and Delaney's P(X > Y) + P(X = Y) / 2 over all ratings.
        win_rate: the same within pages (one listener, one text).
    """

    x: str
    y: str
    points: float
    dz: float
    hedges_g: float
    rank_biserial: float
    cliffs_delta: float
    a12: float
    win_rate: float


def effect_sizes(ratings: Ratings, x: str, y: str) -> EffectSizes | None:
    """Return effect sizes over pages with both systems, if any.

    A part without scatter, or of a single listener, is NaN.
    """
    listener, _, scores = ratings.pages().of(x, y)
    if len(scores) == 0:
        return None
    D = scores[:, 0] - scores[:, 1]
    means = np.bincount(listener, D) / np.bincount(listener)
    n = len(means)
    spread = float(np.std(means, ddof=1)) if n > 1 else 0.0
    dz = float(means.mean()) / spread if spread > 1e-12 else _NAN
    delta = cliffs_delta(scores[:, 0], scores[:, 1])
    return EffectSizes(
        x,
        y,
        float(D.mean()),
        dz,
        dz * hedges_correction(n - 1) if n > 1 else _NAN,
        wilcoxon_exact(means).rank_biserial,
        delta,
        (delta + 1) / 2,
        float(wins(D).mean()),
    )


def hedges_correction(df: int) -> float:
    """Return J(df) = G(df/2) / (sqrt(df/2) G((df-1)/2)) (Hedges 1981).

    It is 0 with one degree of freedom.
    """
    if df < 2:
        return 0.0
    return float(np.exp(special.gammaln(df / 2) - special.gammaln((df - 1) / 2)) / (df / 2) ** 0.5)


def cliffs_delta(x: np.ndarray, y: np.ndarray) -> float:
    """Return Cliff's delta; values that agree to 9 decimals are ties."""
    ranks = stats.rankdata(np.round(np.concatenate([x, y]), 9))
    n, m = len(x), len(y)
    u = ranks[:n].sum() - n * (n + 1) / 2
    return float(2 * u / (n * m) - 1)


@dataclass(frozen=True)
class WinRate:
    """Share of pages on which `x` scores above `y`, ties half.

    Attributes:
        x, y: names of the systems.
        rate: share of the pages, 0 to 1.
        se: two-way cluster-robust standard error; NaN with one listener and one utterance, or if
            every page has the same winner (no scatter).
        ci: 1 - alpha interval, within 0 to 1.
        n_pages: pages that have both.
    """

    x: str
    y: str
    rate: float
    se: float
    ci: tuple[float, float]
    n_pages: int


def win_matrix(ratings: Ratings, alpha: float = 0.05) -> list[WinRate]:
    """Return win rates of all ordered pairs that share a page.

    They come row by row of the matrix; intervals are 1 - alpha.
    """
    pages = ratings.pages()
    rates = []
    for x in ratings.systems:
        for y in ratings.systems:
            if x == y:
                continue
            listener, utterance, scores = pages.of(x, y)
            if len(scores) == 0:
                continue
            won = wins(scores[:, 0] - scores[:, 1])
            covariance, df = cluster_covariance(listener, utterance, won[:, None])
            rate = float(won.mean())
            se, ci = float(covariance[0, 0]) ** 0.5, (_NAN, _NAN)
            if df < 1 or se <= SMALLEST_SE:
                se = _NAN
            else:
                low, high = t_interval(rate, se, df, alpha)
                ci = (max(0.0, low), min(1.0, high))
            rates.append(WinRate(x, y, rate, se, ci, len(won)))
    return rates
