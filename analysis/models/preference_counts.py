"""Choices between two systems as codes, checked: what Bradley and Terry's model is fitted to."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph

from intone.errors import UserError

COLUMNS = ("listener", "utterance", "system_a", "system_b", "choice")
CHOICES = ("a", "b", "none")


@dataclass(frozen=True)
class Counted:
    """Codes of every choice.

    `pairs` [2, P] are the pairs that were compared, the lower code first; `pair` [n] is which of
    them a row compares, `value` [n] 1 if its first was chosen, -1 its second, 0 neither, and `cell`
    [n] both in one: place in the flattened counts [3, P].
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
            UserError: see `analysis.preference.preference`.
        """
        missing = [column for column in COLUMNS if column not in frame.columns]
        if missing:
            raise UserError(
                f"{name} lack column {', '.join(missing)}; they need {', '.join(COLUMNS)}"
            )
        if frame.empty:
            raise UserError(f"{name} hold no choices")
        unknown = set(frame["choice"].unique()) - set(CHOICES)
        if unknown:
            raise UserError(f"{name} hold choice {min(map(str, unknown))!r}; use a, b or none")
        same = frame["system_a"] == frame["system_b"]
        if same.any():
            system = frame.loc[same, "system_a"].iloc[0]
            raise UserError(f"{name} compare {system!r} with itself; delete those rows")
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
        """How often the first of each pair won, the second won, and neither, [3, P]."""
        P = self.pairs.shape[1]
        return np.bincount(self.cell, weights, 3 * P).reshape(3, P)

    def in_order(self, order: np.ndarray) -> list[int]:
        """Codes of the pairs; those of the strongest system first."""
        place = np.argsort(order)[self.pairs]
        return np.lexsort((place.max(0), place.min(0))).tolist()


def _check_connected(systems: list[str], pairs: np.ndarray, name: str) -> None:
    links = sparse.coo_array((np.ones(pairs.shape[1]), tuple(pairs)), shape=(len(systems),) * 2)
    parts, part = csgraph.connected_components(links, directed=False)
    if parts > 1:
        other = systems[int(np.flatnonzero(part != part[0])[0])]
        raise UserError(
            f"{name} never compare {systems[0]!r} with {other!r}, not even by way of "
            "other systems; analyse the two groups apart"
        )
