"""Compliance of a study with ITU-R BS.1534-3, a row a requirement.

Only what software can see is called met or departed from; the rest is the researcher's to report.
Where a clause number is not certain, the row names the topic of the section.
"""

from collections.abc import Iterator, Sequence

from mushra_app.compliance.people import assessor_rows, later_rows, material_rows
from mushra_app.compliance.rows import DEPARTS, MET, REPORT, Row, named, rating_pages, trials
from mushra_app.compliance.sounds import level_rows, signal_rows, switching_rows
from mushra_app.sounds.preflight import Preflight
from mushra_app.study.file import Study, conditions
from mushra_app.study.steps import TextStep, TrainingStep

MOST_SIGNALS = 12
CAUTION = (
    "Clauses are those of the edition of 10/2015 as a transcription has them: look them up in the "
    "ITU's text before you cite one."
)
FIVE = ["Excellent", "Good", "Fair", "Poor", "Bad"]
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


def lint(study: Study, preflight: Preflight | None = None) -> list[Row]:
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


def _name(study: Study) -> Iterator[Row]:
    departing = [(where, page) for where, page in rating_pages(study) if page != "mushra"]
    yield Row(
        "considering (i)",
        "a given reference, hidden among the versions of every page",
        DEPARTS if departing else MET,
        "; ".join(f"{where}: pages of type {page}" for where, page in departing)
        or f"pages of type mushra; reference: {study.reference}",
    )
    off = [n for n, on in (("low", study.anchors.low), ("mid", study.anchors.mid)) if not on]
    unanchored = [f"{where}: {page}" for where, page in departing if page in ("ab", "acr")]
    text = f"anchors: {' and '.join(off)} off" if off else "3.5 kHz and 7 kHz"
    yield Row(
        "considering (i)",
        "low and mid anchor on every page",
        DEPARTS if off or unanchored else MET,
        "; ".join([text, *unanchored]),
    )


def _trial(study: Study) -> Iterator[Row]:
    together = any(page in ("mushra", "mushra_nmr") for _, page in rating_pages(study))
    sizes = [len(conditions(study, step.systems)) for _, step in trials(study)]
    most = max(sizes) if together else 0
    yield Row(
        "trials",
        f"at most {MOST_SIGNALS} signals in a trial",
        DEPARTS if most > MOST_SIGNALS else MET,
        f"{most} with hidden reference and anchors" if most else "no page shows several versions",
    )
    everyone = study.pages_per_listener >= len(study.sentences) and all(
        step.systems is None and step.sentences is None and step.pages is None
        for _, step in trials(study)
    )
    yield Row(
        "trials",
        "larger sets in a blocked design, which is reported",
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
    yield Row(
        "trials",
        "one attribute in a trial, basic audio quality first",
        DEPARTS if doubled else MET if basic else REPORT,
        "; ".join(doubled) or f"{question}: “{study.prompt}”",
    )
    orders = ", ".join(dict.fromkeys(step.order for _, step in trials(study)))
    yield Row("trials", "order randomised within and between sessions", MET, f"{orders}, seeded")


def _asked(prompt: str) -> list[str]:
    lower = prompt.lower()
    return [name for name, stems in _ATTRIBUTES.items() if any(s in lower for s in stems)]


def _scale(study: Study) -> Iterator[Row]:
    custom = [
        f"{where}: {' to '.join((step.labels[0], step.labels[-1]))}"
        for where, step in trials(study)
        if step.labels and list(step.labels) != FIVE
    ]
    other = [f"{w}: pages of type {p}" for w, p in rating_pages(study) if p in ("ab", "acr")]
    usual = "Excellent to Bad" if study.language == "en" else f"translated: {study.language}"
    yield Row(
        "scale",
        "0 to 100 in five equal bands, Excellent, Good, Fair, Poor, Bad",
        DEPARTS if custom or other else MET if study.language == "en" else REPORT,
        "; ".join([*custom, *other]) or usual,
    )
    yield Row("scale", "at least 10 cm on the screen", REPORT, "depends on the listener's screen")
    yield Row(
        "5.4, Att. 2",
        "only the slider of the item being heard can be moved",
        DEPARTS if other else MET,
        "; ".join(other) or "the player does so",
    )


def _instructions(study: Study) -> Iterator[Row]:
    first = next(i for i, s in enumerate(study.sitting) if s.type == "trials")
    before = [s for s in study.sitting[:first] if isinstance(s, TrainingStep)]
    late = any(isinstance(s, TrainingStep) for s in study.sitting[first:]) and not before
    text = "no step of type training"
    if late:
        text = "training comes after the trials"
    elif before:
        text = f"{named(sum(s.pages for s in before), 'page')} before the trials"
    yield Row(
        "training",
        "training before the test, its grades discarded",
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
    yield Row(
        "instructions",
        "instructions say that an item must get 100 and that the worst need not be Bad",
        status,
        text,
    )


def _exposure(study: Study, training: Sequence[TrainingStep]) -> Row:
    lacking = [s for s in study.systems if all(t.systems and s not in t.systems for t in training)]
    pages = sum(t.pages for t in training)
    text = f"{pages} of {named(len(study.sentences), 'sentence')}"
    if lacking:
        text += f", without {', '.join(lacking)}"
    return Row(
        "training",
        "it has the full range of impairments and all test signals",
        DEPARTS if lacking or pages < len(study.sentences) else MET,
        text,
    )
