"""Ordinal test of ratings as ordered categories.

A proportional-odds model of two systems (McCullagh 1980), fitted to the ratings as they are
(marginally) with a two-way cluster-robust covariance, because listeners and utterances repeat.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from statsmodels.miscmodels.ordinal_model import OrderedModel
from statsmodels.tools.sm_exceptions import ConvergenceWarning

from analysis.data.ratings import Ratings
from analysis.models.cluster import cluster_covariance
from analysis.models.t_test import t_interval, t_p_value
from analysis.wording import ci_text, number, p_equals

# A slider has a hundred steps, which are no categories and as many thresholds.
MOST_LEVELS = 15
# Slope of the log likelihood at its top; more, and the search ended elsewhere.
_LEVEL_ENOUGH = 1e-3


@dataclass(frozen=True)
class Ordinal:
    """Odds of a higher rating for `x` than for `y`.

    Attributes:
        x, y: names of the systems.
        log_odds: logarithm of the odds ratio.
        se: its two-way cluster-robust standard error.
        df: smaller sample, minus 1.
        ci: 1 - alpha interval of `log_odds`.
        p: p value of equal odds.
        n_levels: number of different ratings.
        alpha: two-sided level of the interval.
    """

    x: str
    y: str
    log_odds: float
    se: float
    df: int
    ci: tuple[float, float]
    p: float
    n_levels: int
    alpha: float = 0.05

    @property
    def text(self) -> str:
        """One English sentence."""
        ci = (float(np.exp(self.ci[0])), float(np.exp(self.ci[1])))
        return (
            f"The odds that {self.x} is rated higher than {self.y} are "
            f"{number(float(np.exp(self.log_odds)), 2)} "
            f"({ci_text(ci, self.alpha, 2)}), {p_equals(self.p)}, proportional-odds model."
        )


def ordinal_test(ratings: Ratings, x: str, y: str, alpha: float = 0.05) -> Ordinal | None:
    """Compare two systems on the pages that have both.

    Returns:
        None with a single listener or utterance, with one level of rating or more than 15 (a slider
        has no categories), if the ratings of the two do not overlap, or if the search for the most
        likely odds does not come to an end.
    """
    listener, utterance, scores = ratings.pages().of(x, y)
    levels = np.unique(scores)
    if len(scores) == 0 or not 2 <= len(levels) <= MOST_LEVELS:
        return None
    if listener.max() == 0 or utterance.max() == 0:
        return None
    if scores[:, 0].min() >= scores[:, 1].max() or scores[:, 1].min() >= scores[:, 0].max():
        return None
    rank = np.searchsorted(levels, scores.T.ravel())
    is_x = np.repeat([1.0, 0.0], len(scores))
    model = OrderedModel(rank, is_x[:, None], distr="logit")
    with warnings.catch_warnings():
        # It also warns where only the last digits are not certain.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = model.fit(method="bfgs", disp=False, gtol=1e-8)
    if not np.abs(model.score(fitted.params)).max() < _LEVEL_ENOUGH:
        return None
    log_odds = float(fitted.params[0])
    bread = np.linalg.inv(-np.asarray(model.hessian(fitted.params)))
    by_rating = np.asarray(model.score_obs(fitted.params))
    # Both ratings of a page are one unit: their scores are summed.
    by_page = by_rating[: len(scores)] + by_rating[len(scores) :]
    middle, df = cluster_covariance(listener, utterance, by_page)
    se = float((bread @ middle @ bread)[0, 0]) ** 0.5 * len(scores)
    p, ci = t_p_value(log_odds, se, df), t_interval(log_odds, se, df, alpha)
    return Ordinal(x, y, log_odds, se, df, ci, p, len(levels), alpha)
