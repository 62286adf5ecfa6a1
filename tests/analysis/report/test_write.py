"""Report files: labels, no requests, equal bytes every time."""

import csv
import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from typer.testing import CliRunner

from analysis.cli import app
from analysis.report.write import write_report
from analysis.wording import SIMULATED
from intone.contracts import ReportOptions
from intone.errors import UserError

KEYS = {
    "origin", "screening", "systems", "comparisons", "gaps", "variance_components", "agreement",
    "methods_text", "warnings", "command", "versions",
}  # fmt: skip
GAP_KEYS = {
    "system", "baseline", "reference", "gap", "ci", "raw_gain", "relative_gain", "p",
    "p_adjusted", "defined", "text",
}  # fmt: skip
COMPARISON_KEYS = {
    "x", "y", "estimate", "se", "df", "ci", "stat", "p", "p_adjusted", "adjust", "method",
    "naive_p",
}  # fmt: skip
SYSTEM_KEYS = {
    "system", "role", "n", "n_listeners", "n_utterances", "mean", "se", "ci", "median", "q1", "q3",
}  # fmt: skip


EVIL = "<script>alert(1)</script>"


def _planted(folder):
    path = folder / "planted.json"
    gap = {"system": "camp", "baseline": "ntts", "reference": "recordings", "gap": 0.26}
    truth = {"systems": {"ntts": 55.0, "camp": 66.0}, "gaps": [gap], "seed": 5}
    path.write_text(json.dumps(truth))
    return path


@pytest.fixture
def planted(tmp_path):
    return _planted(tmp_path)


@pytest.fixture(scope="module")
def of_a_rehearsal(tmp_path_factory, rehearsal):
    """Return the report folder of a rehearsal with planted values."""
    folder = tmp_path_factory.mktemp("rehearsal")
    path = folder / "rehearsal.csv"
    rehearsal.to_csv(path, index=False)
    return write_report(
        path, folder / "out", ReportOptions(baseline="ntts", planted=_planted(folder))
    ).parent


@pytest.fixture(scope="module")
def of_people(tmp_path_factory, rehearsal):
    """Return the report folder of people's ratings with script names."""
    folder = tmp_path_factory.mktemp("people")
    path = folder / "people.csv"
    named = rehearsal.assign(origin="human", system=rehearsal["system"].replace("kathaka", EVIL))
    named.to_csv(path, index=False)
    return write_report(
        path, folder / "out", ReportOptions(baseline="ntts", note=(EVIL,), title=EVIL)
    ).parent


@pytest.fixture
def human_csv(simulated_csv):
    path = simulated_csv.with_name("human.csv")
    path.write_text(simulated_csv.read_text().replace("simulated", "human"))
    return path


class _Text(HTMLParser):
    """Parser of visible text, captions and external requests."""

    def __init__(self) -> None:
        super().__init__()
        self.stack, self.captions, self.requests, self.text = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.stack.append(tag)
        if tag in ("caption", "figcaption"):
            self.captions.append("")
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "action", "data") and value[:1] != "#":
                self.requests.append(value)
        if tag in ("link", "script", "iframe", "img"):
            self.requests.append(tag)

    def handle_endtag(self, tag):
        while self.stack and self.stack.pop() != tag:
            pass

    def handle_data(self, data):
        if "style" not in self.stack:
            self.text.append(data)
        if any(tag in ("caption", "figcaption") for tag in self.stack):
            self.captions[-1] += data


def _parse(page) -> _Text:
    parser = _Text()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser


def test_report_json_has_the_documented_keys(of_a_rehearsal):
    found = json.loads((of_a_rehearsal / "report.json").read_text())
    assert found.keys() >= KEYS
    assert found["screening"].keys() >= {"rule", "excluded"}
    assert all(row.keys() >= SYSTEM_KEYS for row in found["systems"])
    assert all(row.keys() >= COMPARISON_KEYS for row in found["comparisons"])
    assert all(row.keys() >= GAP_KEYS for row in found["gaps"])
    assert [row["system"] for row in found["systems"]] == [
        "recordings",
        "camp",
        "kathaka",
        "ntts",
        "anchor",
    ]
    assert {(row["x"], row["y"]) for row in found["comparisons"]} == {
        ("camp", "ntts"),
        ("kathaka", "ntts"),
    }
    assert found["gaps"][0]["gap"] == pytest.approx(11 / 42, abs=0.15)


