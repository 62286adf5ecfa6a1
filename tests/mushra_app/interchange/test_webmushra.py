"""Import of webMUSHRA studies, and the list of differences."""

import json
import shutil
from pathlib import Path

import pytest
import soundfile
from typer.testing import CliRunner

from intone.contracts import StimulusSet
from intone.errors import UserError
from mushra_app.cli import app
from mushra_app.design.allocation import allocate
from mushra_app.interchange.findings import report_lines
from mushra_app.interchange.webmushra.importer import import_webmushra
from mushra_app.interchange.webmushra.keys import PAGES, POINT, QUESTION, TOP
from mushra_app.interchange.webmushra.markup import markdown, plain
from mushra_app.interchange.webmushra.read import read_config
from mushra_app.study.file import read_study
from mushra_app.study.texts import html
from tests.mushra_app.support import speech_like

EVERYTHING = Path(__file__).with_name("webmushra_everything.yaml")
SOUNDS = ["s01_ref", "s01_A", "s01_B", "s02_ref", "s02_A", "s02_B", "s02_C"]


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    """webMUSHRA's own folders: study files in configs/, names from the folder above."""
    folder = tmp_path_factory.mktemp("webmushra")
    (folder / "a").mkdir()
    (folder / "configs").mkdir()
    for seed, name in enumerate(SOUNDS):
        soundfile.write(folder / "a" / f"{name}.wav", speech_like(seed, 0.5, 16000), 16000)
    shutil.copy(EVERYTHING, folder / "configs" / "all.yaml")
    return folder


@pytest.fixture(scope="session")
def imported(root, tmp_path_factory):
    out = tmp_path_factory.mktemp("imported") / "study.yaml"
    return import_webmushra(root / "configs" / "all.yaml", out)


def written(root, text):
    path = root / "configs" / "own.yaml"
    path.write_text(text)
    return path


def mushra(name, stimuli, reference="s01_ref", more=""):
    labels = ", ".join(f"{label}: a/{file}.wav" for label, file in stimuli.items())
    return (
        f"{{type: mushra, id: {name}, reference: a/{reference}.wav, stimuli: {{{labels}}}{more}}}"
    )


def category(stimuli):
    points = ", ".join(f"{{value: {v}, label: p{v}}}" for v in range(1, 6))
    labels = ", ".join(f"{label}: a/{file}.wav" for label, file in stimuli.items())
    return (
        "pages:\n  - {type: likert_single_stimulus, id: u, "
        f"stimuli: {{{labels}}}, response: [{points}]}}\n"
    )


def kinds(findings, page=None, key=None):
    return [f.kind for f in findings if f.page == page and f.key == key]


def test_the_fixture_has_every_page_type_and_every_key():
    config = read_config(EVERYTHING)
    assert set(TOP) <= set(config.top)
    assert {page.type for page in config.pages} == set(PAGES)
    for kind, keys in PAGES.items():
        there = {key for page in config.pages if page.type == kind for key in page.values}
        # webMUSHRA's last page needs no id.
        assert set(keys) - {"id"} <= there, kind
    text = EVERYTHING.read_text()
    assert all(f"{key}: " in text for key in {*QUESTION, *POINT})


def test_every_unsupported_key_is_listed_with_its_line(imported):
    text = EVERYTHING.read_text().splitlines()
    for found in imported.findings:
        # A key that a page lacks is listed with the line of the page.
        if found.line and found.key and found.value is not None:
            keys = found.key.split(".")
            assert keys[0] in text[found.line - 1] or keys[-1] in text[found.line - 1], found
    listed = {(f.page_type, f.key) for f in imported.findings}
    for kind, keys in PAGES.items():
        for key, rule in keys.items():
            if rule and kind not in ("paired_comparison", "bs1116", "spatial"):
                silent = {
                    ("likert_multi_stimulus", "mustRate"),
                    ("likert_multi_stimulus", "mustPlayback"),
                }
                assert (kind, key) in listed or (kind, key) in silent, (kind, key)


def test_unknown_keys_and_lost_pages_are_kept_verbatim(imported):
    report = json.loads(imported.report.read_text())
    values = {(f["page"], f["key"]): f["value"] for f in report["findings"]}
    assert values[None, "colour"] == ["red", {"dark": True}]
    assert values["s01", "shiny"] == 7
    assert values["page-12", "popupcontent"] == "ignored"
    assert values["room", None]["roomMeasurements"] == [4, 5, 3]
    assert values["b01", None]["stimuli"] == {"sysA": "a/s01_A.wav"}
    assert values["p01", None]["unforced"] == "cannot tell"
    assert values["s02", "stimuli.sysC"] == "a/s02_C.wav"
    assert {f["kind"] for f in report["findings"] if f["page"] in ("room", "b01")} == {"lost"}


