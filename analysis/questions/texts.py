"""Difference of two systems by text."""

from dataclasses import dataclass

import numpy as np

from analysis.data.ratings import Ratings
from analysis.models.adjust import adjust
from analysis.models.crossed import TwoWayFit, fit_two_way
from analysis.models.t_test import one_sample_t


@dataclass(frozen=True)
class Item:
    """The difference of two systems on one utterance.

    Attributes:
        utterance: its name.
        n_listeners: number of listeners who rated both on it.
        mean: mean difference, points.
        ci: 1 - alpha interval over listeners; NaN with fewer than two or without scatter.
        predicted: the difference that new listeners would give, drawn towards the overall mean as
            far as the scatter of the design demands (best linear unbiased prediction).
        p: one-sample t test over listeners.
        q: after Benjamini and Hochberg over all utterances: for exploring, not for claims.
        outlier: beyond 1.5 interquartile ranges of the means of all utterances.
    """

    utterance: str
    n_listeners: int
    mean: float
    ci: tuple[float, float]
    predicted: float
    p: float
    q: float
    outlier: bool


def item_report(ratings: Ratings, x: str, y: str, alpha: float = 0.05) -> list[Item]:
    """Return `x` minus `y` on every utterance with both, lowest first."""
    pages = ratings.pages()
    columns = [pages.systems.index(system) for system in (x, y)]
    whole = ~np.isnan(pages.scores[:, columns]).any(1)
    if not whole.any():
        return []
    names = np.array(pages.utterances)[pages.utterance[whole]]
    listener, utterance, scores = pages.of(x, y)
    D = scores[:, 0] - scores[:, 1]
    fit = fit_two_way(listener, utterance, D)
    predicted = fit.estimate + _utterance_effects(listener, utterance, D, fit)
    n = int(utterance.max()) + 1
    means = np.bincount(utterance, D) / np.bincount(utterance)
    tests = [one_sample_t(D[utterance == code], alpha) for code in range(n)]
    q = adjust([p for _, p, _ in tests], "bh")
    q1, q3 = np.quantile(means, [0.25, 0.75])
    far = (means < q1 - 1.5 * (q3 - q1)) | (means > q3 + 1.5 * (q3 - q1))
    rows = [
        Item(
            str(names[utterance == code][0]),
            int((utterance == code).sum()),
            float(means[code]),
            tests[code][2],
            float(predicted[code]),
            tests[code][1],
            q[code],
            bool(far[code]),
        )
        for code in range(n)
    ]
    return sorted(rows, key=lambda row: row.mean)


@dataclass(frozen=True)
class TextMeans:
    """Mean scores of every system on every text.

    Attributes:
        x, y: the systems whose difference orders the texts.
        utterances: the texts, by `x` minus `y`, the lowest first; texts without both at the end.
        systems: in the order of the report.
        means: mean scores [U, S], points; NaN where a text has no rating of a system.
        n: number of ratings behind each [U, S].
    """

    x: str
    y: str
    utterances: tuple[str, ...]
    systems: tuple[str, ...]
    means: np.ndarray
    n: np.ndarray


def text_means(ratings: Ratings, x: str, y: str) -> TextMeans:
    """Return mean scores of all texts, ordered by x minus y."""
    cells = ratings.frame.groupby(["utterance", "system"], observed=True)["score"]
    names, systems = list(ratings.utterances), list(ratings.systems)
    means = cells.mean().unstack().reindex(index=names, columns=systems)
    n = cells.size().unstack(fill_value=0).reindex(index=names, columns=systems, fill_value=0)
    order = (means[x] - means[y]).sort_values(kind="stable", na_position="last").index
    return TextMeans(
        x,
        y,
        tuple(map(str, order)),
        ratings.systems,
        means.loc[order].to_numpy(float),
        n.loc[order].to_numpy(int),
    )


def _utterance_effects(
    listener: np.ndarray, utterance: np.ndarray, D: np.ndarray, fit: TwoWayFit
) -> np.ndarray:
    """Solve Henderson's (1950) mixed model equations for utterances."""
    n_l, n_u = int(listener.max()) + 1, int(utterance.max()) + 1
    if not fit.utterance > 0 or not fit.residual > 0:
        return np.zeros(n_u)
    r = D - fit.estimate
    N = np.zeros((n_l, n_u))
    np.add.at(N, (listener, utterance), 1.0)
    by_u, by_l = np.bincount(utterance, r, n_u), np.bincount(listener, r, n_l)
    A = np.diag(N.sum(0) + fit.residual / fit.utterance)
    if fit.listener > 0:
        share = N / (N.sum(1) + fit.residual / fit.listener)[:, None]
        A, by_u = A - N.T @ share, by_u - share.T @ by_l
    return np.linalg.solve(A, by_u)
