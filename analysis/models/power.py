"""Planning of a study: detectable difference, power and number of listeners."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from intone.errors import UserError

# No study recruits more listeners, and the search must end.
_MOST_LISTENERS = 100_000


@dataclass(frozen=True)
class Scatter:
    """Standard deviations that limit a comparison, on a 0-100 scale.

    The defaults are typical of published MUSHRA data sets.

    Attributes:
        listener: listener x system.
        utterance: utterance x system.
        noise: everything else within a page.
        label: what a reader must know about where these came from (simulated listeners).
    """

    listener: float = 6.0
    utterance: float = 6.0
    noise: float = 13.0
    label: str | None = None

    @classmethod
    def of_report(cls, path: Path) -> "Scatter":
        """Read the scatter of an earlier study from its `report.json`.

        Raises:
            UserError: not a report, or one without variance components.
        """
        report, _ = _earlier(path)
        parts = report["variance_components"]
        variances = [parts[key] for key in ("listener_system", "utterance_system", "residual")]
        return cls(*(variance**0.5 for variance in variances), label=report["label"])


def distance_of_report(path: Path) -> float:
    """Read the distance from baseline to recordings, points, from a `report.json`.

    Raises:
        UserError: not a report, or one without a baseline and recordings.
    """
    _, gaps = _earlier(path)
    if not gaps:
        raise UserError(
            f"{path}: no gap between a baseline and recordings; give their distance with --distance"
        )
    _, baseline, recordings = gaps[0]["means"]
    return recordings - baseline


def _earlier(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a report with variance components, and its gaps."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        parts = report["variance_components"]
        if all(key in parts for key in ("listener_system", "utterance_system", "residual")):
            return {"label": None, **report}, report.get("gaps", [])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    raise UserError(
        f"{path}: not a report.json with variance components; give one that `intone report` wrote"
    )


@dataclass(frozen=True)
class Precision:
    """Precision of the difference of two systems in one design.

    Attributes:
        n_listeners: listeners.
        n_utterances: utterances in the study.
        pages_per_listener: utterances that each listener hears (rotated if fewer than all).
        se: standard error of the difference for new listeners and new utterances, points.
        detectable: true difference found with 80 % probability at 5 %, points.
        naive_se: standard error if all pages were independent, points.
    """

    n_listeners: int
    n_utterances: int
    pages_per_listener: int
    se: float
    detectable: float
    naive_se: float


def precision(
    n_listeners: int,
    n_utterances: int,
    pages_per_listener: int | None = None,
    scatter: Scatter | None = None,
    alpha: float = 0.05,
    power: float = 0.80,
) -> Precision:
    """Return the precision of a design in closed form.

    SE = sqrt(2 (s2_LS / listeners + s2_US / utterances + s2_e / pages)).

    Args:
        n_listeners: at least 2.
        n_utterances: at least 2.
        pages_per_listener: by default every listener hears every utterance.
        scatter: by default that of published data sets.
        alpha: two-sided level of the test (divide by the number of comparisons for Bonferroni).
        power: wanted probability of finding the difference.

    Raises:
        UserError: a design that does not exist.
    """
    pages = n_utterances if pages_per_listener is None else pages_per_listener
    if min(n_listeners, n_utterances) < 2:
        raise UserError("a design needs at least 2 listeners and 2 utterances")
    if not 1 <= pages <= n_utterances:
        raise UserError(
            f"{pages} pages per listener do not fit {n_utterances} utterances; give 1 to "
            f"{n_utterances}"
        )
    if not (0 < alpha < 1 and 0 < power < 1):
        raise UserError("alpha and power lie between 0 and 1")
    s = scatter or Scatter()
    total = n_listeners * pages
    by_listener, by_utterance = s.listener**2 / n_listeners, s.utterance**2 / n_utterances
    se = (2 * (by_listener + by_utterance + s.noise**2 / total)) ** 0.5
    naive = (2 * (s.listener**2 + s.utterance**2 + s.noise**2) / total) ** 0.5
    factor = float(stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power))
    return Precision(n_listeners, n_utterances, pages, se, factor * se, naive)


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
    """Return the power of the two-way model.

    It follows from the noncentral t with the expected degrees of freedom.

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
    """Return Satterthwaite's df of the expected mean squares of the differences."""
    noise = 2 * s.noise**2
    ms_l = noise + pages * 2 * s.listener**2
    ms_u = noise + n_l * pages / n_u * 2 * s.utterance**2
    rest = n_l * pages - n_l - n_u + 1
    g = ms_l + ms_u - noise
    parts = ms_l**2 / (n_l - 1) + ms_u**2 / (n_u - 1) + noise**2 / max(rest, 1)
    return max(1.0, g**2 / parts)


def listeners_needed(
    difference: float,
    n_utterances: int,
    pages_per_listener: int | None = None,
    scatter: Scatter | None = None,
    power: float = 0.80,
    alpha: float = 0.05,
    comparisons: int = 1,
) -> PlannedPower | None:
    """Return the smallest design in listeners that reaches the wanted power.

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
