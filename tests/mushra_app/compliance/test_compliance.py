"""Studies that follow BS.1534-3 have no departures; departures name clauses."""

import pytest

from intone.contracts import bs1534
from intone.contracts.bs1534 import DEPARTS, MET, REPORT
from mushra_app.compliance.check import check_study, markdown
from mushra_app.compliance.table import compliance_rows, is_mushra, label
from mushra_app.study.file import Anchors, Study, read_study
from mushra_app.study.steps import (
    Arm,
    Gold,
    HeadphonesStep,
    LoudnessStep,
    Recruiting,
    TextStep,
    TrainingStep,
    TrialsStep,
)
from tests.mushra_app.clean_study import clean_study


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return clean_study(tmp_path_factory.mktemp("clean"))


@pytest.fixture(scope="module")
def study(clean) -> Study:
    return read_study(clean)


def sitting(*trials, text: TextStep | None = TextStep(), training: TrainingStep | None = None):  # noqa: B008
    before = [] if text is None else [text]
    return [*before, training or TrainingStep(pages=5), *(trials or (TrialsStep(repeats=1),))]


def departures(study: Study) -> dict[str, str]:
    """Clause and what was found, of every departure."""
    return {row.clause: row.found for row in compliance_rows(study) if row.status == DEPARTS}


def test_a_study_that_keeps_to_the_standard_departs_from_nothing(clean, study):
    assert departures(study) == {}
    report = check_study(clean)
    assert [row for row in report.compliance if row.status == DEPARTS] == []
    assert report.mushra
    assert report.verdict == "Report this test as: MUSHRA (ITU-R BS.1534-3)."
    by_requirement = {row.requirement[:10]: row for row in report.compliance}
    assert by_requirement["low anchor"].status == MET
    assert "56.4 dB at 4.0 kHz" in by_requirement["low anchor"].found
    assert "64.6 dB at 4.5 kHz" in by_requirement["low anchor"].found


@pytest.mark.parametrize(
    ("changes", "clause", "said"),
    [
        ({"anchors": Anchors(low=False, mid=True)}, "considering (i)", "anchors: low off"),
        ({"anchors": Anchors(low=True, mid=False)}, "signals", "not made"),
        ({"sitting": sitting(TrialsStep(page="mushra_nmr", repeats=1))}, "considering (i)",
         "pages of type mushra_nmr"),
        ({"sitting": sitting(TrialsStep(page="ab", repeats=1))}, "scale", "pages of type ab"),
        ({"sitting": sitting(TrialsStep(page="acr", repeats=1))}, "trials", "one version a page"),
        ({"sitting": sitting(TrialsStep(page="acr", repeats=1))}, "5.4, Att. 2", "acr"),
        ({"arms": [Arm(name="classic", page=None), Arm(name="bare", page="mushra_nmr")]},
         "considering (i)", "step 3, arm bare: pages of type mushra_nmr"),
        ({"systems": [f"x{i}" for i in range(10)]}, "trials", "13 with hidden reference"),
        ({"prompt": "How natural and how intelligible is it?"}, "trials",
         "asks for naturalness and intelligibility"),
        ({"prompt": "Good voice? Good rhythm?"}, "trials", "asks for two things"),
        ({"sentences": ["s0", "s1"], "pages_per_listener": 2}, "material", "2 sentences"),
        ({"systems": ["a", "b", "c", "d"]}, "material", "5 sentences, 4 systems"),
        ({"sitting": sitting(TrialsStep(repeats=1), TrialsStep(systems=["plain"], sentences=["s0"]),
                             TrialsStep(systems=["context"], sentences=["s1"]))}, None, ""),
        ({"sitting": sitting(TrialsStep(systems=["plain"], repeats=1),
                             TrialsStep(systems=["context"], sentences=["s1"]))}, "material",
         "plain: 5, context: 1"),
        ({"sitting": [TextStep(), TrialsStep(repeats=1)]}, "training", "no step of type training"),
        ({"sitting": [TextStep(), TrialsStep(repeats=1), TrainingStep(pages=5)]}, "training",
         "training comes after"),
        ({"sitting": sitting(training=TrainingStep(pages=5, systems=["plain"]))}, "training",
         "without context"),
        ({"sitting": sitting(training=TrainingStep(pages=1))}, "training", "1 of 5 sentences"),
        ({"sitting": sitting(TrialsStep())}, "assessors", "repeats: 0"),
        ({"sitting": sitting(text=TextStep(text="Rate."))}, "instructions", "never mention 100"),
        ({"sitting": sitting(text=None)}, "instructions", "no step of type text"),
        ({"sitting": sitting(TrialsStep(labels=["A", "B", "C", "D", "E"], repeats=1))}, "scale",
         "step 3: A to E"),
        ({"recruiting": Recruiting(platform="prolific")}, "assessors",
         "crowd-sourced through prolific"),
    ],
)  # fmt: skip
def test_each_departure_names_its_clause(study, changes, clause, said):
    values = {key: getattr(study, key) for key in Study.model_fields}
    rows = [
        r
        for r in compliance_rows(Study.model_validate({**values, **changes}))
        if r.status == DEPARTS
    ]
    if clause is None:
        assert rows == []
    else:
        assert [r for r in rows if r.clause == clause and said in r.found], rows


