"""Preference tests: which of two versions listeners chose, or that they had none.

One scale for all systems by Bradley and Terry's model with ties (Davidson 1970), with intervals
from a bootstrap of listeners and utterances; and every pair by itself with the two-way model.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import optimize, sparse, stats
from scipy.sparse import csgraph

from analysis.adjust import adjust
from analysis.crossed import TwoWayFit, fit_two_way
from analysis.resample import bootstrap_p, bootstrap_weights, percentile_interval
from analysis.words import counted, p_equals, percent
from intone.errors import UserError

COLUMNS = ("listener", "utterance", "system_a", "system_b", "choice")
CHOICES = ("a", "b", "none")
# Keeps the ability of a system that always (or never) wins finite, and moves no other.
_RIDGE = 1e-6


@dataclass(frozen=True)
class Ability:
    """One system on the scale of the model.

    Attributes:
        system: name.
        log_strength: natural logarithm of its strength; all systems together have mean 0.
        se: standard deviation over bootstrap samples.
        ci: 95 % percentile interval.
        elo: log strength in Elo's units (400 points are odds of 10 to 1), mean 0.
    """

    system: str
    log_strength: float
    se: float
    ci: tuple[float, float]
    elo: float


@dataclass(frozen=True)
class PairPreference:
    """Choices between two systems.

    Attributes:
        x, y: names of the systems.
        n_x, n_none, n_y: how often each was chosen.
        fit: two-way model of the choice (1 for x, 0 for none, -1 for y): its estimate is the share
            of x minus the share of y, for new listeners and new utterances.
        p_adjusted: its p value after Holm over all pairs.
        model_win: chance that x is chosen over y among those who choose, by the model.
        model_ci: its 95 % bootstrap interval.
        model_p: bootstrap p value of equal strength.
        naive_p: sign test of the choices as if they were independent; a warning, never a result.
    """

    x: str
    y: str
    n_x: int
    n_none: int
    n_y: int
    fit: TwoWayFit
    p_adjusted: float
    model_win: float
    model_ci: tuple[float, float]
    model_p: float
    naive_p: float

    @property
    def text(self) -> str:
        """One English sentence."""
        n = self.n_x + self.n_none + self.n_y
        shares = (percent(count / n) for count in (self.n_x, self.n_none, self.n_y))
        x, none, y = shares
        test = (
            f"{p_equals(self.p_adjusted)} after Holm" if self.fit.defined
            else f"no test is possible: {self.fit.why_undefined}"
        )  # fmt: skip
        return (
            f"{self.x} was preferred in {x} %, {self.y} in {y} %, neither in {none} % of "
            f"{counted(n, 'choice')}; {test}."
        )


@dataclass(frozen=True)
class Preferences:
    """Results of a preference test.

    Attributes:
        abilities: best first.
        tie: Davidson's nu; 0 if nobody ever chose neither.
        pairs: every pair that was compared.
        n_listeners, n_utterances: size of the sample.
    """

    abilities: tuple[Ability, ...]
    tie: float
    pairs: tuple[PairPreference, ...]
    n_listeners: int
    n_utterances: int


def preference(frame: pd.DataFrame, draws: int = 1000, seed: int = 0) -> Preferences:
    """Analyse choices.

    Args:
        frame: one choice a row; columns listener, utterance, system_a, system_b, choice (a, b or
            none). Others are ignored.
        draws: bootstrap samples of listeners and utterances.
        seed: of the bootstrap.

    Raises:
        UserError: a column is missing, a choice unknown, or systems were never compared, not even
            by way of others.
    """
    data = _Choices.read(frame)
    theta, log_tie = _fit(data.counts(np.ones(len(data.x))))
    by_page = bootstrap_weights(data.listener, data.utterance, draws, seed)
    samples = np.stack([_fit(data.counts(w), (theta, log_tie))[0] for w in by_page])
    order = np.argsort(-theta, kind="stable")
    abilities = [
        Ability(
            data.systems[i], float(theta[i]), float(samples[:, i].std(ddof=1)),
            percentile_interval(samples[:, i]), float(400 / np.log(10) * theta[i]),
        )
        for i in order
    ]  # fmt: skip
    pairs = [_pair(data, i, j, theta, samples) for i, j in data.compared(order)]
    adjusted = adjust([pair.fit.p for pair in pairs])
    return Preferences(
        tuple(abilities), float(np.exp(log_tie)) if data.has_ties else 0.0,
        tuple(replace(pair, p_adjusted=p) for pair, p in zip(pairs, adjusted, strict=True)),
        int(data.listener.max()) + 1, int(data.utterance.max()) + 1,
    )  # fmt: skip


@dataclass(frozen=True)
class _Choices:
    """Codes of every choice; `result` is 1 for x, 0 for none, -1 for y."""

    systems: tuple[str, ...]
    listener: np.ndarray
    utterance: np.ndarray
    x: np.ndarray
    y: np.ndarray
    result: np.ndarray

    @classmethod
    def read(cls, frame: pd.DataFrame) -> "_Choices":
        missing = [column for column in COLUMNS if column not in frame.columns]
        if missing:
            raise UserError(
                f"preferences lack column {', '.join(missing)}; they need {', '.join(COLUMNS)}"
            )
        if frame.empty:
            raise UserError("preferences hold no choices")
        unknown = set(frame["choice"].unique()) - set(CHOICES)
        if unknown:
            raise UserError(f"preferences hold choice {min(map(str, unknown))!r}; use a, b or none")
        same = frame["system_a"] == frame["system_b"]
        if same.any():
            name = frame.loc[same, "system_a"].iloc[0]
            raise UserError(f"preferences compare {name!r} with itself; delete those rows")
        systems = sorted({*frame["system_a"], *frame["system_b"]})
        code = {name: i for i, name in enumerate(systems)}
        x, y = (frame[c].map(code).to_numpy(int) for c in ("system_a", "system_b"))
        links = sparse.coo_array((np.ones(len(x)), (x, y)), shape=(len(systems),) * 2)
        parts, part = csgraph.connected_components(links, directed=False)
        if parts > 1:
            other = systems[int(np.flatnonzero(part != part[0])[0])]
            raise UserError(
                f"preferences never compare {systems[0]!r} with {other!r}, not even by way of "
                "other systems; analyse the two groups apart"
            )
        listener, utterance = (
            np.unique(frame[c].astype(str), return_inverse=True)[1]
            for c in ("listener", "utterance")
        )
        result = frame["choice"].map({"a": 1, "b": -1, "none": 0}).to_numpy(int)
        return cls(tuple(systems), listener, utterance, x, y, result)

    @property
    def has_ties(self) -> bool:
        return bool((self.result == 0).any())

    def counts(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Wins [S, S] of row over column, and ties [S, S] once per pair (row below column)."""
        S = len(self.systems)
        wins, ties = np.zeros((S, S)), np.zeros((S, S))
        first, second = self.result == 1, self.result == -1
        np.add.at(wins, (self.x[first], self.y[first]), weights[first])
        np.add.at(wins, (self.y[second], self.x[second]), weights[second])
        none = self.result == 0
        low, high = np.minimum(self.x, self.y)[none], np.maximum(self.x, self.y)[none]
        np.add.at(ties, (low, high), weights[none])
        return wins, ties

    def compared(self, order: np.ndarray) -> list[tuple[int, int]]:
        """Pairs that were compared, the stronger first."""
        met = {*zip(self.x.tolist(), self.y.tolist(), strict=True)}
        place = [(int(i), int(j)) for k, i in enumerate(order) for j in order[k + 1 :]]
        return [(i, j) for i, j in place if (i, j) in met or (j, i) in met]


