"""Compliance rows about material, listeners and the later analysis."""

from collections.abc import Iterator

from mushra_app.compliance.rows import DEPARTS, MET, REPORT, Row, named, trials
from mushra_app.study.file import Study, conditions
from mushra_app.study.steps import HeadphonesStep

FEWEST_EXCERPTS = 5
EXCERPTS_PER_SYSTEM = 1.5


def material_rows(study: Study) -> Iterator[Row]:
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
    yield Row(
        "material",
        "as many excerpts for each system",
        MET if equal else DEPARTS,
        f"{counts[study.systems[0]]} each"
        if equal
        else ", ".join(f"{system}: {count}" for system, count in counts.items()),
    )
    fewest, wanted = min(counts.values()), EXCERPTS_PER_SYSTEM * len(study.systems)
    yield Row(
        "material",
        f"at least {FEWEST_EXCERPTS} excerpts, about 1.5 times as many as systems",
        MET if fewest >= max(FEWEST_EXCERPTS, wanted) else DEPARTS,
        f"{named(fewest, 'sentence')}, {named(len(study.systems), 'system')}",
    )
    yield Row("material", "critical items", REPORT, "say how the sentences were chosen")


def assessor_rows(study: Study) -> Iterator[Row]:
    """Yield rows on listeners and their equipment."""
    platform = study.recruiting.platform
    came = "all who have the link" if study.access == "open" else "invited one by one"
    yield Row(
        "assessors",
        "experienced, pre-screened for hearing and trained",
        REPORT if platform == "none" else DEPARTS,
        came if platform == "none" else f"crowd-sourced through {platform}",
    )
    repeats = sum(step.repeats for _, step in trials(study))
    yield Row(
        "assessors",
        "ratings are replicated, to see how reliable a listener is",
        MET if repeats else DEPARTS,
        f"{named(repeats, 'page')} a second time" if repeats else "repeats: 0 in every step",
    )
    checks = [
        f"{s.method}, {s.needed} of {s.rounds}, {'sent away' if s.on_fail != 'record' else 'noted'}"
        for s in study.sitting
        if isinstance(s, HeadphonesStep)
    ]
    yield Row(
        "levels",
        "one type of transducer in a session",
        REPORT,
        "; ".join(f"headphones checked: {c}" for c in checks) or "headphones are not checked",
    )


def later_rows(study: Study) -> Iterator[Row]:
    """Yield rows on work that is due after the ratings."""
    sent = study.failures_allowed
    also = "" if sent is None else f"; sent away after more than {sent} failed checks"
    yield Row(
        "post-screening",
        "who rates the hidden reference below 90, or the mid anchor above 90, on more than 15 % of "
        "items is left out",
        REPORT,
        f"`intone report` computes it{also}",
    )
    yield Row(
        "5.5", "sessions are recorded (recommended)", MET, "plays, switches and moves are kept"
    )
    extra = [
        f"{named(count, 'page')} {what}"
        for what, count in (
            ("with a demanded answer", sum(s.attention for _, s in trials(study))),
            ("with a known answer", sum(len(s.gold) for _, s in trials(study))),
        )
        if count
    ]
    yield Row(
        "10",
        "box plots, means with 95 % intervals, numbers, screening, anchors, material, transducer, "
        "instructions, deviations",
        REPORT,
        "; ".join(["`intone report` writes the figures", *extra]),
    )