def test_the_study_asks_what_the_file_asked(imported):
    study = read_study(imported.study)
    assert (study.title, study.name, study.language) == ("Trains & planes", "All-of-it-", "fr")
    assert (study.systems, study.sentences) == (["Yes", "sysB"], ["s01", "s02"])
    assert study.consent.text.strip().endswith("Do you agree?")
    assert study.anchors.low
    assert study.anchors.mid
    shape = [(s.type, getattr(s, "page", None)) for s in study.sitting]
    assert shape == [
        ("text", None),
        ("text", None),
        ("loudness", None),
        ("trials", "mushra"),
        ("text", None),
        ("trials", "acr"),
        ("trials", "acr"),
        ("questions", None),
    ]
    assert study.sitting[0].text == "## Hi\n\nListen to **all**."
    rated, acr, frequency = (s for s in study.sitting if s.type == "trials")
    assert rated.prompt == "How good is it?"
    assert acr.labels == ["Great", "Good", "Fair", "Poor", "Bad"]
    assert acr.pages == 3
    assert frequency.labels[0] == "always"
    assert frequency.question == "multi"
    asked = study.sitting[-1].questions
    assert [(q.name, q.type, q.optional) for q in asked] == [
        ("pid", "text", False),
        ("age", "number", True),
        ("a_b", "long_text", True),
        ("fun", "scale", False),
        ("age_2", "text", False),
    ]
    assert (asked[1].min, asked[1].max, asked[3].options) == (18, 99, ["none", "much"])
    plan = [(p.kind, p.sentence) for p in allocate(study, 0) if p.kind == "mushra"]
    assert sorted(plan) == [("mushra", "s01"), ("mushra", "s02")]


def test_the_audio_is_copied_bit_by_bit(imported, root):
    stimuli = StimulusSet.read(imported.stimuli)
    roles = {s.system: s.role for s in stimuli.stimuli}
    assert roles == {"reference": "reference", "Yes": "system", "sysB": "system"}
    for one in stimuli.stimuli:
        assert one.source.original
        original = root / "a" / one.source.original
        assert (imported.stimuli / one.path).read_bytes() == original.read_bytes()


def test_paired_comparisons_become_preferences_only_when_asked(root, tmp_path):
    source = root / "configs" / "all.yaml"
    done = import_webmushra(source, tmp_path / "study.yaml", pairs=True)
    step = next(s for s in read_study(done.study).sitting if getattr(s, "page", "") == "ab")
    assert step.pairs == [("reference", "Yes")]
    assert step.no_preference
    assert "changed" in kinds(done.findings, "p01")


def test_pages_with_other_labels_are_listed_and_can_be_a_study_of_their_own(root, tmp_path):
    pages = [
        mushra("one", {"A": "s01_A", "B": "s01_B"}),
        mushra("two", {"A": "s02_A", "B": "s02_B"}, "s02_ref"),
        mushra("odd", {"X": "s02_C"}, "s02_ref"),
    ]
    source = written(root, "pages:\n" + "".join(f"  - {p}\n" for p in pages))
    done = import_webmushra(source, tmp_path / "study.yaml")
    assert read_study(done.study).systems == ["A", "B"]
    (lost,) = [f for f in done.findings if f.page == "odd" and f.key is None]
    assert lost.kind == "lost"
    assert "--pages odd" in lost.instead
    assert lost.value["stimuli"] == {"X": "a/s02_C.wav"}
    own = import_webmushra(source, tmp_path / "own.yaml", pages=["odd"])
    assert read_study(own.study).systems == ["X"]
    assert kinds(own.findings, "one") == ["lost"]


def test_one_recording_is_one_sentence_unless_its_versions_differ(root, tmp_path):
    pages = [
        mushra("one", {"A": "s01_A"}),
        mushra("again", {"A": "s01_A"}),
        mushra("other", {"A": "s01_B"}),
    ]
    source = written(root, "pages:\n" + "".join(f"  - {p}\n" for p in pages))
    study = read_study(import_webmushra(source, tmp_path / "study.yaml").study)
    assert study.sentences == ["one", "other"]
    asked = [p.sentence for p in allocate(study, 0) if p.kind == "mushra"]
    assert sorted(asked) == ["one", "one", "other"]


def test_a_fixed_order_of_pages_is_listed(root, tmp_path):
    pages = [mushra("one", {"A": "s01_A"}), mushra("two", {"A": "s02_A"}, "s02_ref")]
    fixed = written(root, "pages:\n" + "".join(f"  - {p}\n" for p in pages))
    found = import_webmushra(fixed, tmp_path / "fixed.yaml").findings
    assert any("fixed order" in f.why for f in found)
    free = written(root, "pages:\n  - - random\n" + "".join(f"    - {p}\n" for p in pages))
    found = import_webmushra(free, tmp_path / "free.yaml").findings
    assert not any("order" in f.why for f in found)


