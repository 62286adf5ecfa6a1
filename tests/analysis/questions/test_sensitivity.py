"""Multiverse, texts, listeners, order and groups recover planted facts."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analysis.data.ratings import read_ratings
from analysis.models.cluster import cluster_covariance
from analysis.questions.compare import compare
from analysis.questions.listeners import listener_report
from analysis.questions.multiverse import multiverse
from analysis.questions.order import order_effects
from analysis.questions.ordinal import ordinal_test
from analysis.questions.screening import screen
from analysis.questions.subgroups import subgroups
from analysis.questions.texts import item_report
from intone.errors import UserError


@pytest.fixture
def read(tmp_path):
    def run(frame: pd.DataFrame, scale=None, **roles: str | None):
        path = tmp_path / "study.csv"
        frame.to_csv(path, index=False)
        ratings = read_ratings(path, scale=scale)
        return replace(ratings, roles=replace(ratings.roles, **roles)) if roles else ratings

    return run


def test_two_levels_are_a_logistic_regression(read, make_study):
    """Log odds and robust SE against statsmodels' clustered logit."""
    frame = make_study(15, 10, 3, x=3.0, y=2.0)
    frame["score"] = np.where(
        frame["score"] > frame.groupby("listener")["score"].transform("median"), 2, 1
    )
    ratings = read(frame, (1, 5))
    found = ordinal_test(ratings, "x", "y")
    listener, utterance, scores = ratings.pages().of("x", "y")
    X = np.column_stack([np.ones(2 * len(scores)), np.repeat([1.0, 0.0], len(scores))])
    logit = sm.Logit(scores.T.ravel() - 1, X).fit(disp=False)
    scatter = np.asarray(logit.model.score_obs(logit.params))
    by_page = scatter[: len(scores)] + scatter[len(scores) :]
    middle, _ = cluster_covariance(listener, utterance, by_page)
    bread = np.asarray(logit.cov_params())
    assert found is not None
    assert found.log_odds == pytest.approx(float(logit.params[1]), abs=1e-4)
    se = float((bread @ middle @ bread)[1, 1]) ** 0.5 * len(scores)
    assert found.se == pytest.approx(se, rel=1e-3)


def test_categories_need_no_equal_steps(read, make_study):
    frame = make_study(12, 8, 5, x=55.0, y=45.0)
    frame["score"] = np.clip(np.rint(frame["score"] / 20), 1, 5)
    other = frame.assign(score=frame["score"].map({1: 1, 2: 1.2, 3: 2, 4: 2.1, 5: 5}))
    one, two = (ordinal_test(read(f, (1, 5)), "x", "y") for f in (frame, other))
    assert one is not None
    assert two is not None
    assert (two.log_odds, two.se) == pytest.approx((one.log_odds, one.se), rel=1e-4)
    assert one.log_odds > 0
    assert ordinal_test(read(make_study(5, 5, 0, x=55.0, y=45.0)), "x", "y") is None


def test_a_strong_effect_survives_every_choice(read, make_study):
    ratings = read(make_study(14, 9, 1, r=95.0, x=70.0, y=45.0), reference="r")
    found = multiverse(ratings, ratings, "x", "y", draws=300)
    assert found is not None
    assert found.n_same == found.n_answers >= 14
    (own,) = compare(ratings, [("x", "y")])
    assert found.universes[0].p == own.fit.p
    (mpeg,) = (row for row in found.universes if row.choice == "screening mpeg")
    assert mpeg.note.startswith("not possible: ")
    assert np.isnan(mpeg.p)


def test_screening_down_to_four_listeners_takes_the_exact_tests_their_power(read, make_study):
    """The smallest p value of four signed ranks is .125."""
    ratings = read(make_study(14, 9, 1, r=95.0, x=70.0, y=45.0), reference="r")
    kept = screen(ratings).kept
    assert len(kept.listeners) == 4
    found = multiverse(ratings, kept, "x", "y", draws=300)
    assert found is not None
    not_significant = {row.choice: row.p for row in found.universes if row.p > 0.05}
    assert not_significant == {
        "Wilcoxon test of listener means": 0.125,
        "sign flips of listener means": 0.125,
    }


def test_an_effect_of_one_listener_does_not_survive(read, make_study):
    frame = make_study(8, 8, 2, x=50.0, y=50.0)
    one = (frame["listener"] == "L03") & (frame["system"] == "x")
    frame.loc[one, "score"] = 100.0
    ratings = read(frame)
    found = multiverse(ratings, ratings, "x", "y", draws=300)
    assert found is not None
    (row,) = (u for u in found.universes if u.choice == "without the listener it rests on most")
    assert row.note.startswith("without L03; others between")
    assert abs(row.estimate) < abs(found.universes[0].estimate) / 2


def test_the_one_text_that_fails_is_found(read, make_study):
    frame = make_study(12, 10, 4, x=60.0, y=50.0)
    bad = (frame["utterance"] == "U07") & (frame["system"] == "x")
    frame.loc[bad, "score"] = np.clip(frame.loc[bad, "score"] - 45, 0, 100)
    rows = item_report(read(frame), "x", "y")
    assert [row.utterance for row in rows if row.outlier] == ["U07"]
    assert rows[0].utterance == "U07"
    assert rows[0].q < 0.001
    # Predictions lie between the utterance's own mean and the overall mean.
    overall = np.mean([row.mean for row in rows])
    assert rows[0].mean < rows[0].predicted < overall
    assert len(rows) == 10


