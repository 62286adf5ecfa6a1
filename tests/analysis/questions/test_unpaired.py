"""Designs in which no listener hears two systems on one text."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.data.ratings import Pages, read_ratings
from analysis.questions.subgroups import subgroups
from analysis.questions.unpaired import UNPAIRED, unpaired_fit, welch
from analysis.report.methods import methods_text
from analysis.report.result import analyse
from analysis.report.warnings import warnings
from intone.errors import UserError

SYSTEMS = ("a", "b", "c", "d")


def _rotated(frame: pd.DataFrame) -> pd.DataFrame:
    """Rotated design: a listener hears one system per text."""
    order = sorted(frame["system"].unique())
    turn = frame["listener"].str[1:].astype(int) + frame["utterance"].str[1:].astype(int)
    return frame[frame["system"] == np.array(order)[turn % len(order)]]


@pytest.fixture
def read(tmp_path):
    def run(frame: pd.DataFrame, **roles):
        path = tmp_path / "study.csv"
        frame.to_csv(path, index=False)
        return read_ratings(path, **roles)

    return run


def test_false_positives_stay_near_5_percent():
    """Calibration with the scatter of real tests.

    Listener 10, text 3, listener x and text x system 6, noise 13.
    """
    rng, runs, found, naive = np.random.default_rng(0), 400, 0, 0
    listener, utterance = np.indices((24, 16)).reshape(2, -1)
    system = (listener + utterance) % 4
    cell = (np.arange(len(system)), system)
    names = tuple(map(str, range(24)))
    for _ in range(runs):
        scores = np.full((len(system), 4), np.nan)
        scores[cell] = np.clip(
            50
            + rng.normal(0, 10, 24)[listener]
            + rng.normal(0, 3, 16)[utterance]
            + rng.normal(0, 6, (24, 4))[listener, system]
            + rng.normal(0, 6, (16, 4))[utterance, system]
            + rng.normal(0, 13, len(system)),
            0,
            100,
        )
        pages = Pages(listener, utterance, scores, SYSTEMS, names, names)
        fit = unpaired_fit(pages, "a", "b")
        assert fit is not None
        assert fit.df == 15
        found += fit.p < 0.05
        naive += welch(pages, "a", "b")[1] < 0.05
    assert 0.02 < found / runs < 0.09
    assert naive > found


def test_by_hand(read, make_study):
    """Variance of Cameron, Gelbach and Miller; t with 8 - 1 df."""
    ratings = read(_rotated(make_study(8, 12, 3, a=40.0, b=50.0, c=60.0, d=70.0)))
    (c,) = (c for c in analyse(ratings, rule="none").comparisons if (c.x, c.y) == ("a", "b"))
    rows = ratings.frame[ratings.frame["system"].isin(["a", "b"])]
    means, n = (rows.groupby("system")["score"].transform(how) for how in ("mean", "size"))
    share = (rows["score"] - means) / n * np.where(rows["system"] == "a", 1, -1)
    by = [share.groupby(rows[k]).sum() for k in ("listener", "utterance")]
    variance = (by[0] ** 2).sum() + (by[1] ** 2).sum() - (share**2).sum()
    assert c.fit.se == pytest.approx((variance * 8 / 7) ** 0.5, rel=1e-9)
    assert c.fit.p == pytest.approx(2 * stats.t.sf(abs(c.fit.t), 7), rel=1e-9)
    x, y = (rows.loc[rows["system"] == s, "score"] for s in "ab")
    test = stats.ttest_ind(x, y, equal_var=False)
    assert c.naive_p == pytest.approx(float(np.asarray(test)[1]), rel=1e-9)


def test_unpaired_study_gets_its_gap_and_is_labelled_in_every_output(read, make_study):
    frame = _rotated(make_study(12, 16, 1, base=40.0, x=52.0, y=46.0, rec=90.0))
    result = analyse(read(frame, baseline="base", reference="rec"), rule="none")
    assert {c.fit.method for c in result.comparisons} == {UNPAIRED}
    x, y = result.gaps
    means = frame.groupby("system")["score"].mean()
    assert x.gap == pytest.approx((means["x"] - means["base"]) / (means["rec"] - means["base"]))
    assert y.ci[0] < y.gap < y.ci[1]
    assert not x.paired
    said = " ".join([*result.headline, *warnings(result), methods_text(result)])
    assert "means of different pages are compared (unpaired)" in result.headline[0]
    assert "x − base, y − base: no listener rated both on one text (unpaired)" in said
    assert "Systems were compared by the difference of their means over all their ratings" in said
    assert "within-page" not in said
    assert "Wilcoxon" not in said
    assert "nan" not in said.lower()


def test_single_listener_or_text_is_confounded_with_the_system(read, make_study):
    frame = make_study(6, 6, 3, a=50.0, b=60.0)
    for column, first in (("utterance", "U00"), ("listener", "L00")):
        apart = frame[(frame["system"] == "a") == (frame[column] == first)]
        with pytest.raises(UserError, match="nor each by two listeners on two utterances"):
            analyse(read(apart), rule="none")


def test_a_group_with_one_text_against_one_with_several_has_no_test(read, make_study):
    ratings = read(make_study(8, 6, 3, a=50.0, b=60.0))
    kinds = {f"U{j:02}": "question" if j == 0 else "statement" for j in range(6)}
    (contrast,) = subgroups(ratings, "a", "b", "utterance", kinds).contrasts
    assert contrast.df == 0
    assert "not defined" in contrast.text


def test_a_gain_that_never_varies_has_no_interval_and_no_percentage(read, make_study):
    frame = make_study(8, 6, 3, base=50.0, x=60.0, rec=90.0)
    same = frame.loc[frame["system"] == "base", "score"].to_numpy()
    frame.loc[frame["system"] == "x", "score"] = same
    (gap,) = analyse(read(frame, baseline="base", reference="rec"), rule="none").gaps
    assert not gap.defined
    assert gap.text.startswith("No gap percentage for x: x − base is the same everywhere")