def test_the_page_needs_nothing_from_anywhere(of_people):
    page = of_people / "report.html"
    assert _parse(page).requests == []
    source = page.read_text()
    assert not re.search(r"https?://|url\((?!#)|@import", source)


def test_simulated_listeners_are_named_on_every_face(of_a_rehearsal):
    out = of_a_rehearsal
    page = _parse(out / "report.html")
    assert SIMULATED == "SIMULATED LISTENERS - not human ratings"
    assert len(page.captions) >= 10
    assert all(caption.startswith(SIMULATED) for caption in page.captions)
    figures = sorted((out / "figures").glob("*.svg"))
    names = "comparisons gap listeners planning ranks sensitivity systems text_means texts"
    assert [path.stem for path in figures] == [*names.split(), "variance", "wins"]
    assert {path.stem for path in (out / "figures").glob("*.pdf")} == {p.stem for p in figures}
    assert all(SIMULATED in path.read_text() for path in (out / "tables").glob("*.tex"))
    assert all(path.read_text().count(SIMULATED) >= 2 for path in figures)
    for path in (out / "tables").glob("*.csv"):
        with path.open(newline="") as stream:
            assert all(row["origin"] == SIMULATED for row in csv.DictReader(stream))
    found = json.loads((out / "report.json").read_text())
    assert found["origin"] == "simulated"
    assert all(text.startswith(SIMULATED) for text in found["headline"])
    assert SIMULATED in found["methods_text"]


def test_human_ratings_carry_no_such_label(of_people):
    for path in [*of_people.glob("report.*"), *of_people.glob("*/*")]:
        assert b"SIMULATED" not in path.read_bytes()


def test_planted_values_are_beside_their_estimates(of_a_rehearsal):
    page = _parse(of_a_rehearsal / "report.html")
    rows = json.loads((of_a_rehearsal / "report.json").read_text())["planted"]
    assert [(row["kind"], row["name"], row["planted"]) for row in rows] == [
        ("mean", "ntts", 55.0), ("mean", "camp", 66.0),
        ("difference", "camp − ntts", 11.0), ("gap", "camp", 0.26),
    ]  # fmt: skip
    for row in rows:
        assert row["covered"] == (row["ci"][0] <= row["planted"] <= row["ci"][1])
    assert "Planted and recovered" in "".join(page.text)


def test_planted_system_without_ratings_is_refused(simulated_csv, tmp_path, planted):
    planted.write_text('{"systems": {"unknown": 3}}')
    with pytest.raises(UserError, match="--planted names system 'unknown'"):
        write_report(simulated_csv, tmp_path, ReportOptions(baseline="ntts", planted=planted))


@pytest.mark.slow
def test_the_same_ratings_give_the_same_bytes(simulated_csv, tmp_path):
    lines = simulated_csv.read_text().splitlines(keepends=True)
    pages = []
    for name, body in (("a", lines[1:]), ("b", lines[:0:-1])):
        simulated_csv.write_text("".join([lines[0], *body]))
        out = tmp_path / name
        write_report(simulated_csv, out, ReportOptions(baseline="ntts", note=("A note.",)))
        pages.append({p.relative_to(out): p.read_bytes() for p in out.rglob("*") if p.is_file()})
    assert pages[0] == pages[1]
    assert len(pages[0]) >= 9


def test_text_of_users_is_shown_and_not_run(of_people):
    page = of_people / "report.html"
    assert "<script" not in page.read_text()
    assert EVIL in "".join(_parse(page).text)


def test_nan_is_never_printed(tmp_path):
    path = tmp_path / "flat.csv"
    rows = [
        f"L{i},U{j},{s},{v}"
        for i in range(3)
        for j in range(2)
        for s, v in (("base", 50), ("=1+1", 60), ("rec", 90))
    ]
    path.write_text("listener,utterance,system,score\n" + "\n".join(rows))
    page = write_report(
        path, tmp_path / "out", ReportOptions(baseline="base", reference="rec", screening="none")
    )
    assert not re.search(r"\b(nan|inf|None)\b", "".join(_parse(page).text))
    assert "not defined" in page.read_text()
    json.loads((tmp_path / "out" / "report.json").read_text(), parse_constant=pytest.fail)
    # No spreadsheet runs a name, and tables hold nothing either where there is no number.
    for table in (tmp_path / "out" / "tables").glob("*.csv"):
        assert not re.search(r"(^|[,\"])=|\b(nan|inf|None)\b", table.read_text(), re.MULTILINE)
    assert "'=1+1" in (tmp_path / "out" / "tables" / "systems.csv").read_text()