def _fit(
    counts: tuple[np.ndarray, np.ndarray], start: tuple[np.ndarray, float] | None = None
) -> tuple[np.ndarray, float]:
    """Maximum likelihood: log strengths of mean 0, and the logarithm of nu (Davidson 1970, (2.3)).

    P(i over j) = p_i / (p_i + p_j + nu sqrt(p_i p_j)), P(tie) = nu sqrt(p_i p_j) / the same.
    """
    wins, ties = counts
    S = len(wins)
    i, j = np.nonzero(np.triu(wins + wins.T + ties + ties.T, 1))
    n = np.stack([wins[i, j], wins[j, i], ties[i, j]])
    total = n.sum(0)
    with_ties = n[2].sum() > 0

    def negative(x: np.ndarray) -> tuple[float, np.ndarray]:
        a, b = x[i], x[j]
        tie = (a + b) / 2 + x[S] if with_ties else np.full(len(i), -np.inf)
        logits = np.stack([a, b, tie])
        top = logits.max(0)
        share = np.exp(logits - top)
        normal = share.sum(0)
        share /= normal
        seen = np.where(n > 0, n * np.where(n > 0, logits, 0.0), 0.0).sum()
        value = (total * (top + np.log(normal))).sum() - seen
        rest = total * share - n
        gradient = np.bincount(i, rest[0] + rest[2] / 2, S + 1)
        gradient = gradient + np.bincount(j, rest[1] + rest[2] / 2, S + 1)
        gradient[S] = rest[2].sum()
        return value + _RIDGE * (x @ x) / 2, gradient + _RIDGE * x

    x0 = np.zeros(S + 1) if start is None else np.append(*start)
    found = optimize.minimize(negative, x0, jac=True, method="BFGS", options={"gtol": 1e-8})
    return found.x[:S] - found.x[:S].mean(), float(found.x[S])


def _pair(data: _Choices, i: int, j: int, theta: np.ndarray, samples: np.ndarray) -> PairPreference:
    forward, backward = (data.x == i) & (data.y == j), (data.x == j) & (data.y == i)
    here = forward | backward
    value = np.where(backward, -data.result, data.result)[here].astype(float)
    listener, utterance = (
        np.unique(code[here], return_inverse=True)[1] for code in (data.listener, data.utterance)
    )
    n_x, n_none, n_y = (int((value == v).sum()) for v in (1, 0, -1))
    naive = float(stats.binomtest(n_x, n_x + n_y).pvalue) if n_x + n_y else float("nan")
    difference = samples[:, i] - samples[:, j]
    win = 1 / (1 + np.exp(-difference))
    fit = fit_two_way(listener, utterance, value)
    return PairPreference(
        data.systems[i], data.systems[j], n_x, n_none, n_y, fit, fit.p,
        float(1 / (1 + np.exp(theta[j] - theta[i]))), percentile_interval(win),
        bootstrap_p(difference), naive,
    )  # fmt: skip