@pytest.mark.parametrize(
    ("changes", "called"),
    [
        ({"anchors": Anchors(low=False, mid=True)}, "MUSHRA-like (BS.2132 style)"),
        ({"anchors": Anchors(low=True, mid=False)}, "MUSHRA-like (BS.2132 style)"),
        ({"sitting": sitting(TrialsStep(page="mushra_nmr"))}, "MUSHRA-like (BS.2132 style)"),
        ({"sitting": sitting(TrialsStep(page="ab"))}, "paired preference test"),
        ({"sitting": sitting(TrialsStep(page="acr"))}, "absolute category rating (MOS)"),
        ({"sitting": sitting(TrialsStep(), TrialsStep(page="acr"))},
         "MUSHRA-like (BS.2132 style) and absolute category rating (MOS)"),
        ({"arms": [Arm(name="a", page=None), Arm(name="b", page="mushra_nmr")]},
         "MUSHRA-like (BS.2132 style)"),
    ],
)  # fmt: skip
def test_only_both_anchors_and_a_hidden_reference_make_it_mushra(study, changes, called):
    changed = study.model_copy(update=changes)
    assert is_mushra(study)
    assert not is_mushra(changed)
    assert label(changed) == called


def test_unobservable_demands_must_be_reported(study):
    said = {row.requirement: row.found for row in compliance_rows(study) if row.status == REPORT}
    for words in ("critical items", "at least 10 cm", "78 ± 0.25 dBA", "experienced", "below 90"):
        assert any(words in requirement for requirement in said), words
    richer = sitting(
        TrialsStep(repeats=1, attention=2, gold=[Gold(sentence="s0", expect={"plain": (0, 9)})])
    )
    told = [HeadphonesStep(), LoudnessStep(), *richer]
    rows = compliance_rows(study.model_copy(update={"sitting": told, "failures_allowed": 1}))
    found = " ".join(row.found for row in rows if row.status == REPORT)
    for words in (
        "headphones checked: antiphase, 5 of 6, noted",
        "set once, and kept",
        "2 pages with a demanded answer; 1 page with a known answer",
        "sent away after more than 1 failed",
    ):
        assert words in found


def test_restarting_versions_and_own_words_are_reported_not_hidden(study):
    own = TextStep(text="One of them is the recording: give it 100.")
    rows = compliance_rows(study.model_copy(update={"sitting": sitting(text=own)}))
    found = {row.found: row.status for row in rows}
    assert found["your own instructions replace the usual ones"] == REPORT
    restart = next(row for row in rows if "restart" in row.found)
    assert restart.status == REPORT
    kept = compliance_rows(study.model_copy(update={"on_switch": "keep_position"}))
    assert next(row for row in kept if "keep_position" in row.found).status == MET


def test_the_markdown_table_has_every_row(clean):
    report = check_study(clean)
    lines = markdown(report).splitlines()
    assert bs1534.CAUTION in lines
    head = lines.index("| clause or topic | requirement | status | in this study |")
    rows = [line for line in lines[head + 2 :] if line.startswith("|")]
    assert len(rows) == len(report.compliance)
    assert all(line.count(" | ") == 3 for line in rows)
