"""Bootstrap of crossed data: listeners and utterances are resampled independently.

Owen (2007) and Owen and Eckles (2012): no bootstrap of crossed data is exact; resampling both
factors (the pigeonhole bootstrap) is consistent and a little conservative.
"""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from analysis.models.threads import one_thread

Unit = Literal["both", "listeners"]

_AT_ONCE = 500


def bootstrap_means(
    listener: np.ndarray,
    utterance: np.ndarray,
    values: np.ndarray,
    draws: int = 10_000,
    seed: int = 0,
    unit: Unit = "both",
) -> np.ndarray:
    """Return means of the columns over pages in bootstrap samples.

    Args:
        listener: code of each page, int [P].
        utterance: code of each page, int [P].
        values: [P, q].
        draws: number of samples.
        seed: of the samples.
        unit: drawn with replacement: `both` listeners and utterances, or `listeners` alone.

    Returns:
        [draws, q]. In sparse designs a sample may hold no page at all; such rows are left out.
    """
    rng = np.random.default_rng(seed)
    # Utterances that are not resampled need no sums of their own.
    if unit == "listeners":
        utterance = np.zeros_like(utterance)
    n_l, n_u = int(listener.max()) + 1, int(utterance.max()) + 1
    columns = np.column_stack([np.ones(len(values)), values])
    blocks = []
    with one_thread():
        sums = np.zeros((columns.shape[1], n_l, n_u))
        for total, column in zip(sums, columns.T, strict=True):
            np.add.at(total, (listener, utterance), column)
        for start in range(0, draws, _AT_ONCE):
            n = min(_AT_ONCE, draws - start)
            by_l = _counts(rng, n_l, n)
            by_u = _counts(rng, n_u, n) if unit == "both" else np.ones((n, n_u))
            blocks.append(np.stack([((by_l @ total) * by_u).sum(1) for total in sums], 1))
    weighted = np.concatenate(blocks)
    weighted = weighted[weighted[:, 0] > 0]
    return weighted[:, 1:] / weighted[:, :1]


def bootstrap_weights(
    listener: np.ndarray, utterance: np.ndarray, draws: int, seed: int = 0
) -> Iterator[np.ndarray]:
    """Yield the weights of all pages in each two-way bootstrap sample.

    Args:
        listener: code of each page, int [P].
        utterance: code of each page, int [P].
        draws: number of samples.
        seed: of the samples.

    Yields:
        `draws` times: how often each page was drawn, float [P], never all 0.
    """
    rng = np.random.default_rng(seed)
    n_l, n_u = int(listener.max()) + 1, int(utterance.max()) + 1
    for _ in range(draws):
        weights = np.zeros(len(listener))
        while not weights.any():
            weights = _counts(rng, n_l, 1)[0, listener] * _counts(rng, n_u, 1)[0, utterance]
        yield weights


def _counts(rng: np.random.Generator, n: int, draws: int) -> np.ndarray:
    """Return how often each unit is drawn, [draws, n]."""
    drawn = rng.integers(0, n, (draws, n)) + n * np.arange(draws)[:, None]
    return np.bincount(drawn.ravel(), minlength=draws * n).reshape(draws, n).astype(float)


def percentile_interval(samples: np.ndarray, alpha: float = 0.05) -> tuple[float, float]:
    """Return the 1 - alpha percentile interval of bootstrap samples [B]."""
    low, high = np.quantile(samples, [0.5 - (1 - alpha) / 2, 0.5 + (1 - alpha) / 2])
    return float(low), float(high)


def bootstrap_p(samples: np.ndarray, value: float = 0.0) -> float:
    """Return the two-sided p value of `value`.

    It is the level at which the percentile interval just reaches `value`.
    """
    n = len(samples) + 1
    tails = ((samples <= value).sum() + 1) / n, ((samples >= value).sum() + 1) / n
    return float(min(1.0, 2 * min(tails)))
