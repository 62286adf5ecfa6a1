"""Properties that the method promises, and designs at its edge."""

import math

import numpy as np
import pandas as pd
import pytest

from analysis.compare import compare
from analysis.crossed import fit_two_way
from analysis.gap import gap_reduction
from analysis.guards import warnings
from analysis.ratings import read_ratings
from analysis.ratio import cluster_covariance, fieller
from analysis.results import analyse


def _read(tmp_path, frame, **roles):
    path = tmp_path / "r.csv"
    frame.to_csv(path, index=False)
    return read_ratings(path, **roles)


def _grid(n_l, n_u):
    listener, utterance = np.indices((n_l, n_u)).reshape(2, -1)
    return listener, utterance


def test_false_positives_stay_near_5_percent_where_page_tests_have_ten_times_as_many():
    """No true difference; listener x system and text x system scatter as in real tests."""
    rng, runs, honest, naive = np.random.default_rng(0), 600, 0, 0
    listener, utterance = _grid(20, 10)
    for _ in range(runs):
        D = rng.normal(0, 8.5, 20)[listener] + rng.normal(0, 8.5, 10)[utterance]
        D = D + rng.normal(0, 18, 200)
        honest += fit_two_way(listener, utterance, D).p < 0.05
        naive += abs(D.mean()) / (D.std(ddof=1) / 200**0.5) > 1.972
    assert 0.02 < honest / runs < 0.09
    assert naive / runs > 0.25


def test_fieller_interval_covers_the_planted_gap():
    """True gap 26 % (statistics: 94 to 96.5 % in simulations)."""
    rng, runs, covered = np.random.default_rng(1), 400, 0
    listener, utterance = _grid(24, 16)
    for _ in range(runs):
        U = np.column_stack([np.full(384, 0.26 * 28.0), np.full(384, 28.0)])
        U += rng.normal(0, 6, (24, 2))[listener] + rng.normal(0, 6, (16, 2))[utterance]
        U += rng.normal(0, 16, (384, 2))
        covariance, df = cluster_covariance(listener, utterance, U)
        assert df == 15
        ci = fieller(*U.mean(0), covariance, 2.131)
        covered += ci is not None and ci[0] <= 0.26 <= ci[1]
    assert 0.91 <= covered / runs <= 0.985


@pytest.mark.parametrize(
    ("means", "percent"),
    [((58.5, 62.3, 73.1), "26.0"), ((58.5, 68.6, 73.1), "69.2"), ((42.44, 72.4, 91.61), "60.9")],
)
def test_published_gap_percentages_follow_from_published_means(tmp_path, means, percent):
    """CAMP, its oracle (Hodari et al. 2021) and Prateek et al. 2019, by their printed means."""
    rng = np.random.default_rng(2)
    listener, utterance = _grid(25, 12)
    rows = []
    for system, mean in zip(("base", "x", "recordings"), means, strict=True):
        scatter = rng.normal(0, 2, 300)
        scores = mean + scatter - scatter.mean()
        rows.append(pd.DataFrame({
            "listener": [f"L{i}" for i in listener], "utterance": [f"U{j}" for j in utterance],
            "system": system, "score": scores,
        }))  # fmt: skip
    ratings = _read(tmp_path, pd.concat(rows), baseline="base", reference="recordings")
    (comparison,) = compare(ratings, [("x", "base")])
    gap = gap_reduction(ratings, comparison, 1)
    assert gap is not None
    assert gap.text.startswith(f"x closes {percent} % of the gap between base and recordings")


def test_no_percentage_of_a_gap_that_is_not_there(tmp_path, make_study):
    frame = make_study(10, 8, 3, base=60.0, x=63.0, recordings=62.0)
    ratings = _read(tmp_path, frame, baseline="base", reference="recordings")
    (gap,) = analyse(ratings, rule="none").gaps
    assert not gap.defined
    assert math.isnan(gap.gap)
    assert "No gap percentage for x: recordings is not clearly above base" in gap.text
    assert "points" in gap.text


