"""Properties that the method promises, and designs at its edge."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.data.ratings import read_ratings
from analysis.models.cluster import cluster_covariance, fieller
from analysis.models.crossed import fit_two_way
from analysis.questions.agreement import icc_of
from analysis.questions.compare import compare
from analysis.questions.gap import gap_reduction
from analysis.report.methods import methods_text
from analysis.report.result import analyse
from analysis.report.warnings import warnings


def _read(tmp_path, frame, **roles):
    path = tmp_path / "r.csv"
    frame.to_csv(path, index=False)
    return read_ratings(path, **roles)


def _grid(n_l, n_u):
    listener, utterance = np.indices((n_l, n_u)).reshape(2, -1)
    return listener, utterance


def test_false_positives_stay_near_5_percent_where_page_tests_have_ten_times_as_many():
    """No true difference, with the scatter of real tests."""
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
    """Published means of Hodari et al. 2021 and Prateek et al. 2019."""
    rng = np.random.default_rng(2)
    listener, utterance = _grid(25, 12)
    rows = []
    for system, mean in zip(("base", "x", "recordings"), means, strict=True):
        scatter = rng.normal(0, 2, 300)
        scores = mean + scatter - scatter.mean()
        rows.append(
            pd.DataFrame(
                {
                    "listener": [f"L{i}" for i in listener],
                    "utterance": [f"U{j}" for j in utterance],
                    "system": system,
                    "score": scores,
                }
            )
        )
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
    said = " ".join([*result.headline, *warnings(result)])
    assert "nan" not in said.lower()
    assert "1 listeners" not in said
    assert ("no test is possible: it needs at least 3 pages" in said) == (n_l * n_u < 3)
    assert "do not vary" not in said


def test_constant_scores_have_no_test(tmp_path, make_study):
    frame = make_study(6, 6, 3, base=50.0, x=60.0, recordings=90.0)
    frame["score"] = frame["system"].map({"base": 50, "x": 60, "recordings": 90})
    result = analyse(_read(tmp_path, frame, baseline="base", reference="recordings"), rule="none")
    assert not result.comparisons[0].fit.defined
    reason = "no test is possible: the differences do not vary"
    assert any(reason in warning for warning in warnings(result))
    assert reason in result.headline[0]
    assert result.components is None


def test_listeners_agree_on_these_texts_but_the_texts_disagree(tmp_path):
    """Listeners agree: two texts of six better, the rest nearly equal."""
    rng = np.random.default_rng(4)
    listener, utterance = _grid(20, 6)
    effect = np.array([40, 30, 0, -3, 2, -2])[utterance]
    base = np.full(120, 40.0)
    frame = pd.concat(
        pd.DataFrame({"listener": listener, "utterance": utterance, "system": s, "score": v})
        for s, v in (
            ("base", base + rng.normal(0, 3, 120)),
            ("x", base + effect + rng.normal(0, 3, 120)),
        )
    )
    result = analyse(_read(tmp_path, frame, baseline="base"), rule="none")
    (c,) = result.comparisons
    assert c.fit.p > 0.05 > c.listener_p
    (warning,) = (w for w in warnings(result) if "holds for these texts" in w)
    assert "not shown for new texts" in warning
    assert c.design_effect > 5


def test_pairs_never_on_one_page_are_left_out_with_a_note(tmp_path, make_study):
    frame = make_study(8, 6, 3, base=50.0, x=60.0, y=55.0)
    keep = (frame["system"] != "y") | (frame["utterance"] == "none")
    apart = pd.concat([frame[keep], frame[~keep].assign(utterance="other")]).drop_duplicates(
        ["listener", "utterance", "system"]
    )
    result = analyse(_read(tmp_path, apart, baseline="base"), rule="none")
    assert [(c.x, c.y) for c in result.comparisons] == [("x", "base")]
    assert any("1 pair of systems never met" in warning for warning in warnings(result))


def test_tests_that_are_not_possible_do_not_count_for_holm(tmp_path, make_study):
    frame = make_study(8, 6, 3, base=50.0, x=60.0)
    shifted = frame[frame["system"] == "base"].assign(system="y")
    shifted["score"] += 5
    both = pd.concat([frame, shifted])
    result = analyse(_read(tmp_path, both, baseline="base"), rule="none")
    assert [c.fit.defined for c in result.comparisons] == [True, False]
    assert result.comparisons[0].p_adjusted == result.comparisons[0].fit.p
    fit = result.comparisons[0].fit
    assert result.comparisons[0].simultaneous_ci(1) == fit.ci()
    # Two intervals that hold together at 95 % are two at 97.5 %.
    low, high = result.comparisons[0].simultaneous_ci(2)
    assert (high - low) / 2 / fit.se == pytest.approx(stats.t.ppf(1 - 0.05 / 4, fit.df))
    assert "Holm" not in " ".join([*result.headline, methods_text(result)])


def test_a_reference_that_everybody_finds_keeps_the_two_way_interval(tmp_path, make_study):
    """A constant reference gives the interval of one with minimal scatter."""
    frame = make_study(12, 8, 3, base=50.0, x=58.0, recordings=90.0)
    recordings = frame["system"] == "recordings"
    hair = np.random.default_rng(0).uniform(0, 1e-4, recordings.sum())
    gaps = []
    for scores in (100.0, 100.0 - hair):
        frame.loc[recordings, "score"] = scores
        ratings = _read(tmp_path, frame, baseline="base", reference="recordings")
        gaps.append(analyse(ratings, rule="none").gaps[0])
    assert gaps[0].ci == pytest.approx(gaps[1].ci, rel=1e-5)
    assert gaps[0].relative_ci == pytest.approx(gaps[1].relative_ci, rel=1e-5)
    U = frame.assign(score=frame["score"].where(~recordings, 100.0))
    wide = U.pivot_table(index=["listener", "utterance"], columns="system", values="score")
    pair = np.stack([wide["x"] - wide["base"], wide["recordings"] - wide["base"]]).reshape(2, 12, 8)
    rest = pair - pair.mean((1, 2), keepdims=True)
    rows, columns, cells = rest.sum(2), rest.sum(1), rest.reshape(2, -1)
    covariance = (rows @ rows.T + columns @ columns.T - cells @ cells.T) / 96**2
    quantile = stats.t.ppf(0.975, gaps[0].df)
    assert gaps[0].df == 7
    expected = fieller(*pair.mean((1, 2)), covariance, quantile)
    assert gaps[0].ci == pytest.approx(expected, rel=1e-9)


def test_designs_too_sparse_for_satterthwaite_take_the_smaller_sample(tmp_path):
    """Chain design: each of 5 listeners rates 2 of 6 texts.

    The likelihood alone gave 46 df.
    """
    listener = np.repeat(np.arange(5), 2)
    utterance = listener + np.tile([0, 1], 5)
    rng = np.random.default_rng(22)
    D = rng.normal(3, 5, 5)[listener] + rng.normal(0, 5, 6)[utterance] + rng.normal(0, 3, 10)
    frame = pd.concat(
        pd.DataFrame({"listener": listener, "utterance": utterance, "system": s, "score": v})
        for s, v in (("base", 50.0), ("x", 50 + np.round(D)))
    )
    result = analyse(_read(tmp_path, frame, baseline="base"), rule="none")
    fit = result.comparisons[0].fit
    assert fit.df == 4
    assert fit.p == pytest.approx(2 * stats.t.sf(abs(fit.t), 4))
    assert any("4 (the smaller sample minus 1) is used" in w for w in warnings(result))
    assert "those of the smaller sample, minus 1" in methods_text(result)


def test_a_defined_test_of_any_sparse_design_has_a_p_value():
    rng = np.random.default_rng(0)
    for _ in range(60):
        cells = np.indices((4, 4)).reshape(2, -1)[:, rng.permutation(16)[: rng.integers(3, 12)]]
        listener, utterance = (np.unique(code, return_inverse=True)[1] for code in cells)
        D = rng.normal(0, 5, 4)[cells[0]] + rng.normal(0, 5, 4)[cells[1]]
        fit = fit_two_way(listener, utterance, np.round(D + rng.normal(0, 8, len(D))))
        assert fit.defined == np.isfinite(fit.p)
        if fit.method.startswith("REML"):
            assert fit.df >= 1


def test_two_listeners_with_a_page_each_have_no_agreement_to_speak_of(tmp_path):
    rows = [
        ("L1", "U1", "a", 10.0),
        ("L1", "U1", "b", 20.0),
        ("L2", "U2", "a", 50.0),
        ("L2", "U2", "b", 30.0),
    ]
    frame = pd.DataFrame(rows, columns=pd.Index(["listener", "utterance", "system", "score"]))
    result = analyse(_read(tmp_path, frame, baseline="a"), rule="none")
    assert "no test is possible: it needs at least 3 pages" in result.headline[0]
    two = np.array([0, 1])
    assert icc_of(two, two, np.array([10.0, 20.0])) == (None, None)


def test_methods_give_the_degrees_of_freedom_of_the_gap_and_not_of_the_study(tmp_path, make_study):
    frame = make_study(12, 8, 3, base=50.0, x=58.0, y=60.0, recordings=90.0)
    fewer = (frame["system"] == "y") & (frame["utterance"] > "U04")
    ratings = _read(tmp_path, frame[~fewer], baseline="base", reference="recordings")
    result = analyse(ratings, rule="none")
    assert {gap.system: gap.df for gap in result.gaps} == {"x": 7, "y": 4}
    assert "and 4 to 7 degrees of freedom" in methods_text(result)


@pytest.mark.parametrize("mean", [50.5, 62.0])
def test_an_interval_and_a_p_value_that_disagree_are_named(tmp_path, make_study, mean):
    frame = make_study(12, 8, 3, base=50.0, x=mean, recordings=90.0)
    result = analyse(_read(tmp_path, frame, baseline="base", reference="recordings"), rule="none")
    (gap,) = result.gaps
    significant = gap.p < 0.05
    assert significant == (gap.ci[0] > 0) == (mean > 60)
    assert not any("the interval of the gap" in warning for warning in warnings(result))
    turned = replace(result, gaps=(replace(gap, p=0.2 if significant else 0.01),))
    (warning,) = (w for w in warnings(turned) if "the interval of the gap" in w)
    assert ("does not hold 0" in warning) == significant