def test_category_ratings_without_a_reference(root, tmp_path):
    source = written(root, category({"A": "s01_A", "B": "s01_B"}))
    done = import_webmushra(source, tmp_path / "study.yaml")
    study = read_study(done.study)
    assert (study.reference, study.systems, study.sentences) == ("A", ["B"], ["u"])
    assert not study.anchors.low
    assert {p.slots for p in allocate(study, 0) if p.kind == "acr"} == {("A",), ("B",)}
    assert {s.role for s in StimulusSet.read(done.stimuli).stimuli} == {"system"}
    assert any("no page has a reference" in f.why for f in done.findings)


def test_map_gives_meaning_of_labels(root, tmp_path):
    files = {"n1": "s01_A", "n2": "s01_B", "n3": "s02_A", "n4": "s02_B"}
    source = written(root, category(files))
    table = tmp_path / "map.csv"
    table.write_text("page,label,sentence,system\nu,n1,s1,A\nu,n2,s1,B\nu,n3,s2,A\nu,n4,s2,B\n")
    done = import_webmushra(source, tmp_path / "study.yaml", mapped=table)
    study = read_study(done.study)
    assert (study.sentences, study.reference, study.systems) == (["s1", "s2"], "A", ["B"])
    table.write_text("page,label,sentence,system\nu,gone,s1,A\n")
    with pytest.raises(UserError, match="'gone'"):
        import_webmushra(source, tmp_path / "other.yaml", mapped=table)


# Line 6 holds the questionnaire.
QUESTIONS = (
    "pages:\n  - "
    + mushra("x", {"A": "s01_A"})
    + "\n  -\n    type: finish\n    name: Thanks\n    questionnaire: "
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pages: 3\n", "no list `pages`"),
        ("pages: []\n", "line 1"),
        ("pages:\n  - {id: x}\n", "line 2"),
        ("pages:\n  - {type: generic, id: a, id: b}\n", "line 2.*twice"),
        ("pages:\n  - {type: generic\n  - x\n", "not valid YAML"),
        ("pages:\n  - {type: generic, content: only words}\n", "could have rated"),
        ("pages:\n  - {type: mushra, reference: a/s01_ref.wav}\n", "line 2: stimuli"),
        (QUESTIONS + "3\n", r"own.yaml, line 6: questionnaire: not a list of questions"),
        (QUESTIONS + "\n      - {type: likert, name: fun}\n", "own.yaml, line 7: .*: fun: options"),
        ("pages:\n  - " + mushra("x", {"A": "none"}) + "\n", "none.wav: no such file.*--audio"),
    ],
)
def test_refusals_name_file_and_line(root, tmp_path, text, said):
    with pytest.raises(UserError, match=said):
        import_webmushra(written(root, text), tmp_path / "study.yaml")
    assert not list(tmp_path.iterdir())


def test_scalars_are_those_of_yaml_1_2(root):
    page = "{type: generic, a: Yes, b: 012, c: 1:30, d: 2024-01-01, e: true, f: 1e3, g: 0.5, h: ~}"
    values = read_config(written(root, f"pages:\n  - {page}\n")).pages[0].values
    assert [values[key] for key in "abcdeh"] == ["Yes", "012", "1:30", "2024-01-01", True, None]
    assert values["g"] == 0.5


def test_html_becomes_words_that_obey_nothing():
    said = "<h1>T</h1><p onclick=x>a_b *c* <b> d </b></p><ol><li>e<li>f</ol><script>g()</script>"
    text, lost = markdown(said + "<a href='javascript:h()'>i</a><a href='https://j.org'>k</a>")
    assert lost == ["script", "a javascript:h()"]
    shown = html(text)
    assert "<h1>T</h1>" in shown
    assert "a_b *c*  <strong>d</strong>" in shown
    assert "<li>f</li>" in shown
    assert 'href="https://j.org"' in shown
    assert "g()" not in shown
    assert "javascript" not in shown
    assert "<script" not in html(markdown("&lt;script>x&lt;/script>")[0])
    assert html(markdown("1. no list<br>- nor this")[0]).count("<li>") == 0
    assert plain("a<br> <b>b</b>&amp;c")[0] == "a b&c"


def test_the_command_prints_the_differences(root, tmp_path):
    out = tmp_path / "study.yaml"
    words = ["study", "import", str(root / "configs" / "all.yaml"), "-o", str(out)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "line 27, mushra s01, key switchBack" in done.output
    assert "study.import.json" in done.output
    again = CliRunner().invoke(app, words)
    assert isinstance(again.exception, UserError)


def test_the_same_on_many_pages_is_one_line(root, tmp_path):
    pages = [mushra(f"p{i}", {"A": "s01_A"}, more=", switchBack: true") for i in range(9)]
    source = written(root, "pages:\n" + "".join(f"  - {p}\n" for p in pages))
    found = import_webmushra(source, tmp_path / "study.yaml").findings
    (line,) = [text for text in report_lines(found) if "switchBack" in text]
    assert "p0, p1, p2, p3 and 5 more" in line