def test_a_plain_csv_without_roles_still_gets_a_report(write_csv, tmp_path):
    rows = "".join(
        f"L{i},U{j},{s},{10 * i + 5 * j + (s == 'b') * (3 + i * j % 4)}\n"
        for i in range(4)
        for j in range(3)
        for s in "ab"
    )
    path = write_csv("listener,utterance,system,score\n" + rows)
    write_report(path, tmp_path / "out", ReportOptions())
    found = json.loads((tmp_path / "out" / "report.json").read_text())
    assert found["gaps"] == []
    assert found["headline"][0].startswith("a scores ")
    assert any("name it with --baseline" in warning for warning in found["warnings"])


def test_command_line_prints_the_headline_and_the_place(simulated_csv, tmp_path):
    out = tmp_path / "out"
    options = ["--baseline", "ntts", "--contrasts", "all", "--screening", "none"]
    arguments = ["report", str(simulated_csv), *options, "--note", "Hear, hear.", "-o", str(out)]
    found = CliRunner().invoke(app, arguments)
    assert found.exit_code == 0, found.output
    assert "camp closes" in found.output
    assert "Hear, hear." in found.output
    assert str(out / "report.html") in found.output
    document = json.loads((out / "report.json").read_text())
    assert len(document["comparisons"]) == 10
    assert document["command"].startswith("intone report ")
    assert "--contrasts all --screening none --note 'Hear, hear.'" in document["command"]


def test_the_command_line_starts_without_the_heavy_libraries():
    heavy = "('numpy', 'pandas', 'scipy', 'matplotlib')"
    code = f"import sys, analysis.cli; print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.slow
def test_a_folder_that_holds_other_work_keeps_it(simulated_csv, human_csv, tmp_path, planted):
    out = tmp_path / "out"
    mine = [out / "tables" / "my_notes.csv", out / "figures" / "photo.svg"]
    for path in mine:
        path.parent.mkdir(parents=True)
        path.write_text("mine")
    write_report(simulated_csv, out, ReportOptions(baseline="ntts", planted=planted))
    assert (out / "tables" / "planted.csv").is_file()
    assert (out / "figures" / "gap.svg").is_file()
    write_report(human_csv, out, ReportOptions())
    # What only the first report had is gone.
    assert not (out / "tables" / "planted.csv").exists()
    assert not (out / "figures" / "gap.svg").exists()
    assert [path.read_text() for path in mine] == ["mine", "mine"]


@pytest.mark.slow
def test_names_in_figures_are_text_and_not_mathematics(simulated_csv, tmp_path):
    odd = "v$1_{2}$"
    simulated_csv.write_text(simulated_csv.read_text().replace("kathaka", odd))
    out = tmp_path / "out"
    write_report(simulated_csv, out, ReportOptions(baseline="ntts"))
    for name in ("systems", "gap", "comparisons"):
        svg = (out / "figures" / f"{name}.svg").read_text()
        texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
        assert any(odd in text for text in texts)


@pytest.mark.slow
def test_a_planted_gap_that_was_refused_is_not_called_missed(simulated_csv, tmp_path, planted):
    lines = [line for line in simulated_csv.read_text().splitlines() if "recordings" not in line]
    copies = [
        line.replace("ntts", "recordings").replace("system", "reference")
        for line in lines
        if "ntts" in line
    ]
    simulated_csv.write_text("\n".join([*lines, *copies]))
    out = tmp_path / "out"
    page = _parse(write_report(simulated_csv, out, ReportOptions(baseline="ntts", planted=planted)))
    row = json.loads((out / "report.json").read_text())["planted"][-1]
    assert (row["kind"], row["covered"]) == ("gap", None)
    text = " ".join("".join(page.text).split())
    assert "Gap closed by camp26.0 %not definednot definednot defined" in text


def test_a_missing_concordance_is_blamed_on_few_systems_only_where_they_are_few(
    write_csv, tmp_path
):
    rows = "".join(f"L0,U{j},{s},{10 * j + k * k}\n" for j in range(4) for k, s in enumerate("abc"))
    page = write_report(
        write_csv("listener,utterance,system,score\n" + rows), tmp_path / "out", ReportOptions()
    )
    assert "needs 3 systems" not in page.read_text()
