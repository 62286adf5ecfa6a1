"""Description of each system: centre, spread and interval of the mean."""

from dataclasses import dataclass

import numpy as np

from analysis.data.ratings import Ratings
from analysis.models.crossed import fit_two_way


@dataclass(frozen=True)
class SystemSummary:
    """Summary of the scores of one system.

    Attributes:
        system: name.
        role: system, baseline, reference, copy_synthesis, anchor_low or anchor_mid.
        n: number of ratings.
        n_listeners: number of listeners who rated it.
        n_utterances: number of utterances in which it was rated.
        mean: plain mean of the scores, points.
        se: standard error of the mean for new listeners and new utterances; NaN if undefined.
        df: degrees of freedom of its interval.
        ci: 1 - alpha interval of the mean. Not for reading off differences: see the comparisons.
        median: median of the ratings; q1 and q3 are the quartiles (Hyndman and Fan type 7).
        share_lowest, share_highest: shares of the ratings at the ends of the scale, 0 to 1.
        share_poor: share below two fifths of the scale (40 of 100: "poor" or "bad").
        scores: the sorted ratings, for plots.
    """

    system: str
    role: str
    n: int
    n_listeners: int
    n_utterances: int
    mean: float
    se: float
    df: float
    ci: tuple[float, float]
    median: float
    q1: float
    q3: float
    share_lowest: float
    share_highest: float
    share_poor: float
    scores: np.ndarray


def describe(ratings: Ratings, alpha: float = 0.05) -> list[SystemSummary]:
    """Summarise every system in the order of `ratings.systems`; intervals 1 - alpha."""
    pages = ratings.pages()
    low, high = ratings.scale
    summaries = []
    for system in ratings.systems:
        listener, utterance, scores = pages.of(system)
        fit = fit_two_way(listener, utterance, scores[:, 0])
        q1, median, q3 = np.quantile(scores[:, 0], [0.25, 0.5, 0.75])
        summaries.append(
            SystemSummary(
                system=system,
                role=ratings.roles.of(system),
                n=len(scores),
                n_listeners=fit.n_listeners,
                n_utterances=fit.n_utterances,
                mean=fit.raw,
                se=fit.raw_se,
                df=fit.df,
                ci=fit.raw_ci(alpha),
                median=float(median),
                q1=float(q1),
                q3=float(q3),
                share_lowest=float(np.mean(scores == low)),
                share_highest=float(np.mean(scores == high)),
                share_poor=float(np.mean(scores < low + 0.4 * (high - low))),
                scores=np.sort(scores[:, 0]),
            )
        )
    return summaries
