"""Compliance of ratings with the demands of ITU-R BS.1534-3.

Clauses are those of annex 1 and its attachments in the edition of October 2015. Most of the
standard is about rooms, equipment and people, of which ratings show nothing: "not shown".
"""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from analysis.report.result import Result
from analysis.wording import counted, number

Status = Literal["met", "not met", "not shown"]

# Section 5.1: nine systems, hidden reference and two anchors.
_MOST_SIGNALS = 12
_FEWEST_ITEMS = 5
_ENOUGH_LISTENERS = 20
# Attachment 5: how far apart good anchors lie, points.
_ANCHORS_APART = 20


@dataclass(frozen=True)
class Requirement:
    """One demand of the standard.

    Attributes:
        clause: its clause.
        demand: what is asked for.
        status: met, not met, or not shown (the ratings do not say; the authors must).
        found: what the ratings show.
    """

    clause: str
    demand: str
    status: Status
    found: str


def compliance(result: Result) -> list[Requirement]:
    """Return all demands on a report, in the standard's order."""
    return [
        *_conditions(result),
        *_listeners(result),
        *_trial(result),
        *_analysis(result),
        Requirement(
            "8",
            "Listening conditions, headphones or loudspeakers, level",
            "not shown",
            "say it in the methods",
        ),
    ]


def _status(fine: bool) -> Status:
    return "met" if fine else "not met"


def _conditions(result: Result) -> list[Requirement]:
    roles = result.everybody.roles
    requirements = []
    for clause, what, system in (
        ("3, 5.1", "Hidden reference among the signals", roles.reference),
        ("5.1", "Low anchor (3.5 kHz low-pass)", roles.anchor_low),
        ("5.1", "Mid anchor (7 kHz low-pass)", roles.anchor_mid),
    ):
        text = f"{system}; its bandwidth is not in the ratings" if "kHz" in what else f"{system}"
        requirements.append(
            Requirement(clause, what, _status(system is not None), text if system else "none named")
        )
    mean = {s.system: s.mean for s in result.systems}
    low, mid = roles.anchor_low, roles.anchor_mid
    if low is not None and mid is not None and {low, mid} <= mean.keys():
        apart = mean[mid] - mean[low]
        share = 100 * apart / (result.ratings.scale[1] - result.ratings.scale[0])
        requirements.append(
            Requirement(
                "Att. 5",
                "Anchors 20 to 30 points apart",
                _status(share >= _ANCHORS_APART),
                f"{number(apart)} points",
            )
        )
    return requirements


def _listeners(result: Result) -> list[Requirement]:
    n, rule = len(result.ratings.listeners), result.screening.rule
    out = len(result.screening.excluded)
    again = bool(result.everybody.repeated)
    return [
        Requirement(
            "4.1.1",
            "Reliability of assessors known (replicated ratings)",
            "met" if again else "not shown",
            f"{counted(result.everybody.repeated, 'repeated rating')}"
            if again
            else "no repeated page in the ratings",
        ),
        Requirement(
            "4.1.2",
            "Post-screening by reference and mid anchor",
            _status(rule.startswith("bs1534-3")),
            f"rule {rule}: {counted(out, 'listener')} left out",
        ),
        Requirement(
            "4.2",
            "Enough assessors (20 often suffice)",
            _status(n >= _ENOUGH_LISTENERS),
            counted(n, "listener"),
        ),
    ]


def _trial(result: Result) -> list[Requirement]:
    frame, n_u = result.ratings.frame, len(result.ratings.utterances)
    signals = int(frame.groupby(["listener", "utterance"]).size().max())
    low, high = result.ratings.scale
    trained = any("training" in note for note in result.everybody.notes)
    wanted = max(_FEWEST_ITEMS, round(1.5 * len(result.ratings.test_systems)))
    bottom, top = frame["score"].quantile([0.05, 0.95])
    reach = high - low
    spans = bottom <= low + 0.2 * reach and top >= low + 0.8 * reach
    return [
        Requirement(
            "5.1",
            f"At most {_MOST_SIGNALS} signals in a trial",
            _status(signals <= _MOST_SIGNALS),
            f"{signals} on the largest page",
        ),
        Requirement(
            "5.2",
            "Training before the test, not counted",
            "met" if trained else "not shown",
            "training pages were rated" if trained else "no training page in the ratings",
        ),
        Requirement("5.3", "Random order of signals", *_random(frame)),
        Requirement(
            "5.4",
            "Continuous scale from 0 to 100",
            _status((low, high) == (0.0, 100.0)),
            f"{low:g} to {high:g}",
        ),
        Requirement(
            "7",
            f"At least {wanted} items (1.5 per system, 5 or more)",
            _status(n_u >= wanted),
            counted(n_u, "item"),
        ),
        Requirement(
            "9",
            "Scores span 20 to 80",
            _status(spans),
            f"nine tenths lie between {number(bottom)} and {number(top)}",
        ),
    ]


def _random(frame: pd.DataFrame) -> tuple[Status, str]:
    """Return the row on systems changing positions between pages."""
    positions = pd.to_numeric(frame["stimulus_index"], errors="coerce")
    if positions.isna().all():
        return "not shown", "positions were not recorded"
    counts = positions.groupby(frame["system"]).nunique()
    moved = bool((counts > 1).all())
    return _status(moved), (
        "every system had several positions" if moved else "some system always had one position"
    )


def _analysis(result: Result) -> list[Requirement]:
    anova, where = "condition × material in this report", "in this report"
    return [
        Requirement("9", "Median and interquartile range", "met", where),
        Requirement("9, Att. 3", "Resampling test of medians", "met", where),
        Requirement("Att. 4", "Analysis of variance, Huynh-Feldt rule, effect size", "met", anova),
        Requirement("Att. 4", "Hochberg's correction of planned contrasts", "met", where),
        Requirement(
            "10",
            "Number of assessors, screening, means with 95 % intervals, box plots",
            "met",
            f"{counted(len(result.everybody.listeners), 'listener')} before screening",
        ),
    ]
