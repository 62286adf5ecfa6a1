"""Planning: how small a difference a design can find, before anybody has listened."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scipy import stats

from intone.errors import UserError


@dataclass(frozen=True)
class Scatter:
    """Standard deviations that limit a comparison of two systems, points of a 0 to 100 scale.

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
        """The scatter that an earlier study found, from its `report.json`.

        Raises:
            UserError: not a report, or one without variance components.
        """
        report, _ = _earlier(path)
        parts = report["variance_components"]
        variances = [parts[key] for key in ("listener_system", "utterance_system", "residual")]
        return cls(*(variance**0.5 for variance in variances), label=report["label"])


def distance_of_report(path: Path) -> float:
    """Points from the baseline to the recordings in an earlier study, from its `report.json`.

    Raises:
        UserError: not a report, or one without a baseline and recordings.
    """
    _, gaps = _earlier(path)
    if not gaps:
        raise UserError(
            f"{path}: that study had no gap between a baseline and recordings; say how far apart "
            "they are with --distance"
        )
    _, baseline, recordings = gaps[0]["means"]
    return recordings - baseline


def _earlier(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A report with variance components, and its gaps."""
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
    """What a design can tell about the difference of two systems.

    Attributes:
        n_listeners: listeners.
        n_utterances: utterances in the study.
        pages_per_listener: utterances that each listener hears (rotated if fewer than all).
        se: standard error of the difference for new listeners and new utterances, points.
        detectable: true difference found with 80 % probability at 5 %, points.
        naive_se: what it would seem to be if all pages were independent, points.
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
    """Closed form: SE = sqrt(2 (s2_LS / listeners + s2_US / utterances + s2_e / pages)).

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
