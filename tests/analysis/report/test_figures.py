"""Report sections on pairs, texts and repeats, with audio."""

import base64
import json
import re
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.data.ratings import read_ratings
from analysis.questions.listeners import listener_report, repeats_text
from analysis.questions.texts import Item, text_means
from analysis.report.audio import sentences
from analysis.report.details import PairDetails
from analysis.report.figures import style
from analysis.report.figures.matrix import text_means_figure
from analysis.report.result import analyse
from analysis.report.warnings import lights, warnings
from analysis.report.write import write_report
from analysis.wording import interval
from intone.contracts import ReportOptions, Role, Source, Stimulus, StimulusSet
from intone.errors import UserError
from intone.files import sha256

CSS = Path(style.__file__).parents[1] / "templates" / "report.css"
LONG = "kathaka_bert_mel_v10"


@pytest.fixture(scope="module")
def csv(make_study, tmp_path_factory):
    """Return a study with two texts rated twice, 2 points apart."""
    frame = make_study(6, 6, 5, rec=97.0, base=50.0, y=56.0, **{LONG: 62.0})
    frame["score"] = frame["score"].clip(10, 98).where(frame["system"] != "rec", 97.0)
    frame["role"] = np.where(frame["system"] == "rec", "reference", "system")
    frame["origin"] = "human"
    again = frame[frame["utterance"].isin(["U00", "U01"])].assign(phase="repeat", repeat=1)
    again["score"] += np.where(np.arange(len(again)) % 2, 2.0, -2.0)
    path = tmp_path_factory.mktemp("study") / "study.csv"
    pd.concat([frame.assign(phase="test", repeat=0), again]).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def stimuli(tmp_path_factory):
    """Return the study's stimulus set of short, different sounds."""
    folder = tmp_path_factory.mktemp("stimuli")
    source = Source(kind="import")
    systems: list[tuple[str, Role]] = [
        ("rec", "reference"),
        ("base", "system"),
        ("y", "system"),
        (LONG, "system"),
    ]
    found = []
    for j in range(6):
        for k, (system, role) in enumerate(systems):
            path = folder / f"{system}_{j}.wav"
            with wave.open(str(path), "wb") as file:
                file.setparams((1, 2, 16000, 0, "NONE", "not compressed"))
                file.writeframes(np.full(160, 10 * j + k, np.int16).tobytes())
            found.append(
                Stimulus(
                    sentence=f"U{j:02}",
                    text=f"Sentence <{j}>.",
                    system=system,
                    role=role,
                    path=path.name,
                    sha256=sha256(path),
                    seconds=0.01,
                    sample_rate=16000,
                    loudness_lufs=None,
                    source=source,
                )
            )
    StimulusSet(
        name="test", voice="noise", licence="CC0-1.0", created_by="a test", stimuli=found
    ).write(folder)
    return folder


@pytest.fixture(scope="module")
def ratings(csv):
    return read_ratings(csv, baseline="base")


