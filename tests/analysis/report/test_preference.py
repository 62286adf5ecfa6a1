"""Report of preferences from tables, databases and other tools."""

import itertools
import json
import re
import shlex
import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import analysis
from analysis.cli import app
from analysis.data.preferences import read_preferences
from analysis.report.preference.document import preference_document
from analysis.report.preference.write import analyse_preferences
from analysis.report.write import write_report
from analysis.wording import SIMULATED
from intone.contracts import ReportOptions
from intone.errors import UserError
from mushra_app.interchange.analysis_plan import Plan
from mushra_app.rehearsal.run import rehearse
from mushra_app.study.steps import TrainingStep, TrialsStep
from tests.analysis.data import foreign
from tests.mushra_app.support import make_study

STRENGTHS = {"camp": 0.9, "kathaka": 0.4, "ntts": -0.6}
HEADER = "listener,utterance,system_a,system_b,choice\n"
PAIR_KEYS = {
    "x", "y", "share_x", "share_none", "share_y", "estimate", "ci", "p", "p_adjusted", "model_win",
    "model_ci", "naive_p", "text",
}  # fmt: skip


def _choices(side: float = 0.0, origin: str = "human") -> pd.DataFrame:
    """Return choices of 20 listeners with a preference for the first side."""
    rng, rows = np.random.default_rng(3), []
    for i, j in itertools.product(range(20), range(12)):
        for page, (a, b) in enumerate(itertools.combinations(STRENGTHS, 2)):
            first = "ab"[(i + j + page) % 2]
            odds = [STRENGTHS[a] + side * (first == "a"), STRENGTHS[b] + side * (first == "b")]
            p = np.exp([*odds, sum(odds) / 2 - 1])
            choice = ("a", "b", "none")[rng.choice(3, p=p / p.sum())]
            rows.append((f"L{i:02}", f"U{j:02}", a, b, choice, first, (5 * j + 7 * i + page) % 36))
    names = [*HEADER.strip().split(","), "first_on_screen", "page_index"]
    return pd.DataFrame(rows, columns=pd.Index(names)).assign(origin=origin)


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    """Return a rehearsal that favours the first side, with uncounted pages."""
    frame = _choices(side=1.0, origin="simulated").assign(phase="test")
    practice = frame.head(4).assign(phase="training", choice="none")
    path = tmp_path_factory.mktemp("ab") / "ab.csv"
    pd.concat([frame, practice]).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def built(table):
    """The folder of its report, and what the command line said."""
    out = table.parent / "out"
    said = CliRunner().invoke(app, ["report", str(table), "--seed", "4", "-o", str(out)])
    assert said.exit_code == 0, said.output
    return out, said.output


@pytest.fixture(scope="module")
def found(built):
    return json.loads((built[0] / "report.json").read_text(), parse_constant=pytest.fail)


def test_every_pair_and_every_system_is_answered(found):
    assert found["kind"] == "preferences"
    assert {(p["x"], p["y"]) for p in found["pairs"]} == {
        ("camp", "kathaka"),
        ("camp", "ntts"),
        ("kathaka", "ntts"),
    }
    for pair in found["pairs"]:
        assert pair.keys() >= PAIR_KEYS
        assert pair["share_x"] + pair["share_none"] + pair["share_y"] == pytest.approx(1)
        assert pair["ci"][0] < pair["estimate"] < pair["ci"][1]
        assert pair["p"] <= pair["p_adjusted"] <= 1
    assert [a["system"] for a in found["abilities"]] == list(STRENGTHS)
    # Centred, with the habit of a balanced side cancelled: the planted strengths come back.
    planted = np.array(list(STRENGTHS.values())) - np.mean(list(STRENGTHS.values()))
    for ability, strength in zip(found["abilities"], planted, strict=True):
        assert ability["ci"][0] - 0.1 < strength < ability["ci"][1] + 0.1
        assert ability["elo"] == pytest.approx(ability["log_strength"] * 400 / np.log(10))
    assert found["design"]["n_choices"] == 720
    assert "4 choices of training pages do not count." in found["warnings"]
    assert found["command"].endswith("--seed 4 -o report") and found["seed"] == 4


def test_the_sentence_has_shares_interval_and_p(found, built):
    first = found["headline"][0]
    assert re.search(
        r"camp was preferred in \d+\.\d %, kathaka in .* neither in .* of 240 choices; the "
        r"difference of \+\d.* percentage points \(95 % CI .* to .*\) is .*significant, p .*, Holm "
        r"over 3 pairs p .*; 20 listeners × 12 utterances\.",
        first,
    )
    assert first in built[1] and str(built[0] / "report.html") in built[1]
    assert "Davidson 1970" in found["methods_text"] and "Holm" in found["methods_text"]
    assert "95 % CI [" in found["results_text"]


