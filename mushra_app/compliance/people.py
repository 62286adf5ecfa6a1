"""Compliance rows about material, listeners and the later analysis."""

from collections.abc import Iterator

from intone.contracts import bs1534
from intone.contracts.bs1534 import DEPARTS, MET, REPORT, ComplianceRow
from mushra_app.compliance.rated_steps import named, trials
from mushra_app.study.file import Study, conditions
from mushra_app.study.steps import HeadphonesStep


def material_rows(study: Study) -> Iterator[ComplianceRow]:
    """Yield rows on number and choice of sentences."""
    heard = {
        system: {
            t
            for _, s in trials(study)
            if system in conditions(study, s.systems)
            for t in s.sentences or study.sentences
        }
        for system in study.systems
    }
    counts = {system: len(sentences) for system, sentences in heard.items()}
    equal = len(set(counts.values())) == 1
    yield bs1534.EQUAL_EXCERPTS.row(
        MET if equal else DEPARTS,
        f"{counts[study.systems[0]]} each"
        if equal
        else ", ".join(f"{system}: {count}" for system, count in counts.items()),
    )
    fewest = min(counts.values())
    yield bs1534.EXCERPTS.row(
        MET if bs1534.enough_excerpts(fewest, len(study.systems)) else DEPARTS,
        f"{named(fewest, 'sentence')}, {named(len(study.systems), 'system')}",
    )
    yield bs1534.CRITICAL_ITEMS.row(REPORT, "say how the sentences were chosen")


def assessor_rows(study: Study) -> Iterator[ComplianceRow]:
    """Yield rows on listeners and their equipment."""
    platform = study.recruiting.platform
    came = "all who have the link" if study.access == "open" else "invited one by one"
    yield bs1534.EXPERIENCE.row(
        REPORT if platform == "none" else DEPARTS,
        came if platform == "none" else f"crowd-sourced through {platform}",
    )
    repeats = sum(step.repeats for _, step in trials(study))
    yield bs1534.REPLICATION.row(
        MET if repeats else DEPARTS,
        f"{named(repeats, 'page')} a second time" if repeats else "repeats: 0 in every step",
    )
    checks = [
        f"{s.method}, {s.needed} of {s.rounds}, {'sent away' if s.on_fail != 'record' else 'noted'}"
        for s in study.sitting
        if isinstance(s, HeadphonesStep)
    ]
    yield bs1534.TRANSDUCER.row(
        REPORT,
        "; ".join(f"headphones checked: {c}" for c in checks) or "headphones are not checked",
    )


def later_rows(study: Study) -> Iterator[ComplianceRow]:
    """Yield rows on work that is due after the ratings."""
    sent = study.failures_allowed
    also = "" if sent is None else f"; sent away after more than {sent} failed checks"
    yield bs1534.POST_SCREENING.row(
        REPORT,
        f"`intone report` computes it{also}",
    )
    yield bs1534.RECORDING.row(MET, "plays, switches and moves are kept")
    extra = [
        f"{named(count, 'page')} {what}"
        for what, count in (
            ("with a demanded answer", sum(s.attention for _, s in trials(study))),
            ("with a known answer", sum(len(s.gold) for _, s in trials(study))),
        )
        if count
    ]
    yield bs1534.TEST_REPORT.row(
        REPORT,
        "; ".join(["`intone report` writes the figures", *extra]),
    )
