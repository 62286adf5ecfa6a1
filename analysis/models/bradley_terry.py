"""Bradley and Terry's model of paired comparisons with ties (Davidson 1970), many fits at once.

P(i over j) = p_i / (p_i + p_j + nu sqrt(p_i p_j)), P(tie) = nu sqrt(p_i p_j) / the same. In
log strengths and log nu this is a multinomial logit: its likelihood has one maximum, which Newton's
method finds for all bootstrap samples together.
"""

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

# Keeps the ability of a system that always (or never) wins finite, and moves no other.
_RIDGE = 1e-6
_STEPS = 200
_HALVINGS = 40
# Newton decrement: twice what the log-likelihood may still gain.
_DECREMENT = 1e-12
# Hessians of at most so many numbers at once.
_NUMBERS = 20_000_000


def fit_davidson(counts: np.ndarray, pairs: np.ndarray, n_systems: int) -> np.ndarray:
    """Maximum likelihood of several samples.

    Args:
        counts: [B, 3, P] how often the first of each pair won, the second won, and neither.
        pairs: [2, P] codes of the two systems of each pair, every pair once.
        n_systems: S.

    Returns:
        [B, S + 1]: log strengths of mean 0, and log nu (-inf in samples without a tie).
    """
    at_once = max(1, _NUMBERS // (n_systems + 1) ** 2)
    parts = [
        _fit(counts[start : start + at_once], pairs, n_systems)
        for start in range(0, len(counts), at_once)
    ]
    return np.concatenate(parts)


def determined(counts: np.ndarray, pairs: np.ndarray, n_systems: int) -> np.ndarray:
    """Whether every strength is finite (Ford 1957): no group of systems won or lost all its games.

    Args:
        counts: [B, 3, P], pairs: [2, P], n_systems: S; see `fit_davidson`.

    Returns:
        bool [B].
    """
    i, j = pairs
    found = np.empty(len(counts), dtype=bool)
    for b, (first, second, ties) in enumerate(counts):
        beats, beaten = first + ties > 0, second + ties > 0
        rows = np.concatenate([i[beats], j[beaten]])
        columns = np.concatenate([j[beats], i[beaten]])
        graph = sparse.coo_array((np.ones(len(rows)), (rows, columns)), shape=(n_systems,) * 2)
        n, _ = csgraph.connected_components(graph, directed=True, connection="strong")
        found[b] = n == 1
    return found


def _fit(counts: np.ndarray, pairs: np.ndarray, n_systems: int) -> np.ndarray:
    x = np.zeros((len(counts), n_systems + 1))
    left = np.arange(len(x))
    for _ in range(_STEPS):
        model = _Model(counts[left], pairs, n_systems)
        gradient, hessian = model.derivatives(x[left])
        # All strengths may move together for nothing; this holds their mean where it is.
        hessian[:, :-1, :-1] += model.total.sum(1)[:, None, None] / n_systems
        step = np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
        moved, better = _descend(model, x[left], step)
        x[left] = moved
        left = left[better & ((gradient * step).sum(1) > _DECREMENT)]
        if not len(left):
            break
    strengths = x[:, :n_systems] - x[:, :n_systems].mean(1, keepdims=True)
    with_ties = counts[:, 2].sum(1) > 0
    return np.column_stack([strengths, np.where(with_ties, x[:, n_systems], -np.inf)])


def _descend(model: "_Model", x: np.ndarray, step: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The step, halved where it leads up; and where any step led down."""
    value, size = model.value(x), np.ones(len(x))
    worse = np.ones(len(x), dtype=bool)
    for _ in range(_HALVINGS):
        worse = model.value(x - size[:, None] * step) > value
        if not worse.any():
            break
        size[worse] /= 2
    size[worse] = 0
    return x - size[:, None] * step, ~worse


class _Model:
    """Penalised negative log-likelihood of parameters [B, S + 1], and its derivatives."""

    def __init__(self, counts: np.ndarray, pairs: np.ndarray, n_systems: int) -> None:
        self.counts, self.total = counts, counts.sum(1)
        self.with_ties = counts[:, 2].sum(1) > 0
        self.i, self.j = pairs
        self.first, self.second = np.eye(n_systems)[pairs]

    def _shares(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Logits and shares of the outcomes [B, 3, P], logarithm of their normaliser [B, P]."""
        a, b = x[:, self.i], x[:, self.j]
        tie = np.where(self.with_ties[:, None], (a + b) / 2 + x[:, -1:], -np.inf)
        logits = np.stack([a, b, tie], 1)
        top = logits.max(1, keepdims=True)
        share = np.exp(logits - top)
        normal = share.sum(1, keepdims=True)
        return logits, share / normal, (top + np.log(normal))[:, 0]

    def value(self, x: np.ndarray) -> np.ndarray:
        """[B]."""
        logits, _, normal = self._shares(x)
        # 0 x -inf: what never happened adds nothing.
        seen = self.counts * np.where(self.counts > 0, logits, 0)
        return (self.total * normal).sum(1) - seen.sum((1, 2)) + _RIDGE * (x**2).sum(1) / 2

    def derivatives(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """[B, S + 1] and [B, S + 1, S + 1].

        The logit of a win is made of one strength, that of a tie of half of both and log nu.
        """
        _, share, _ = self._shares(x)
        win, lose, tie = share.transpose(1, 0, 2)
        u, v, n = win + tie / 2, lose + tie / 2, self.total
        rest = n[:, None] * share - self.counts
        gradient = _RIDGE * x
        gradient[:, :-1] += (rest[:, 0] + rest[:, 2] / 2) @ self.first
        gradient[:, :-1] += (rest[:, 1] + rest[:, 2] / 2) @ self.second
        gradient[:, -1] += rest[:, 2].sum(1)
        q = x.shape[1]
        hessian = np.zeros((len(x), q, q))
        # Every pair stands there once, so that no cell is written twice.
        hessian[:, self.i, self.j] = hessian[:, self.j, self.i] = n * (tie / 4 - u * v)
        diagonal = np.empty((len(x), q))
        diagonal[:, :-1] = (n * (win + tie / 4 - u**2)) @ self.first
        diagonal[:, :-1] += (n * (lose + tie / 4 - v**2)) @ self.second
        diagonal[:, -1] = (n * (tie - tie**2)).sum(1)
        hessian[:, range(q), range(q)] = diagonal + _RIDGE
        edge = (n * tie * (0.5 - u)) @ self.first + (n * tie * (0.5 - v)) @ self.second
        hessian[:, :-1, -1] = hessian[:, -1, :-1] = edge
        return gradient, hessian