def test_predictions_on_a_complete_grid_are_shrunken_means(read, make_study):
    """Closed form of the prediction.

    It is mean + s2_U / (s2_U + s2_e / listeners) (mean of the utterance - mean).
    """
    ratings = read(make_study(9, 7, 6, x=60.0, y=50.0))
    (c,) = compare(ratings, [("x", "y")])
    shrink = c.fit.utterance / (c.fit.utterance + c.fit.residual / 9)
    for row in item_report(ratings, "x", "y"):
        expected = c.fit.estimate + shrink * (row.mean - c.fit.estimate)
        assert row.predicted == pytest.approx(expected, abs=1e-9)


def test_listeners_who_do_not_listen_are_flagged(read, make_study):
    frame = make_study(10, 12, 7, x=70.0, y=50.0, z=30.0)
    rng = np.random.default_rng(0)
    noise = frame["listener"] == "L02"
    frame.loc[noise, "score"] = rng.integers(0, 101, noise.sum())
    frame.loc[frame["listener"] == "L05", "score"] = 50.0
    rows = {row.listener: row for row in listener_report(read(frame))}
    assert "hardly agrees with the others" in rows["L02"].flags
    assert rows["L05"].flags == ("uses less than a tenth of the scale",)
    assert np.isnan(rows["L05"].correlation)
    good = [row for name, row in rows.items() if name not in ("L02", "L05")]
    assert all(row.flags == () and row.correlation > 0.6 for row in good)
    assert all(row.discrimination > row.noise_floor for row in good)


def test_leave_one_out_correlations(reference_set):
    answers = reference_set.answers["agreement"]
    if "loo_pearson" not in answers:
        pytest.skip("complete sets have them")
    rows = listener_report(reference_set.ratings)
    assert [row.listener for row in rows] == answers["listeners"]
    assert [row.correlation for row in rows] == pytest.approx(answers["loo_pearson"], abs=1e-9)
    found = [row.rank_correlation for row in rows]
    assert found == pytest.approx(answers["loo_spearman"], abs=1e-9)


def test_a_planted_drift_is_found_and_a_difference_has_none(read, make_study):
    frame = make_study(12, 10, 8, x=50.0, y=40.0)
    rng = np.random.default_rng(1)
    pages = {name: rng.permutation(10) for name in frame["listener"].unique()}
    index = [pages[x][int(u[1:])] for x, u in zip(frame["listener"], frame["utterance"])]  # noqa: B905
    frame["page_index"] = index
    frame["score"] = np.clip(frame["score"] + 2.0 * frame["page_index"], 0, 100)
    effects = {effect.name: effect for effect in order_effects(read(frame), [("x", "y")])}
    drift = effects["Scores over pages"]
    assert drift.ci[0] < 2.0 < drift.ci[1]
    assert drift.ci[0] > 1.0
    assert abs(effects["x − y over pages"].estimate) < 0.6
    assert "Scores over places on the page" not in effects


def test_a_planted_carry_over_is_found(read, make_study):
    """A good text lowers the next score by 0.5 points per point."""
    frame = make_study(40, 10, 8, x=50.0, y=50.0)
    worth = dict(zip(sorted(frame["utterance"].unique()), np.linspace(-20, 20, 10), strict=True))
    rng = np.random.default_rng(2)
    for name in frame["listener"].unique():
        order = rng.permutation(list(worth))
        page = {text: i for i, text in enumerate(order)}
        before = dict(zip(order[1:], (worth[text] for text in order[:-1]), strict=True))
        rows = frame["listener"] == name
        text = frame.loc[rows, "utterance"]
        frame.loc[rows, "page_index"] = text.map(page)
        frame.loc[rows, "score"] += text.map(worth) - 0.5 * text.map(before).fillna(0.0)
    frame["score"] = frame["score"].clip(0, 100)
    effects = {effect.name: effect for effect in order_effects(read(frame))}
    found = effects["Scores by the mean score of the text on the page before"]
    assert found.estimate == pytest.approx(-0.5, abs=0.1)
    assert abs(effects["Scores over pages"].estimate) < 0.3


def test_groups_that_differ_and_groups_that_do_not(read, make_study):
    frame = make_study(16, 10, 9, x=60.0, y=50.0)
    frame["arm"] = np.where(frame["listener"] < "L08", "told", "not told")
    plain = read(frame)
    found = subgroups(plain, "x", "y")
    assert [group.name for group in found.groups] == ["not told", "told"]
    (contrast,) = found.contrasts
    assert contrast.df == 7
    assert contrast.estimate == pytest.approx(
        found.groups[0].fit.raw - found.groups[1].fit.raw, abs=1e-9
    )
    more = frame.copy()
    told = (more["arm"] == "told") & (more["system"] == "x")
    more.loc[told, "score"] = np.clip(more.loc[told, "score"] + 20, 0, 100)
    (moved,) = subgroups(read(more), "x", "y").contrasts
    assert moved.p < 0.001 < contrast.p
    assert moved.estimate < -15
    texts = {f"U{j:02}": "question" if j < 3 else "statement" for j in range(10)}
    by_text = subgroups(plain, "x", "y", "utterance", texts)
    assert by_text.contrasts[0].df == 2
    with pytest.raises(UserError, match="give the group of each listener"):
        subgroups(plain, "x", "y", "listener")
    with pytest.raises(UserError, match="no utterance is in the groups"):
        subgroups(plain, "x", "y", "utterance", {"nothing": "a"})
