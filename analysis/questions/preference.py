"""Preference tests: choices between two versions, or neither.

One scale for all systems by Bradley and Terry's model with ties (Davidson 1970), with intervals
from a bootstrap of listeners and utterances; and every pair by itself with the two-way model.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from analysis.models.adjust import adjust
from analysis.models.bootstrap import bootstrap_p, bootstrap_weights, percentile_interval
from analysis.models.bradley_terry import Counted, determined, fit_davidson
from analysis.models.crossed import TwoWayFit, fit_two_way
from analysis.wording import ci_text, counted, number, p_equals, percent

ELO = float(400 / np.log(10))
_NAN = float("nan")


@dataclass(frozen=True)
class Ability:
    """Strength of one system; NaN if all choices were for neither.

    Attributes:
        system: name.
        log_strength: natural logarithm of its strength; all systems together have mean 0.
        se: standard deviation over bootstrap samples in which all strengths are finite.
        ci: 1 - alpha percentile interval; NaN where samples do not differ.
        elo: log strength in Elo's units (400 points are odds of 10 to 1), mean 0.
        alpha: two-sided level of the interval.
    """

    system: str
    log_strength: float
    se: float
    ci: tuple[float, float]
    elo: float
    alpha: float = 0.05

    @property
    def text(self) -> str:
        """One English sentence."""
        return (
            f"{self.system}: log strength {number(self.log_strength, 2, sign=True)} "
            f"({ci_text(self.ci, self.alpha, 2)}), "
            f"Elo {number(self.elo, 0, sign=True)}."
        )


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
        model_ci: its 1 - alpha bootstrap interval.
        model_p: bootstrap p value of equal strength.
        naive_p: sign test of the choices as if they were independent; a warning, never a result.
        listeners_x, listeners_y: listeners who chose x (y) more often than the other.
        listener_p: sign test of these listeners: holds for new listeners, these utterances.
        family: number of pairs that Holm's correction counts.
        alpha: two-sided level of the family; intervals are 1 - alpha.
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
    listeners_x: int
    listeners_y: int
    listener_p: float
    family: int = 1
    alpha: float = 0.05

    @property
    def n(self) -> int:
        """Number of choices."""
        return self.n_x + self.n_none + self.n_y

    @property
    def ci(self) -> tuple[float, float]:
        """Interval of the difference of shares, cut at -1 and 1."""
        low, high = self.fit.ci(self.alpha)
        return max(low, -1.0), min(high, 1.0)

    @property
    def significant(self) -> bool:
        """True if the shares differ at level alpha after Holm."""
        return bool(self.p_adjusted < self.alpha)

    @property
    def why_undefined(self) -> str:
        """Reason why no test is possible; empty if one is."""
        if self.fit.defined:
            return ""
        return "it needs at least 3 choices" if self.fit.n_pages < 3 else "all choices are the same"

    @property
    def test_text(self) -> str:
        """Difference, interval and p values; or why there are none."""
        if not self.fit.defined:
            return f"no test is possible: {self.why_undefined}"
        verdict = "significant" if self.significant else "not significant"
        holm = f", Holm over {self.family} pairs {p_equals(self.p_adjusted)}"
        low, high = self.ci
        ends = ci_text((100 * low, 100 * high), self.alpha)
        return (
            f"the difference of {number(100 * self.fit.estimate, sign=True)} percentage points "
            f"({ends}) is {verdict}, {p_equals(self.fit.p)}"
            f"{holm if self.family > 1 else ''}"
        )

    @property
    def text(self) -> str:
        """One English sentence."""
        x, none, y = (percent(count / self.n) for count in (self.n_x, self.n_none, self.n_y))
        return (
            f"{self.x} was preferred in {x} %, {self.y} in {y} %, neither in {none} % of "
            f"{counted(self.n, 'choice')}; {self.test_text}; "
            f"{counted(self.fit.n_listeners, 'listener')} × "
            f"{counted(self.fit.n_utterances, 'utterance')}."
        )


@dataclass(frozen=True)
class Preferences:
    """Results of a preference test.

    Attributes:
        abilities: best first.
        tie: Davidson's nu; 0 if no choice was for neither, infinite if all were.
        pairs: every pair that was compared.
        n_listeners, n_utterances: size of the sample.
        determined: True if the choices bound all strengths; not so if some systems won (or lost)
            against all others always.
        unbounded: share of the bootstrap samples in which they do not.
        draws: bootstrap samples.
    """

    abilities: tuple[Ability, ...]
    tie: float
    pairs: tuple[PairPreference, ...]
    n_listeners: int
    n_utterances: int
    determined: bool = True
    unbounded: float = 0.0
    draws: int = 0


def preference(
    frame: pd.DataFrame,
    draws: int = 1000,
    seed: int = 0,
    name: str = "preferences",
    alpha: float = 0.05,
) -> Preferences:
    """Analyse choices.

    Args:
        frame: one choice a row; columns listener, utterance, system_a, system_b, choice (a, b or
            none). Others are ignored.
        draws: bootstrap samples of listeners and utterances.
        seed: of the bootstrap.
        name: name of the table in messages.
        alpha: two-sided level; intervals are 1 - alpha.

    Raises:
        UserError: a column is missing, a choice unknown, or systems were never compared, not even
            through other systems.
    """
    data = Counted.read(frame, name)
    S = len(data.systems)
    weights = bootstrap_weights(data.listener, data.utterance, draws, seed)
    counts = np.stack([data.counts(w) for w in (np.ones(len(data.cell)), *weights)])
    fits = fit_davidson(counts, data.pairs, S)
    bounded = determined(counts, data.pairs, S)
    if not counts[0, :2].any():
        fits[:, :S], fits[0, S] = _NAN, np.inf
    theta, samples = fits[0, :S], fits[1:, :S]
    order = np.argsort(-theta, kind="stable")
    abilities = tuple(
        _ability(data.systems[i], float(theta[i]), samples[bounded[1:], i], samples[:, i], alpha)
        for i in order
    )
    pairs = [_pair(data, k, theta, samples, alpha) for k in data.in_order(order)]
    if not bounded[0]:
        # Samples of a strength that nothing bounds are no test.
        pairs = [replace(pair, model_p=_NAN) for pair in pairs]
    adjusted = adjust([pair.fit.p for pair in pairs])
    family = sum(pair.fit.defined for pair in pairs)
    return Preferences(
        abilities,
        float(np.exp(fits[0, S])),
        tuple(
            replace(pair, p_adjusted=p, family=family)
            for pair, p in zip(pairs, adjusted, strict=True)
        ),
        int(data.listener.max()) + 1,
        int(data.utterance.max()) + 1,
        bool(bounded[0]),
        float(1 - bounded[1:].mean()),
        draws,
    )


def _ability(
    system: str, theta: float, finite: np.ndarray, samples: np.ndarray, alpha: float
) -> Ability:
    se = float(finite.std(ddof=1)) if len(finite) > 1 else _NAN
    return Ability(system, theta, se, _spread(samples, alpha), ELO * theta, alpha)


def _spread(samples: np.ndarray, alpha: float) -> tuple[float, float]:
    """Return the percentile interval; NaN if the samples do not differ."""
    return percentile_interval(samples, alpha) if np.ptp(samples) > 1e-9 else (_NAN, _NAN)


def _pair(
    data: Counted, k: int, theta: np.ndarray, samples: np.ndarray, alpha: float
) -> PairPreference:
    of_pair = data.pair == k
    i, j = data.pairs[:, k]
    value = data.value[of_pair].astype(float)
    # The stronger first; by name if both are equal.
    if theta[j] > theta[i]:
        i, j, value = j, i, -value
    n_x, n_none, n_y = (int((value == v).sum()) for v in (1, 0, -1))
    fit = fit_choices(data.listener[of_pair], data.utterance[of_pair], value)
    side = np.sign(np.bincount(data.listener[of_pair], value))
    listeners_x, listeners_y = int((side > 0).sum()), int((side < 0).sum())
    difference = samples[:, i] - samples[:, j]
    tested = bool(np.ptp(difference) > 1e-9)
    return PairPreference(
        data.systems[i],
        data.systems[j],
        n_x,
        n_none,
        n_y,
        fit,
        fit.p,
        float(1 / (1 + np.exp(theta[j] - theta[i]))),
        _spread(1 / (1 + np.exp(-difference)), alpha),
        bootstrap_p(difference) if tested else _NAN,
        _sign_test(n_x, n_y),
        listeners_x,
        listeners_y,
        _sign_test(listeners_x, listeners_y),
        alpha=alpha,
    )


def fit_choices(
    listener: np.ndarray | pd.Series, utterance: np.ndarray | pd.Series, value: np.ndarray
) -> TwoWayFit:
    """Fit the two-way model to one value per choice.

    Args:
        listener: name or code of each choice [n].
        utterance: name or code of each choice [n].
        value: [n]; of a text that a listener judged several times, their mean counts: two choices
            of one listener on one text are no two samples of either.
    """
    listeners, utterances = (np.unique(c, return_inverse=True)[1] for c in (listener, utterance))
    n_u = int(utterances.max()) + 1
    page, inverse = np.unique(listeners * n_u + utterances, return_inverse=True)
    mean = np.bincount(inverse, value) / np.bincount(inverse)
    return fit_two_way(page // n_u, page % n_u, mean)


def _sign_test(first: int, second: int) -> float:
    return float(stats.binomtest(first, first + second).pvalue) if first + second else _NAN