def test_above_the_recordings_and_below_the_baseline(tmp_path, make_study):
    frame = make_study(20, 12, 3, base=50.0, good=90.0, bad=40.0, recordings=75.0)
    ratings = _read(tmp_path, frame, baseline="base", reference="recordings")
    good, bad = (
        gap.text for gap in sorted(analyse(ratings, rule="none").gaps, key=lambda g: -g.gap)
    )
    assert good.endswith("It scores above recordings.")
    assert bad.startswith("bad falls behind base by ")


def test_one_utterance_is_no_sample_of_texts(tmp_path, make_study):
    frame = make_study(12, 1, 3, base=50.0, x=60.0, recordings=90.0)
    result = analyse(_read(tmp_path, frame, baseline="base", reference="recordings"), rule="none")
    (comparison,), (gap,) = result.comparisons, result.gaps
    assert comparison.fit.method == "one-sample t over listeners"
    assert comparison.fit.p == pytest.approx(comparison.listener_p)
    assert comparison.fit.df == 11
    assert "the only utterance is not a sample" in gap.text
    assert any("hold for this text only" in warning for warning in warnings(result))


@pytest.mark.parametrize(("n_l", "n_u"), [(1, 1), (1, 5), (2, 2), (3, 2)])
def test_tiny_designs_are_answered_or_refused_but_never_crash(tmp_path, make_study, n_l, n_u):
    frame = make_study(n_l, n_u, 3, base=50.0, x=60.0, recordings=90.0)
    result = analyse(_read(tmp_path, frame, baseline="base", reference="recordings"), rule="none")
    (comparison,) = result.comparisons
    assert comparison.fit.defined == (n_l * n_u > 2)
    assert "nan" not in " ".join([*result.headline, *warnings(result)]).lower()


def test_constant_scores_have_no_test(tmp_path, make_study):
    frame = make_study(6, 6, 3, base=50.0, x=60.0, recordings=90.0)
    frame["score"] = frame["system"].map({"base": 50, "x": 60, "recordings": 90})
    result = analyse(_read(tmp_path, frame, baseline="base", reference="recordings"), rule="none")
    assert not result.comparisons[0].fit.defined
    assert any("no test is possible" in warning for warning in warnings(result))
    assert result.components is None


def test_listeners_agree_on_these_texts_but_the_texts_disagree(tmp_path):
    """Every listener hears the same: better on two texts of six, worse on none by much."""
    rng = np.random.default_rng(4)
    listener, utterance = _grid(20, 6)
    effect = np.array([40, 30, 0, -3, 2, -2])[utterance]
    base = np.full(120, 40.0)
    frame = pd.concat(
        pd.DataFrame({"listener": listener, "utterance": utterance, "system": s, "score": v})
        for s, v in (("base", base + rng.normal(0, 3, 120)),
                     ("x", base + effect + rng.normal(0, 3, 120)))
    )  # fmt: skip
    result = analyse(_read(tmp_path, frame, baseline="base"), rule="none")
    (c,) = result.comparisons
    assert c.fit.p > 0.05 > c.listener_p
    (warning,) = (w for w in warnings(result) if "holds for these texts" in w)
    assert "not shown for new texts" in warning
    assert c.design_effect > 5


def test_pairs_that_never_met_on_a_page_are_left_out_and_said(tmp_path, make_study):
    frame = make_study(8, 6, 3, base=50.0, x=60.0, y=55.0)
    keep = (frame["system"] != "y") | (frame["utterance"] == "none")
    apart = pd.concat([frame[keep], frame[~keep].assign(utterance="other")]).drop_duplicates(
        ["listener", "utterance", "system"]
    )
    result = analyse(_read(tmp_path, apart, baseline="base"), rule="none")
    assert [(c.x, c.y) for c in result.comparisons] == [("x", "base")]
    assert any("1 pair of systems never met" in warning for warning in warnings(result))
