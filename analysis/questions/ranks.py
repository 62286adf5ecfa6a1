"""Stability of the ranks of the systems over listeners and utterances."""

from dataclasses import dataclass

import numpy as np

from analysis.data.ratings import Ratings
from analysis.models.bootstrap import bootstrap_means


@dataclass(frozen=True)
class RankStability:
    """Ranks of the systems over resampled listeners and utterances.

    Attributes:
        systems: by mean, best first.
        chance: [S, S], chance that system i takes rank j (0 is best).
        tau: Kendall's tau to the order in the data: median and ends of the 1 - alpha interval.
    """

    systems: tuple[str, ...]
    chance: np.ndarray
    tau: tuple[float, float, float]


def rank_stability(
    ratings: Ratings,
    systems: tuple[str, ...] | None = None,
    draws: int = 2000,
    seed: int = 0,
    alpha: float = 0.05,
) -> RankStability | None:
    """Resample listeners and utterances and rank the systems in each sample.

    Args:
        ratings: the ratings.
        systems: by default those under test and the baseline.
        draws: bootstrap samples.
        seed: of the bootstrap.
        alpha: two-sided level of the interval of `tau`.

    Returns:
        None with fewer than two systems or where no page has all of them.
    """
    chosen = systems or tuple(
        s for s in ratings.systems if ratings.roles.of(s) in ("system", "baseline")
    )
    if len(chosen) < 2:
        return None
    listener, utterance, Y = ratings.pages().of(*chosen)
    if len(Y) == 0:
        return None
    order = np.argsort(-Y.mean(0), kind="stable")
    chosen, Y = tuple(chosen[i] for i in order), Y[:, order]
    means = bootstrap_means(listener, utterance, Y, draws, seed)
    ranks = _ranks(means)
    S = len(chosen)
    chance = np.stack([(ranks == j).mean(0) for j in range(S)], 1)
    median, low, high = np.quantile([_tau(row) for row in means], [0.5, alpha / 2, 1 - alpha / 2])
    return RankStability(chosen, chance, (float(median), float(low), float(high)))


def _ranks(means: np.ndarray) -> np.ndarray:
    """Return ranks by row, 0 best; ties to the earlier column."""
    return np.argsort(np.argsort(-means, axis=1, kind="stable"), axis=1, kind="stable")


def _tau(means: np.ndarray) -> float:
    """Return Kendall's tau-a to the order of the columns."""
    i, j = np.triu_indices(len(means), 1)
    return float(np.sign(means[i] - means[j]).mean())
