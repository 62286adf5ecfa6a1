"""Bradley-Terry model of paired comparisons with ties (Davidson 1970).

P(i over j) = p_i / (p_i + p_j + nu sqrt(p_i p_j)), P(tie) = nu sqrt(p_i p_j) / the same. In
log strengths and log nu this is a multinomial logit: its likelihood has one maximum, which Newton's
method finds for all bootstrap samples together.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph

from intone.errors import UserError

COLUMNS = ("listener", "utterance", "system_a", "system_b", "choice")
CHOICES = ("a", "b", "none")
# Keeps the ability of a system that always (or never) wins finite, and moves no other.
_RIDGE = 1e-6
_STEPS = 200
_HALVINGS = 40
# Newton decrement: twice what the log-likelihood may still gain.
_DECREMENT = 1e-12
# Hessians of at most so many numbers at once.
_NUMBERS = 20_000_000


@dataclass(frozen=True)
class Counted:
    """Codes of every choice.

    `pairs` [2, P] are the pairs that were compared, the lower code first; `pair` [n] is which of
    them a row compares, `value` [n] 1 if its first was chosen, -1 its second, 0 neither, and `cell`
    [n] both in one: position in the flattened counts [3, P].
    """

    systems: tuple[str, ...]
    listener: np.ndarray
    utterance: np.ndarray
    pairs: np.ndarray
    pair: np.ndarray
    value: np.ndarray
    cell: np.ndarray

    @classmethod
    def read(cls, frame: pd.DataFrame, name: str) -> "Counted":
        """Check a table of choices.

        Raises:
            UserError: see `analysis.questions.preference.preference`.
        """
        missing = [column for column in COLUMNS if column not in frame.columns]
        if missing:
            raise UserError(
                f"{name}: no column {', '.join(missing)}; the table needs {', '.join(COLUMNS)}"
            )
        if frame.empty:
            raise UserError(f"{name}: no choices; check that the table is complete")
        unknown = set(frame["choice"].unique()) - set(CHOICES)
        if unknown:
            raise UserError(f"{name}: unknown choice {min(map(str, unknown))!r}; use a, b or none")
        same = frame["system_a"] == frame["system_b"]
        if same.any():
            system = frame.loc[same, "system_a"].iloc[0]
            raise UserError(f"{name}: {system!r} is compared with itself; delete those rows")
        systems = sorted({*frame["system_a"], *frame["system_b"]})
        code = {system: i for i, system in enumerate(systems)}
        a, b = (frame[c].map(code).to_numpy(int) for c in ("system_a", "system_b"))
        both, pair = np.unique(
            np.minimum(a, b) * len(systems) + np.maximum(a, b), return_inverse=True
        )
        pairs = np.stack(np.divmod(both, len(systems)))
        _check_connected(systems, pairs, name)
        listener, utterance = (
            np.unique(frame[c].astype(str), return_inverse=True)[1]
            for c in ("listener", "utterance")
        )
        value = frame["choice"].map({"a": 1, "b": -1, "none": 0}).to_numpy(int)
        value = np.where(a < b, value, -value)
        # Rows of the counts: the first won, the second won, neither.
        outcome = np.array([2, 0, 1])[value]
        cell = outcome * pairs.shape[1] + pair
        return cls(tuple(systems), listener, utterance, pairs, pair, value, cell)

    def counts(self, weights: np.ndarray) -> np.ndarray:
        """Return the counts of first won, second won and neither, [3, P]."""
        P = self.pairs.shape[1]
        return np.bincount(self.cell, weights, 3 * P).reshape(3, P)

    def in_order(self, order: np.ndarray) -> list[int]:
        """Return the codes of the pairs; those of the strongest system first."""
        rank = np.argsort(order)[self.pairs]
        return np.lexsort((rank.max(0), rank.min(0))).tolist()


def _check_connected(systems: list[str], pairs: np.ndarray, name: str) -> None:
    links = sparse.coo_array((np.ones(pairs.shape[1]), tuple(pairs)), shape=(len(systems),) * 2)
    parts, part = csgraph.connected_components(links, directed=False)
    if parts > 1:
        other = systems[int(np.flatnonzero(part != part[0])[0])]
        raise UserError(
            f"{name}: {systems[0]!r} is never compared with {other!r}, not even through other "
            "systems; analyse the two groups apart"
        )


def fit_davidson(counts: np.ndarray, pairs: np.ndarray, n_systems: int) -> np.ndarray:
    """Return the maximum likelihood estimates of several samples.

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
    """Return True where every strength is finite (Ford 1957).

    That is so unless a group of systems won or lost all its comparisons with the others.

    Args:
        counts: [B, 3, P], pairs: [2, P], n_systems: S; see `fit_davidson`.

    Returns:
        bool [B].
    """
    i, j = pairs
    is_determined = np.empty(len(counts), dtype=bool)
    for b, (first, second, ties) in enumerate(counts):
        beats, beaten = first + ties > 0, second + ties > 0
        rows = np.concatenate([i[beats], j[beaten]])
        columns = np.concatenate([j[beats], i[beaten]])
        graph = sparse.coo_array((np.ones(len(rows)), (rows, columns)), shape=(n_systems,) * 2)
        n, _ = csgraph.connected_components(graph, directed=True, connection="strong")
        is_determined[b] = n == 1
    return is_determined


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
    """Halve the step where it leads up; return where it led down."""
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
        """Return logits and shares [B, 3, P] and log normaliser [B, P]."""
        a, b = x[:, self.i], x[:, self.j]
        tie = np.where(self.with_ties[:, None], (a + b) / 2 + x[:, -1:], -np.inf)
        logits = np.stack([a, b, tie], 1)
        top = logits.max(1, keepdims=True)
        share = np.exp(logits - top)
        normal = share.sum(1, keepdims=True)
        return logits, share / normal, (top + np.log(normal))[:, 0]

    def value(self, x: np.ndarray) -> np.ndarray:
        """Return the penalised negative log-likelihood [B]."""
        logits, _, normal = self._shares(x)
        # 0 x -inf: what never happened adds nothing.
        seen = self.counts * np.where(self.counts > 0, logits, 0)
        return (self.total * normal).sum(1) - seen.sum((1, 2)) + _RIDGE * (x**2).sum(1) / 2

    def derivatives(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return gradient and Hessian, [B, S+1] and [B, S+1, S+1].

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
        # Every pair is in `pairs` once, so that no cell is written twice.
        hessian[:, self.i, self.j] = hessian[:, self.j, self.i] = n * (tie / 4 - u * v)
        diagonal = np.empty((len(x), q))
        diagonal[:, :-1] = (n * (win + tie / 4 - u**2)) @ self.first
        diagonal[:, :-1] += (n * (lose + tie / 4 - v**2)) @ self.second
        diagonal[:, -1] = (n * (tie - tie**2)).sum(1)
        hessian[:, range(q), range(q)] = diagonal + _RIDGE
        edge = (n * tie * (0.5 - u)) @ self.first + (n * tie * (0.5 - v)) @ self.second
        hessian[:, :-1, -1] = hessian[:, -1, :-1] = edge
        return gradient, hessian
