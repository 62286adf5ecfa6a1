"""Compliance of a study with ITU-R BS.1534-3, a row a requirement.

Only what software can see is met or a departure; the researcher must report the rest.
"""

from collections.abc import Iterator, Sequence

from intone.contracts import bs1534
from intone.contracts.bs1534 import DEPARTS, MET, REPORT, ComplianceRow
from mushra_app.compliance.people import assessor_rows, later_rows, material_rows
from mushra_app.compliance.rated_steps import named, rating_pages, trials
from mushra_app.compliance.sounds import level_rows, signal_rows, switching_rows
from mushra_app.sounds.preflight import Preflight
from mushra_app.study.file import Study, conditions
from mushra_app.study.steps import TextStep, TrainingStep

# Stems of attributes, by attribute; in the languages that listeners may be asked in.
_ATTRIBUTES = {
    "naturalness": ("natural", "natürlich", "naturel", "自然"),
    "quality": ("quality", "qualität", "qualité", "calidad", "品質", "音質"),
    "intelligibility": ("intelligib", "understand", "verständlich", "inteligib", "明瞭"),
    "expressiveness": ("expressiv", "ausdruck", "expresiv", "表現"),
    "pleasantness": ("pleasant", "angenehm", "agréable", "agradable"),
    "similarity": ("similar", "ähnlich", "ressembl", "parecid"),
    "liveliness": ("lively", "liveliness", "lebendig"),
    "prosody": ("prosod", "intonation"),
}


def is_mushra(study: Study) -> bool:
    """Return true if each rated page has hidden reference and anchors."""
    pages = {page for _, page in rating_pages(study)}
    return pages == {"mushra"} and study.anchors.low and study.anchors.mid


def label(study: Study) -> str:
    """Return the name of the test for reports."""
    if is_mushra(study):
        return "MUSHRA (ITU-R BS.1534-3)"
    names = {
        "mushra": "MUSHRA-like (BS.2132 style)",
        "mushra_nmr": "MUSHRA-like (BS.2132 style)",
        "ab": "paired preference test",
        "acr": "absolute category rating (MOS)",
    }
    return " and ".join(dict.fromkeys(names[page] for _, page in rating_pages(study)))


def compliance_rows(study: Study, preflight: Preflight | None = None) -> list[ComplianceRow]:
    """Hold a study against the standard.

    Args:
        study: the study.
        preflight: what was measured of its sounds; None: what needs that must be reported.
    """
    return [
        *_name(study),
        *_trial(study),
        *signal_rows(study, preflight),
        *switching_rows(study),
        *_scale(study),
        *_instructions(study),
        *level_rows(study, preflight),
        *material_rows(study),
        *assessor_rows(study),
        *later_rows(study),
    ]


def _name(study: Study) -> Iterator[ComplianceRow]:
    departing = [(where, page) for where, page in rating_pages(study) if page != "mushra"]
    yield bs1534.HIDDEN_REFERENCE.row(
        DEPARTS if departing else MET,
        "; ".join(f"{where}: pages of type {page}" for where, page in departing)
        or f"pages of type mushra; reference: {study.reference}",
    )
    off = [n for n, on in (("low", study.anchors.low), ("mid", study.anchors.mid)) if not on]
    unanchored = [f"{where}: {page}" for where, page in departing if page in ("ab", "acr")]
    text = f"anchors: {' and '.join(off)} off" if off else "3.5 kHz and 7 kHz"
    yield bs1534.ANCHORS.row(
        DEPARTS if off or unanchored else MET,
        "; ".join([text, *unanchored]),
    )