def test_simulated_choices_are_labelled_in_every_output(found, built):
    out = built[0]
    page = (out / "report.html").read_text()
    assert found["origin"] == "simulated"
    assert all(text.startswith(SIMULATED) for text in found["headline"])
    captions = re.findall(r"<(?:fig)?caption>(.*?)</(?:fig)?caption>", page, re.S)
    assert len(captions) >= 7 and all(SIMULATED in caption for caption in captions)
    assert {p.name for p in (out / "figures").iterdir()} == {
        "preferences.svg",
        "preferences.pdf",
        "abilities.svg",
        "abilities.pdf",
    }
    names = {p.name for p in (out / "tables").iterdir()}
    assert {"pairs.csv", "abilities.csv", "sides.csv", "listeners.csv", "pairs.tex"} <= names
    for path in [*(out / "tables").iterdir(), *(out / "figures").glob("*.svg")]:
        assert SIMULATED in path.read_text()


def test_the_page_asks_for_nothing_and_prints_no_nan(built):
    page = (built[0] / "report.html").read_text()
    assert not re.search(r"https?://|url\((?!#)|@import|<script|<link|<img", page)
    text = re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.S)
    assert not re.search(r"\b(nan|inf|None)\b", text)


def test_preference_for_one_side_is_reported(found):
    sides = found["sides"]
    assert sides["recorded"] and sides["share_first"] > sides["share_second"] + 0.1
    assert sides["p"] < 0.001
    assert any("The first version was chosen more often" in w for w in found["warnings"])
    assert all(abs(pair["n_x_first"] - pair["n_y_first"]) == 0 for pair in sides["pairs"])
    assert {light["name"]: light["state"] for light in found["lights"]}["Order"] == "good"


def test_a_listener_who_only_takes_one_side_is_shown(table):
    frame = pd.read_csv(table)
    frame.loc[frame["listener"] == "L07", "choice"] = frame["first_on_screen"]
    path = table.with_name("lazy.csv")
    frame.to_csv(path, index=False)
    result = analyse_preferences(read_preferences(path), exclude=["L19"], draws=50)
    found = preference_document(result, "", [])
    flagged = {row["listener"]: row["flags"] for row in found["listeners"] if row["flags"]}
    assert flagged["L07"] == ["nearly always chose one side"]
    assert found["screening"]["excluded"] == [{"listener": "L19", "reasons": ["named"]}]
    assert found["design"]["n_listeners"] == 19
    assert found["screening"]["without"]["pairs"][0]["n_listeners"] == 20


def _grid(choice: str, n_l: int = 6, n_u: int = 5, pairs: tuple[str, ...] = ("x,y",)) -> str:
    """Return choices from the string `choice` in turn: a, b, n."""
    turns = itertools.cycle({"a": "a", "b": "b", "n": "none"}[c] for c in choice)
    cells = itertools.product(range(n_l), range(n_u), pairs)
    return HEADER + "".join(f"L{i},U{j},{pair},{next(turns)}\n" for i, j, pair in cells)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the file is empty"),
        (HEADER, "the table has no choices, only a header"),
        (_grid("aab") + "L0,U0,y,x,a\n", r"line 32: listener 'L0' already chose .*\(line 2\); del"),
        (_grid("aab") + "L9,U0,x,y,left\n", r"line 32: choice is 'left'; it must be one of a, b"),
        (_grid("aab") + "L9,U0,x,y,\n", "line 32: the choice is missing; write a, b or none"),
        (_grid("aab") + "L9,U0,,y,a\n", "line 32: column system_a is blank"),
        (_grid("aab") + "L9,U0,x,x,a\n", "line 32: system_b is 'x'; it is compared with itself"),
        (_grid("aabn", pairs=("x,y", "p,q")), "'p' is never compared with 'x'"),
        ("listener,utterance,system_a,system_b\nL,U,x,y\n", "no column choice; found"),
        (HEADER.replace("choice", "choice,phase") + "L,U,x,y,a,gold\n", "no choice has phase test"),
        (_grid("aab").replace("L0", "Zoé").encode("latin-1"), "not a CSV table in UTF-8"),
    ],
)  # fmt: skip
def test_bad_tables_are_refused_in_one_sentence(tmp_path, text, sentence):
    path = tmp_path / "bad.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError, match=sentence) as refused:
        write_report(path, tmp_path / "out", ReportOptions())
    assert str(refused.value).startswith("bad.csv") and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "warnings", "n_abilities"),
    [
        (_grid("aanb", n_l=1), ["Only one listener took part"], 2),
        (_grid("aanb", n_u=1), ["Only one utterance was heard"], 2),
        (_grid("n"), ["all choices are the same", "No listener ever preferred anything"], 0),
        (_grid("a"), [r"are 6 to 0 \(sign test p = .031; these texts only\)", "only the order"], 0),
    ],
)
def test_limits_of_little_data_are_named(tmp_path, text, warnings, n_abilities):
    path = tmp_path / "small.csv"
    path.write_text(text)
    page = write_report(path, tmp_path / "out", ReportOptions()).read_text()
    found = json.loads((tmp_path / "out" / "report.json").read_text(), parse_constant=pytest.fail)
    for warning in warnings:
        assert any(re.search(warning, said) for said in found["warnings"])
    assert sum(a["log_strength"] is not None for a in found["abilities"]) == n_abilities
    assert found["sides"] is None and found["origin"] == "imported:csv"
    assert not re.search(r"\bnan\b", re.sub(r"<style>.*?</style>", "", page, flags=re.S))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"anchor_low": "ntts"}, "--anchor-low has"),
        ({"scale": (1, 5), "margin": 3.0}, "--margin and --scale have"),
        ({"screening": "bs1534-3"}, "--screening has"),
        ({"page_type": "mushra"}, "no pages of type 'mushra'"),
    ],
)
def test_options_without_a_meaning_are_refused(table, options, named):
    with pytest.raises(UserError, match=f"ab.csv: holds preferences.*{named}"):
        write_report(table, table.parent / "never", ReportOptions(**options))


