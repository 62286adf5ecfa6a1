"""Further sections of a report: present, consistent, without NaN."""

import json
import re
import time
from dataclasses import replace
from html import unescape

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from typer.testing import CliRunner

from analysis.cli import app
from analysis.data.ratings import read_ratings
from analysis.questions.screening import screen
from analysis.report.details import details, looks_taken
from analysis.report.latex import escape
from analysis.report.methods import results_text
from analysis.report.result import analyse
from analysis.report.watch import fingerprint, watch
from analysis.report.write import write_report
from intone.contracts import ReportOptions, bs1534
from intone.contracts.bs1534 import DEPARTS, MET, REPORT
from intone.errors import UserError

SECTIONS = (
    "design", "systems", "gap", "comparisons", "pairs", "variance", "texts", "listeners",
    "agreement", "sensitivity", "next", "standard", "paste",
)  # fmt: skip


@pytest.fixture(scope="module")
def csv(make_study, tmp_path_factory):
    """A study with positions, times and two arms."""
    frame = make_study(12, 6, 5, rec=97.0, low=20.0, mid=40.0, base=52.0, x=60.0, y=66.0)
    frame["score"] = frame["score"].where(frame["system"] != "rec", 96.0 + frame.index % 5)
    roles = {"rec": "reference", "low": "anchor_low", "mid": "anchor_mid"}
    rng = np.random.default_rng(0)
    frame["role"] = frame["system"].map(roles).fillna("system")
    frame["origin"] = "human"
    frame["arm"] = np.where(frame["listener"] < "L06", "headphones", "loudspeakers")
    page = frame["utterance"].str[1:].astype(int) + frame["listener"].str[1:].astype(int)
    frame["page_index"] = page % 6
    frame["stimulus_index"] = rng.integers(0, 6, len(frame))
    path = tmp_path_factory.mktemp("study") / "study.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def made(csv, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    write_report(csv, out, ReportOptions(baseline="base", margin=15.0, seed=3))
    return out, json.loads((out / "report.json").read_text())


def test_every_section_is_there_and_can_be_jumped_to(made):
    page = (made[0] / "report.html").read_text()
    assert re.findall(r'<section id="([a-z]+)">', page) == list(SECTIONS)
    jumps = re.findall(r'<a href="#([a-z]+)">', page)
    assert jumps and set(jumps) <= set(SECTIONS)
    assert not re.search(r">\s*(nan|inf|None)\b|\bnan\b", page)


def test_tables_and_figures_of_every_part(made):
    out, found = made
    tables = {path.stem for path in (out / "tables").glob("*.csv")}
    assert tables >= {
        "matrix", "omnibus", "effects", "wins", "ranks", "sensitivity", "equivalence", "texts",
        "arms", "listeners", "order", "distributions", "medians", "anova", "planned_contrasts",
        "compliance", "planning", "unscreened", "scopes", "text_means",
    }  # fmt: skip
    pdfs = list((out / "figures").glob("*.pdf"))
    assert len(pdfs) == 11
    assert all(path.read_bytes().startswith(b"%PDF-") for path in pdfs)
    texts = pd.read_csv(out / "tables" / "texts.csv")
    own = texts[texts["x"] == "y"]["mean"]
    (row,) = (c for c in found["comparisons"] if c["x"] == "y")
    assert own.mean() == pytest.approx(row["raw"])
    assert found["seed"] == 3
    assert "--margin 15 --seed 3" in found["command"]


def test_latex_tables_print_what_the_report_prints(made):
    out, found = made
    text = (out / "tables" / "gaps.tex").read_text()
    assert text.count(r" \\") == 1 + len(found["gaps"])
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 1
    assert f"{100 * found['gaps'][0]['gap']:.1f}" in text
    assert escape("a_b & 5 % < #1") == r"a\_b \& 5 \% $<$ \#1"


def test_requirements_follow_the_design(csv, made):
    status = {row["requirement"]: row["status"] for row in made[1]["compliance"]}
    assert status[bs1534.ANCHORS.requirement] == MET
    assert status[bs1534.ORDER.requirement] == MET
    assert status[bs1534.PANEL.requirement] == DEPARTS
    assert status[bs1534.TRAINING.requirement] == REPORT
    assert status[bs1534.VARIANCE.requirement] == MET
    assert bs1534.CAUTION in unescape((made[0] / "report.html").read_text())
    bare = analyse(read_ratings(csv, baseline="base", anchor_low="mid", anchor_mid="low"))
    swapped = {row.requirement: row.status for row in details(bare).requirements}
    assert swapped[bs1534.ANCHOR_DISTANCE.requirement] == DEPARTS
    frame = pd.read_csv(csv)
    frame["stimulus_index"] = frame["system"].astype("category").cat.codes
    fixed = csv.with_name("fixed.csv")
    frame[frame["system"] != "low"].to_csv(fixed, index=False)
    less = analyse(read_ratings(fixed, baseline="base"))
    status = {row.requirement: row.status for row in details(less).requirements}
    assert status[bs1534.ORDER.requirement] == DEPARTS
    assert status[bs1534.ANCHORS.requirement] == DEPARTS


def test_results_sentence_holds_the_numbers_of_the_tables(csv):
    result = analyse(read_ratings(csv, baseline="base"))
    text = results_text(result)
    for c in result.comparisons:
        assert f"{c.x} (M = " in text
        assert f"t({c.fit.df:.1f}) = {c.fit.t:.2f}" in text
    assert text.count("95 % Fieller CI [") == len(result.gaps)


