"""Would other listeners and other sentences put the systems in the same order?"""

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
        n_listeners: sizes of the subsamples of listeners.
        tau_of_subsamples: mean tau to the order in the data for each size.
    """

    systems: tuple[str, ...]
    chance: np.ndarray
    tau: tuple[float, float, float]
    n_listeners: tuple[int, ...]
    tau_of_subsamples: tuple[float, ...]

    @property
    def chance_of_best(self) -> dict[str, float]:
        """Chance of the first rank by system."""
        return dict(zip(self.systems, map(float, self.chance[:, 0]), strict=True))


def rank_stability(
    ratings: Ratings,
    systems: tuple[str, ...] | None = None,
    draws: int = 2000,
    seed: int = 0,
    alpha: float = 0.05,
) -> RankStability | None:
    """Two-way bootstrap of the ranks, and subsamples of listeners without replacement.

    Args:
        ratings: the ratings.
        systems: by default those under test and the baseline.
        draws: bootstrap samples, and subsamples of each size.
        seed: of both.
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
    quantiles = [0.5, alpha / 2, 1 - alpha / 2]
    tau = np.quantile([_tau(row) for row in means], quantiles)
    sizes, curve = _subsamples(listener, Y, draws // 10, seed)
    return RankStability(
        chosen, chance, (float(tau[0]), float(tau[1]), float(tau[2])), sizes, curve
    )


def _ranks(means: np.ndarray) -> np.ndarray:
    """Rank of every system in every row, 0 is best; ties go to the earlier column."""
    return np.argsort(np.argsort(-means, axis=1, kind="stable"), axis=1, kind="stable")


def _tau(means: np.ndarray) -> float:
    """Kendall's tau-a to the order of the columns."""
    i, j = np.triu_indices(len(means), 1)
    return float(np.sign(means[i] - means[j]).mean())


def _subsamples(
    listener: np.ndarray, Y: np.ndarray, draws: int, seed: int
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    n = int(listener.max()) + 1
    sizes = tuple(sorted({size for size in (2, 5, 10, 20, 30, 50, 100, 200) if size < n} | {n}))
    totals = np.stack([np.bincount(listener, column) for column in Y.T], 1)
    pages = np.bincount(listener)
    rng = np.random.default_rng(seed)
    curve = []
    for size in sizes:
        picks = [rng.permutation(n)[:size] for _ in range(draws)]
        curve.append(
            float(np.mean([_tau(totals[pick].sum(0) / pages[pick].sum()) for pick in picks]))
        )
    return sizes, tuple(curve)