def test_the_command_of_an_analysis_plan_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("ab.csv").write_text(_grid("aab"))
    options = {"baseline": "x", "reference": "y", "screening": "mpeg", "listeners": 40}
    plan = Plan.model_validate({**options, "repeats": "mean", "alpha": 0.01})
    command = plan.command("ab.csv", preferences=True)
    result = CliRunner().invoke(app, shlex.split(command)[1:])
    assert result.exit_code == 0, result.output
    report = json.loads(Path("report/report.json").read_text())
    assert (report["alpha"], report["command"]) == (0.01, command)


def test_both_orders_of_a_pair_count_where_they_are_numbered(tmp_path):
    once = _choices()
    again = once.rename(columns={"system_a": "system_b", "system_b": "system_a"})
    again["choice"] = once["choice"].map({"a": "b", "b": "a", "none": "none"})
    path = tmp_path / "twice.csv"
    both = pd.concat([once.assign(repeat=0), again.assign(repeat=1)])
    both.drop(columns="first_on_screen").to_csv(path, index=False)
    first, all_ = (read_preferences(path, repeats=r) for r in ("first", "mean"))
    assert (len(first.frame), len(all_.frame)) == (720, 1440)
    assert "720 repeated choices do not count." in first.notes
    one, two = (analysis.preference_table(choices)[0] for choices in (first, all_))
    # The same choices twice are no more listeners and no more texts: nothing gets surer.
    assert (two.n, two.fit.p) == (2 * one.n, pytest.approx(one.fit.p))


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """Return a rehearsed AB study with gold and practice pages."""
    steps = [TrainingStep(pages=1), TrialsStep(page="ab", attention=1)]
    folder = tmp_path_factory.mktemp("study")
    return rehearse(make_study(folder, sitting=steps), 2, progress=False)


def test_a_study_of_choices_only_just_works(study, tmp_path):
    write_report(study, tmp_path / "out", ReportOptions())
    found = json.loads((tmp_path / "out" / "report.json").read_text())
    assert (found["kind"], found["origin"]) == ("preferences", "simulated")
    with sqlite3.connect(study) as database:
        query = "SELECT COUNT(*) FROM preferences_v1 WHERE phase = 'test'"
        assert found["design"]["n_choices"] == database.execute(query).fetchone()[0]
    assert any("of gold pages do" in warning for warning in found["warnings"])
    assert read_preferences(study).sides_recorded


def test_a_database_of_both_kinds_asks_which(study, tmp_path):
    path = tmp_path / "both.sqlite"
    with sqlite3.connect(study) as old, sqlite3.connect(path) as new:
        old.backup(new)
        new.execute("UPDATE page SET phase = 'test' WHERE kind = 'mushra'")
        new.commit()
    with pytest.raises(UserError, match="choose with --page-type mushra or --page-type ab"):
        write_report(path, tmp_path / "out", ReportOptions())
    write_report(path, tmp_path / "out", ReportOptions(page_type="ab"))
    found = json.loads((tmp_path / "out" / "report.json").read_text())
    assert found["kind"] == "preferences" and "--page-type ab" in found["command"]


def test_choices_of_another_tool_get_the_report(tmp_path):
    orders = ("A=A, B=B", "A=B, B=A")
    sitting = [
        {
            "TestID": f"t{n}",
            "PresentationOrder": orders[n % 2],
            "Runtime": 5,
            "Preference": "AB"[n % 3 % 2],
        }
        for n in range(8)
    ]
    path = foreign.write_json(tmp_path / "p.txt", sitting)
    write_report(path, tmp_path / "out", ReportOptions())
    found = json.loads((tmp_path / "out" / "report.json").read_text())
    assert found["origin"] == "imported:beaqlejs" and found["sides"]["recorded"]
    assert any("called A and B" in warning for warning in found["warnings"])


def test_notebook_prints_and_displays_preferences(table):
    choices = analysis.read_preferences(table)
    pairs, abilities = analysis.preference_table(choices), analysis.ability_table(choices)
    assert len(pairs) == len(pairs.to_frame()) == 3
    assert "camp was preferred in" in str(pairs) and "camp: log strength +" in str(abilities)
    for shown in (pairs, abilities):
        assert SIMULATED in str(shown) and SIMULATED in shown._repr_html_()
        assert shown._repr_html_().count("<tr") == 4