@pytest.fixture(scope="module")
def made(csv, stimuli, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    write_report(csv, out, ReportOptions(baseline="base", stimuli=stimuli, screening="none"))
    return (out / "report.html").read_text(), json.loads((out / "report.json").read_text())


def test_the_worst_texts_can_be_heard_in_the_page_itself(made, stimuli):
    page, found = made
    players = re.findall(r'<audio controls preload="none" src="([^"]*)"', page)
    first = found["comparisons"][0]
    worst = [r["utterance"] for r in found["texts"] if (r["x"], r["y"]) == (first["x"], first["y"])]
    assert len(players) == 5 * 3
    wanted = [
        (stimuli / f"{system}_{int(name[1:])}.wav").read_bytes()
        for name in worst[:5]
        for system in (first["x"], first["y"], "rec")
    ]
    prefix = "data:audio/wav;base64,"
    assert all(uri.startswith(prefix) for uri in players)
    assert [base64.b64decode(uri.removeprefix(prefix)) for uri in players] == wanted
    assert f"Sentence &lt;{int(worst[0][1:])}&gt;." in page
    assert not re.search(r'(src|href)="(?!data:audio/|#)', page)
    assert f"--stimuli {stimuli}" in found["command"]


def test_a_stimulus_set_that_was_not_rated_is_refused_in_one_sentence(ratings, stimuli, tmp_path):
    found = StimulusSet.read(stimuli)
    pair = _pair(LONG, "base", "U03")
    with pytest.raises(UserError, match=r"no system 'unknown', which study.csv has ratings of"):
        sentences(found, stimuli, ratings, replace(pair, x="unknown"))
    with pytest.raises(UserError, match=r"no sentence 's1', .*it has 'U00', .*; give the stimulus"):
        sentences(found, stimuli, ratings, _pair(LONG, "base", "s1"))
    odd = found.model_copy(
        update={"stimuli": [s.model_copy(update={"path": s.path + ".au"}) for s in found.stimuli]}
    )
    for stimulus in odd.stimuli:
        (tmp_path / stimulus.path).write_bytes(b"")
    with pytest.raises(UserError, match=r"browsers do not play \.au; convert it"):
        sentences(odd, tmp_path, ratings, pair)


def test_audio_that_is_missing_or_changed_is_refused_before_anything_is_written(
    csv, stimuli, tmp_path
):
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in stimuli.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    out = tmp_path / "out"

    def refused(folder: Path, message: str) -> None:
        with pytest.raises(UserError, match=message):
            write_report(csv, out, ReportOptions(baseline="base", stimuli=folder))
        assert not out.exists()

    (copy / "y_3.wav").write_bytes(b"other")
    refused(copy, r"y_3\.wav: changed since stimuli\.json was written")
    (copy / "y_3.wav").unlink()
    refused(copy, r"y_3\.wav: named in stimuli\.json but missing")
    refused(tmp_path / "nowhere", "nowhere: no such file; make a set")


def test_repeats_give_the_scatter_of_one_rating(ratings, made):
    rows = listener_report(ratings)
    assert {row.n_repeats for row in rows} == {8}
    # Half the differences are +2, half -2.
    assert [row.repeat_sd for row in rows] == pytest.approx([(4 * 8 / 7 / 2) ** 0.5] * 6)
    assert all(row.repeat_r > 0.98 for row in rows)
    text = repeats_text(rows)
    assert "The median of 6 listeners who rated 8 stimuli twice scatters by 1.5 points" in text
    assert text in " ".join(made[0].split())
    few = replace(ratings, again=ratings.again.groupby("listener").head(2))
    short = listener_report(few)
    assert np.isnan([row.repeat_sd for row in short]).all()
    assert repeats_text(short) == ""


def test_report_without_repeats_does_not_mention_them(csv, tmp_path):
    frame = pd.read_csv(csv)
    once = tmp_path / "once.csv"
    frame[frame["repeat"] == 0].to_csv(once, index=False)
    found = read_ratings(once, baseline="base")
    assert found.repeated == 0
    assert repeats_text(listener_report(found)) == ""


def test_repeats_are_read_whether_numbered_or_named(csv, ratings, tmp_path):
    frame = pd.read_csv(csv).drop(columns="repeat")
    named = tmp_path / "named.csv"
    frame.to_csv(named, index=False)
    assert read_ratings(named, baseline="base").again.equals(ratings.again)
    both = read_ratings(csv, baseline="base", repeats="mean")
    assert both.again.equals(ratings.again)


def test_matrix_shows_difference_p_stars_and_effect_size(made):
    page, found = made
    assert len(found["matrix"]) == 6
    for row in found["matrix"]:
        assert len(row["stars"]) == sum(row["p_adjusted"] < level for level in (0.05, 0.01, 0.001))
        assert abs(row["size"]) == sum(abs(row["dz"]) >= edge for edge in (0.2, 0.5, 0.8, 2.0))
        assert row["size"] * row["dz"] >= 0
    (table,) = re.findall(r'<table class="matrix">.*?</table>', page, re.S)
    assert table.count("***") >= 3
    assert len(re.findall(r'<td class="(up|down)[1-4]">', table)) == sum(
        row["size"] != 0 for row in found["matrix"]
    )


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_matrix_is_legible_on_every_tint(scheme):
    """WCAG 2.2 AA: 4.5 to 1."""
    css = CSS.read_text()
    ink = re.findall(r"--ink: (#\w{6})", css)[scheme]
    paper = re.findall(r"--paper: (#\w{6})", css)[scheme]
    tints = re.findall(r"background: rgb\((\d+) (\d+) (\d+) / (\d+)%\)", css)
    assert len(tints) == 8
    for *colour, share in tints:
        mixed = [
            int(share) / 100 * int(c) + (1 - int(share) / 100) * p
            for c, p in zip(colour, _rgb(paper), strict=True)
        ]
        assert _contrast(_rgb(ink), mixed) >= 4.5


def test_texts_by_systems(ratings):
    found = text_means(ratings, LONG, "base")
    frame = ratings.frame
    cell = frame[(frame["utterance"] == found.utterances[0]) & (frame["system"] == "y")]["score"]
    assert found.means[0, found.systems.index("y")] == pytest.approx(cell.mean())
    by = found.means[:, found.systems.index(LONG)] - found.means[:, found.systems.index("base")]
    assert (np.diff(by) >= 0).all()
    assert found.n.sum() == len(frame)


@pytest.mark.parametrize("n", [6, 30, 100, 1234])
def test_heat_map_stays_readable_with_any_number_of_texts(ratings, n):
    one = text_means(ratings, LONG, "base")
    pick = np.arange(n) % 6
    means = one.means[pick].copy()
    means[0, 0] = np.nan
    many = replace(
        one, utterances=tuple(f"text_{i:04}" for i in range(n)), means=means, n=one.n[pick]
    )
    (drawing,) = style.drawn(False, lambda: {"text_means": text_means_figure(many)}).values()
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", drawing.svg)
    named = sum(text.startswith("text_") for text in texts)
    assert named == (n if n <= 40 else 0)
    said = " ".join(texts)
    assert f"{n} texts, by {LONG} − base" in said
    assert ("neighbours together in 100 columns" in said) == (n > 100)
    assert len(drawing.svg) < 150_000
    assert not re.search(r"\bnan\b", drawing.svg)


def test_forest_plot_has_what_holds_for_less(made):
    rows = made[1]["scopes"]
    holds = {row["method"]: row["holds_for"] for row in rows}
    assert holds == {
        "listeners": "new listeners, these utterances",
        "utterances": "these listeners, new utterances",
    }
    own = {(row["x"], row["y"]): row["raw"] for row in made[1]["comparisons"]}
    assert all(row["estimate"] == pytest.approx(own[row["x"], row["y"]]) for row in rows)


def test_labels_of_long_pairs_fit_on_two_lines():
    assert style.pair_label("camp", "ntts") == "camp − ntts"
    assert style.pair_label(LONG, "baseline_ntts_22k_v2") == f"{LONG}\n− baseline_ntts_22k_v2"
    short = style.shorten("a" * 40 + "_v1")
    assert len(short) <= 36 and short.endswith("_v1")


def test_difference_not_found_may_still_exist(make_study, tmp_path):
    path = tmp_path / "none.csv"
    make_study(6, 5, 1, base=50.0, x=50.0).to_csv(path, index=False)
    result = analyse(read_ratings(path, baseline="base"))
    (c,) = result.comparisons
    assert not c.significant
    said = " ".join(warnings(result))
    allowed = f"x − base {interval(c.fit.ci())}"
    assert (
        f"does not mean equal. True differences that these ratings allow, points: {allowed}."
        in said
    )
    certain = replace(result, comparisons=(replace(c, p_adjusted=0.01),))
    assert "does not mean equal" not in " ".join(warnings(certain))


def test_few_listeners_are_named_in_words(make_study, tmp_path):
    path = tmp_path / "few.csv"
    make_study(5, 8, 1, base=50.0, x=60.0).to_csv(path, index=False)
    result = analyse(read_ratings(path, baseline="base"))
    assert "rest on few listeners (5): one more can change a verdict" in " ".join(warnings(result))
    assert [light["text"] for light in lights(result)[:2]] == ["5, too few to rely on", "8, few"]


def _pair(x: str, y: str, utterance: str) -> PairDetails:
    nan = float("nan")
    item = Item(utterance, 6, 0.0, (nan, nan), 0.0, nan, nan, False)
    return PairDetails(x, y, None, None, (item,), None, None)


def _rgb(colour: str) -> list[float]:
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def _contrast(a, b) -> float:
    def luminance(colour) -> float:
        parts = np.array(colour) / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ np.array([0.2126, 0.7152, 0.0722]))

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)
