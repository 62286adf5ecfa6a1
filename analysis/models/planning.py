"""How many listeners and sentences a study needs to see a difference of a given size."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.models.crossed import fit_two_way
from analysis.models.power import Scatter, precision
from intone.errors import UserError

# Nobody recruits more, and the search must end.
_MOST_LISTENERS = 100_000


@dataclass(frozen=True)
class PlannedPower:
    """Chance of finding a true difference with one design.

    Attributes:
        n_listeners, n_utterances, pages_per_listener: the design; texts rotate over listeners if
            each hears fewer than all.
        difference: true difference of two systems, points.
        power: chance that the default test finds it at the level `alpha`.
        alpha: level of each comparison (Bonferroni over the comparisons).
    """

    n_listeners: int
    n_utterances: int
    pages_per_listener: int
    difference: float
    power: float
    alpha: float


def planned_power(
    difference: float,
    n_listeners: int,
    n_utterances: int,
    pages_per_listener: int | None = None,
    scatter: Scatter | None = None,
    alpha: float = 0.05,
    comparisons: int = 1,
) -> PlannedPower:
    """Power of the two-way model: noncentral t with its expected degrees of freedom.

    Args:
        difference: true difference in points; a gap of 20 % where recordings lie 30 points above
            the baseline is 6.
        n_listeners, n_utterances: at least 2.
        pages_per_listener: by default every listener hears every utterance.
        scatter: by default that of published data sets.
        alpha: two-sided level of the family.
        comparisons: size of the family.

    Raises:
        UserError: a design that does not exist, or no comparison.
    """
    if comparisons < 1:
        raise UserError("a study plans at least 1 comparison")
    if not np.isfinite(difference):
        raise UserError(f"a difference to be found is a number of points, not {difference:g}")
    level = alpha / comparisons
    design = precision(n_listeners, n_utterances, pages_per_listener, scatter, level)
    pages = design.pages_per_listener
    df = _degrees_of_freedom(n_listeners, n_utterances, pages, scatter or Scatter())
    cut = float(stats.t.ppf(1 - level / 2, df))
    shift = abs(difference) / design.se
    power = float(stats.nct.sf(cut, df, shift) + stats.nct.cdf(-cut, df, shift))
    return PlannedPower(n_listeners, n_utterances, pages, difference, power, level)


def _degrees_of_freedom(n_l: int, n_u: int, pages: int, s: Scatter) -> float:
    """Satterthwaite's, of the expected mean squares of the differences."""
    noise = 2 * s.noise**2
    ms_l = noise + pages * 2 * s.listener**2
    ms_u = noise + n_l * pages / n_u * 2 * s.utterance**2
    rest = n_l * pages - n_l - n_u + 1
    g = ms_l + ms_u - noise
    parts = ms_l**2 / (n_l - 1) + ms_u**2 / (n_u - 1) + noise**2 / max(rest, 1)
    return max(1.0, g**2 / parts)


def power_curve(
    difference: float,
    listeners: Sequence[int],
    n_utterances: int,
    pages_per_listener: int | None = None,
    scatter: Scatter | None = None,
    alpha: float = 0.05,
    comparisons: int = 1,
) -> list[PlannedPower]:
    """`planned_power` for each number of listeners.

    Raises:
        UserError: as `planned_power`.
    """
    return [
        planned_power(difference, n, n_utterances, pages_per_listener, scatter, alpha, comparisons)
        for n in listeners
    ]


def listeners_needed(
    difference: float,
    n_utterances: int,
    pages_per_listener: int | None = None,
    scatter: Scatter | None = None,
    power: float = 0.80,
    alpha: float = 0.05,
    comparisons: int = 1,
) -> PlannedPower | None:
    """The smallest number of listeners with which a difference is found with this chance.

    Returns:
        None if no number of listeners will do: then the few texts are the limit.

    Raises:
        UserError: as `planned_power`, or a difference of 0.
    """
    if not difference:
        raise UserError("a difference of 0 points cannot be found; name one that matters")

    def at(n: int) -> PlannedPower:
        return planned_power(
            difference, n, n_utterances, pages_per_listener, scatter, alpha, comparisons
        )

    low, high = 1, 2
    while at(high).power < power:
        low, high = high, 2 * high
        if high > _MOST_LISTENERS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if at(middle).power >= power else (middle, high)
    return at(high)


def rotation(
    n_listeners: int, n_utterances: int, pages_per_listener: int
) -> tuple[np.ndarray, np.ndarray]:
    """Listener and utterance of each page if texts are dealt out in turn, int [P] each."""
    listener = np.repeat(np.arange(n_listeners), pages_per_listener)
    return listener, np.arange(len(listener)) % n_utterances


def simulated_power(
    design: PlannedPower,
    scatter: Scatter | None = None,
    studies: int = 200,
    seed: int = 0,
) -> float:
    """Share of simulated studies of this design in which the default test finds the difference."""
    s, rng = scatter or Scatter(), np.random.default_rng(seed)
    listener, utterance = rotation(
        design.n_listeners, design.n_utterances, design.pages_per_listener
    )
    utterance = np.unique(utterance, return_inverse=True)[1]
    found = 0
    for _ in range(studies):
        D = design.difference + 2**0.5 * (
            s.listener * rng.standard_normal(design.n_listeners)[listener]
            + s.utterance * rng.standard_normal(design.n_utterances)[utterance]
            + s.noise * rng.standard_normal(len(listener))
        )
        found += fit_two_way(listener, utterance, D).p < design.alpha
    return found / studies