def _trial(study: Study) -> Iterator[ComplianceRow]:
    together = any(page in ("mushra", "mushra_nmr") for _, page in rating_pages(study))
    sizes = [len(conditions(study, step.systems)) for _, step in trials(study)]
    most = max(sizes) if together else 0
    yield bs1534.SIGNALS.row(
        DEPARTS if most > bs1534.MOST_SIGNALS else MET,
        f"{most} with hidden reference and anchors" if most else "no page shows several versions",
    )
    everyone = study.pages_per_listener >= len(study.sentences) and all(
        step.systems is None and step.sentences is None and step.pages is None
        for _, step in trials(study)
    )
    yield bs1534.BLOCKS.row(
        MET if everyone else REPORT,
        "every listener rates everything"
        if everyone
        else f"{study.pages_per_listener} of {len(study.sentences)} sentences a listener, in "
        "turns; steps may have sentences and systems of their own",
    )
    doubled, basic = [], True
    for _, step in trials(study):
        prompt = step.prompt or study.prompt
        asked = _asked(prompt)
        basic = basic and asked == ["quality"]
        if len(asked) > 1 or prompt.count("?") + prompt.count("？") > 1:
            doubled.append(f"“{prompt}” asks for {' and '.join(asked) or 'two things'}")
    question = ", ".join(dict.fromkeys(s.question or study.question for _, s in trials(study)))
    yield bs1534.ATTRIBUTE.row(
        DEPARTS if doubled else MET if basic else REPORT,
        "; ".join(doubled) or f"{question}: “{study.prompt}”",
    )
    orders = ", ".join(dict.fromkeys(step.order for _, step in trials(study)))
    yield bs1534.ORDER.row(MET, f"{orders}, seeded")


def _asked(prompt: str) -> list[str]:
    lower = prompt.lower()
    return [name for name, stems in _ATTRIBUTES.items() if any(s in lower for s in stems)]


def _scale(study: Study) -> Iterator[ComplianceRow]:
    custom = [
        f"{where}: {' to '.join((step.labels[0], step.labels[-1]))}"
        for where, step in trials(study)
        if step.labels and tuple(step.labels) != bs1534.BAND_LABELS
    ]
    other = [f"{w}: pages of type {p}" for w, p in rating_pages(study) if p in ("ab", "acr")]
    usual = "Excellent to Bad" if study.language == "en" else f"translated: {study.language}"
    yield bs1534.SCALE.row(DEPARTS if other else MET, "; ".join(other) or "sliders")
    yield bs1534.BANDS.row(
        DEPARTS if custom or other else MET if study.language == "en" else REPORT,
        "; ".join([*custom, *other]) or usual,
    )
    yield bs1534.SCALE_LENGTH.row(REPORT, "depends on the listener's screen")
    yield bs1534.HEARD_SLIDER.row(
        DEPARTS if other else MET,
        "; ".join(other) or "the player does so",
    )


def _instructions(study: Study) -> Iterator[ComplianceRow]:
    first = next(i for i, s in enumerate(study.sitting) if s.type == "trials")
    before = [s for s in study.sitting[:first] if isinstance(s, TrainingStep)]
    late = any(isinstance(s, TrainingStep) for s in study.sitting[first:]) and not before
    text = "no step of type training"
    if late:
        text = "training comes after the trials"
    elif before:
        text = f"{named(sum(s.pages for s in before), 'page')} before the trials"
    yield bs1534.TRAINING.row(
        MET if before else DEPARTS,
        text,
    )
    if before:
        yield _exposure(study, before)
    texts = [s for s in study.sitting[:first] if isinstance(s, TextStep)]
    usual = any(s.text is None for s in texts)
    instructions = " ".join(s.text or "" for s in texts)
    status, text = MET, "the usual instructions say both"
    if {page for _, page in rating_pages(study)} != {"mushra"}:
        status, text = DEPARTS, "not on pages without a given reference"
    elif not texts:
        status, text = DEPARTS, "no step of type text before the trials"
    elif not usual:
        status = REPORT if "100" in instructions else DEPARTS
        text = "your own instructions replace the usual ones"
        text += "" if status == REPORT else " and never mention 100"
    yield bs1534.INSTRUCTIONS.row(
        status,
        text,
    )


def _exposure(study: Study, training: Sequence[TrainingStep]) -> ComplianceRow:
    lacking = [s for s in study.systems if all(t.systems and s not in t.systems for t in training)]
    pages = sum(t.pages for t in training)
    text = f"{pages} of {named(len(study.sentences), 'sentence')}"
    if lacking:
        text += f", without {', '.join(lacking)}"
    return bs1534.EXPOSURE.row(
        DEPARTS if lacking or pages < len(study.sentences) else MET,
        text,
    )
