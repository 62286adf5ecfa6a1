"""Compliance of ratings with the demands of ITU-R BS.1534-3.

Most of the standard is about rooms, equipment and people, which ratings do not show: "you must
report".
"""

from collections.abc import Iterator

import pandas as pd

from analysis.questions.bs1534 import Bs1534
from analysis.report.result import Result
from analysis.wording import counted, number
from intone.contracts import bs1534
from intone.contracts.bs1534 import DEPARTS, MET, REPORT, ComplianceRow, Status


def compliance(result: Result, standard: Bs1534) -> list[ComplianceRow]:
    """Return the demands that ratings, their report or its authors can show.

    Args:
        result: ratings with their screening and means.
        standard: the standard's own analysis of them.
    """
    return [
        *_conditions(result),
        *_trial(result),
        *_levels(),
        *_material(result),
        *_listeners(result),
        *_statistics(result, standard),
    ]


def _status(met: bool) -> Status:
    return MET if met else DEPARTS


def _conditions(result: Result) -> Iterator[ComplianceRow]:
    roles = result.everybody.roles
    yield bs1534.HIDDEN_REFERENCE.row(
        _status(roles.reference is not None), roles.reference or "none named"
    )
    anchors = {"low": roles.anchor_low, "mid": roles.anchor_mid}
    named = "; ".join(f"{kind}: {system or 'none named'}" for kind, system in anchors.items())
    yield bs1534.ANCHORS.row(
        _status(None not in anchors.values()), f"{named} (bandwidths are not in the ratings)"
    )


def _trial(result: Result) -> Iterator[ComplianceRow]:
    frame = result.ratings.frame
    signals = int(frame.groupby(["listener", "utterance"]).size().max())
    yield bs1534.SIGNALS.row(
        _status(signals <= bs1534.MOST_SIGNALS), f"{signals} on the largest page"
    )
    yield bs1534.ORDER.row(*_random(frame))
    low, high = result.ratings.scale
    yield bs1534.SCALE.row(_status((low, high) == (0.0, 100.0)), f"{low:g} to {high:g}")
    trained = any("training" in note for note in result.everybody.notes)
    yield bs1534.TRAINING.row(
        MET if trained else REPORT,
        "training pages were rated" if trained else "no training page in the ratings",
    )


def _random(frame: pd.DataFrame) -> tuple[Status, str]:
    """Return status and observation on changes of position between pages."""
    positions = pd.to_numeric(frame["stimulus_index"], errors="coerce")
    if positions.isna().all():
        return REPORT, "positions were not recorded"
    counts = positions.groupby(frame["system"]).nunique()
    moved = bool((counts > 1).all())
    return _status(moved), (
        "every system had several positions" if moved else "some system always had one position"
    )


def _levels() -> Iterator[ComplianceRow]:
    for demand in (bs1534.LOUDNESS, bs1534.REFERENCE_LEVEL, bs1534.TRANSDUCER):
        yield demand.row(REPORT, "not in the ratings; describe it in the methods")


def _material(result: Result) -> Iterator[ComplianceRow]:
    roles, excerpts = result.everybody.roles, len(result.ratings.utterances)
    added = {roles.reference, roles.anchor_low, roles.anchor_mid}
    systems = sum(system not in added for system in result.ratings.systems)
    yield bs1534.EXCERPTS.row(
        _status(bs1534.enough_excerpts(excerpts, systems)),
        f"{counted(excerpts, 'item')}, {counted(systems, 'system')}",
    )


def _listeners(result: Result) -> Iterator[ComplianceRow]:
    repeated, listeners = result.everybody.repeated, len(result.ratings.listeners)
    yield bs1534.REPLICATION.row(
        MET if repeated else REPORT,
        counted(repeated, "repeated rating") if repeated else "no repeated page in the ratings",
    )
    yield bs1534.PANEL.row(
        _status(listeners >= bs1534.ENOUGH_ASSESSORS), counted(listeners, "listener")
    )
    rule, excluded = result.screening.rule, len(result.screening.excluded)
    yield bs1534.POST_SCREENING.row(
        _status(rule.startswith("bs1534-3")),
        f"rule {rule}: {counted(excluded, 'listener')} left out",
    )


def _statistics(result: Result, standard: Bs1534) -> Iterator[ComplianceRow]:
    low, high = result.ratings.scale
    bottom, top = result.ratings.frame["score"].quantile([0.05, 0.95])
    reach = high - low
    yield bs1534.SPAN.row(
        _status(bottom <= low + 0.2 * reach and top >= low + 0.8 * reach),
        f"nine tenths lie between {number(bottom)} and {number(top)}",
    )
    roles, mean = result.everybody.roles, {s.system: s.mean for s in result.systems}
    low_anchor, mid_anchor = roles.anchor_low, roles.anchor_mid
    if low_anchor in mean and mid_anchor in mean:
        apart = mean[mid_anchor] - mean[low_anchor]
        yield bs1534.ANCHOR_DISTANCE.row(
            _status(100 * apart / reach >= bs1534.ANCHORS_APART), f"{number(apart)} points"
        )
    yield bs1534.MEDIANS.row(MET, "in this report")
    yield bs1534.RESAMPLING.row(MET, "in this report")
    yield bs1534.VARIANCE.row(
        MET if standard.effects else REPORT,
        "condition × material in this report"
        if standard.effects
        else "needs two listeners who rated every system on every utterance",
    )
    yield bs1534.HOCHBERG.row(MET, "in this report")
    everybody = counted(len(result.everybody.listeners), "listener")
    yield bs1534.TEST_REPORT.row(
        REPORT,
        f"plots, intervals, screening and numbers ({everybody} before screening) are in this "
        "report; describe the rest in the methods",
    )