def test_looks_are_corrected_for(csv):
    result = analyse(read_ratings(csv, baseline="base"))
    assert looks_taken(result, None) is None
    seen = replace(result, everybody=replace(result.everybody, look_sizes=(6, 6, 9, 12)))
    looks = looks_taken(seen, None)
    assert looks is not None
    assert looks.listeners == (6, 9)
    assert 0.05 < looks.uncorrected < 0.15
    assert 0.03 < looks.alpha < 0.05
    assert "looked at with 6, 9 listeners and now with 12 of 12 planned" in looks.text
    early = looks_taken(seen, 40)
    assert early is not None and early.alpha < 0.001
    overrun = looks_taken(seen, 5)
    assert overrun is not None and overrun.alpha == looks.alpha
    assert "now with 12 of 5 planned" in overrun.text


def test_alpha_decides_verdicts_intervals_and_texts_of_the_whole_report(csv, tmp_path, made):
    write_report(csv, tmp_path, ReportOptions(baseline="base", margin=15.0, seed=3, alpha=0.4))
    strict = json.loads((tmp_path / "report.json").read_text())
    usual = made[1]
    assert (usual["alpha"], strict["alpha"]) == (0.05, 0.4)
    page = (tmp_path / "report.html").read_text()
    assert "60 % interval" in page and "<dd>40 %</dd>" in page and "--alpha 0.4" in page
    # Kept at 95 %: shuffles of listeners, the range of scores, the standard's own demand.
    assert set(re.findall(r"95 % \w+ \w+", page)) <= {
        "95 % of shuffles",
        "95 % of the",
        "95 % intervals, box",
    }
    for x, y in zip(usual["comparisons"], strict["comparisons"], strict=True):
        assert x["p"] == y["p"]
        half = stats.t.ppf(0.8, x["df"]) * x["se"]
        assert y["ci"] == pytest.approx([x["estimate"] - half, x["estimate"] + half])
    assert "(60 % CI " in strict["headline"][0]
    assert "The two-sided level was 40 %; intervals are 60 % ones." in strict["methods_text"]
    assert any("20 % CI" in row["text"] for row in strict["equivalence"])
    assert "60 \\% CI" in (tmp_path / "tables" / "systems.tex").read_text()


def test_rules_of_ones_own_and_listeners_named_by_hand(csv):
    ratings = read_ratings(csv, baseline="base")
    own = screen(ratings, lambda r: {r.listeners[0]: ["slept"]})
    assert (own.rule, own.excluded[0].reasons) == ("own", ("slept",))
    named = screen(ratings, "none", exclude=["L03"])
    assert named.rule == "none + named"
    assert "L03" not in named.kept.listeners
    with pytest.raises(UserError, match=r"no listener 'L99' .--exclude"):
        screen(ratings, "none", exclude=["L99"])
    result = analyse(ratings, rule="none", exclude=["L03"])
    assert len(result.unscreened[0]) == len(result.comparisons)
    assert result.unscreened[0][0].fit.n_listeners == result.comparisons[0].fit.n_listeners + 1


def test_a_drift_over_pages_needs_more_than_one_order(csv, made):
    assert any("over pages" in row["name"] for row in made[1]["order"])
    frame = pd.read_csv(csv)
    frame["page_index"] = frame["utterance"].str[1:].astype(int)
    same = csv.with_name("same.csv")
    frame.to_csv(same, index=False)
    found = details(analyse(read_ratings(same, baseline="base"))).order
    assert [row.name for row in found] == ["Scores over places on the page"]


def test_a_report_follows_the_ratings(csv, tmp_path):
    """Watching survives too few ratings and skips unchanged files."""
    path = tmp_path / "running.csv"
    lines = csv.read_text().splitlines(keepends=True)
    steps = iter([lines[:2], None, lines, None])
    said, seen = [], []

    def goes_on() -> bool:
        step = next(steps, "end")
        if step == "end":
            return False
        if step is not None:
            path.write_text("".join(step))
        return True

    def make():
        seen.append(time.monotonic())
        read_ratings(path)
        return tmp_path / "report.html"

    watch(str(path), make, said.append, 0.01, goes_on)
    assert len(seen) == 2
    assert "not yet: running.csv: only one system" in said[0]
    assert said[1].endswith("report.html")
    assert fingerprint("postgresql://somewhere/db") is None


def test_power_with_a_difference_and_curves(tmp_path):
    runner = CliRunner()
    path = tmp_path / "power.svg"
    found = runner.invoke(app, ["power", "--difference", "5", "--curve", str(path)])
    assert found.exit_code == 0, found.output
    assert "5 points with 20 texts: no number of listeners is enough" in found.output
    assert "Power for 5 points (%)" in path.read_text()
    gap = runner.invoke(app, ["power", "--gap", "20", "--distance", "30"])
    assert "20 % of the gap with 100 texts: 25 listeners" in gap.output, gap.output
    for options in (["--gap", "20"], ["--gap", "20", "--distance", "30", "--difference", "5"]):
        refused = runner.invoke(app, ["power", *options])
        assert isinstance(refused.exception, UserError)
    bad = runner.invoke(app, ["power", "--curve", str(tmp_path / "x.png")])
    assert isinstance(bad.exception, UserError)
