"""Omnibus tests, effect sizes, equivalence and agreement against R and by hand."""

import numpy as np
import pytest
from scipy import linalg, stats

from analysis.data.ratings import read_ratings
from analysis.models.crossed import fit_two_way
from analysis.models.equivalence import equivalence
from analysis.models.rm_anova import within_effect
from analysis.questions.agreement import agreement
from analysis.questions.effects import cliffs_delta, effect_sizes, win_matrix
from analysis.questions.omnibus import omnibus
from intone.errors import UserError


def test_full_model_has_the_f_and_df_of_the_pairs_in_r(reference_set):
    """Pair differences of R give the sum of squares of the effects."""
    ratings = reference_set.ratings
    pairs = reference_set.answers["lmm"]["full"]["pairs"]
    omnibus_test = omnibus(ratings, systems=ratings.systems)
    assert omnibus_test is not None
    n_systems = len(ratings.systems)
    variance = pairs[0]["se"] ** 2 / 2
    sum_of_squares = sum(pair["estimate"] ** 2 for pair in pairs) / n_systems
    expected = sum_of_squares / (n_systems - 1) / variance
    assert expected == pytest.approx(omnibus_test.F, rel=1e-4)
    assert omnibus_test.df1 == len(ratings.systems) - 1
    assert omnibus_test.df2 == pytest.approx(pairs[0]["df"], rel=1e-4)


def test_repeated_measures_and_friedman(reference_set):
    ratings, answers = reference_set.ratings, reference_set.answers
    means = ratings.frame.pivot_table(index="listener", columns="system", values="score").to_numpy()
    effect = within_effect(means @ linalg.helmert(means.shape[1]).T)
    wanted = answers["rm_anova_listener_means"]
    assert effect is not None
    for found, key in (
        (effect.F, "F"),
        (effect.df1, "df1"),
        (effect.df2, "df2"),
        (effect.p, "p"),
        (effect.gg, "GG_eps"),
        (effect.gg_p, "GG_p"),
        (effect.hf, "HF_eps"),
        (effect.hf_p, "HF_p"),
    ):
        assert found == pytest.approx(wanted[key], rel=1e-7), key
    friedman = omnibus(ratings, "friedman", ratings.systems)
    wanted = answers["friedman"]["listener_means"]
    assert friedman is not None
    assert wanted["kendall_W"] == pytest.approx(friedman.effect, rel=1e-9)
    if wanted["kendall_W"] < 1:
        assert wanted["iman_davenport_F"] == pytest.approx(friedman.F, rel=1e-7)
        assert friedman.p == pytest.approx(wanted["iman_davenport_p"], rel=1e-7)


def test_hotelling_of_two_conditions_is_the_paired_t_test():
    D = np.random.default_rng(0).normal(1, 2, 9)
    effect = within_effect(D[:, None] / 2**0.5)
    t, p = map(float, np.asarray(stats.ttest_1samp(D, 0)))
    assert effect is not None
    assert (effect.F, effect.hotelling_f) == pytest.approx((t**2, t**2))
    assert (effect.p, effect.gg_p, effect.hotelling_p) == pytest.approx((p, p, p))


def test_omnibus_of_two_systems_is_their_comparison(reference_set):
    """For two systems, full model and pair model are equal."""
    ratings = reference_set.ratings
    found = omnibus(ratings, systems=("sysX", "baseline"))
    listener, utterance, scores = ratings.pages().of("sysX", "baseline")
    fit = fit_two_way(listener, utterance, scores[:, 0] - scores[:, 1])
    if found is None:
        pytest.fail("the reference sets carry the model")
    assert found.p == pytest.approx(fit.p, abs=2e-6)
    assert fit.t**2 == pytest.approx(found.F, rel=1e-4)
    assert found.text.startswith("The 2 systems ")
    with pytest.raises(UserError, match="method 'anova': no such omnibus test"):
        omnibus(ratings, "anova")  # pyright: ignore[reportArgumentType]


def test_effect_sizes(reference_set):
    for pair in reference_set.answers["pairwise"]:
        found = effect_sizes(reference_set.ratings, pair["x"], pair["y"])
        assert found is not None
        for value, wanted in (
            (found.points, pair["two_way"]["raw_mean_diff"]),
            (found.dz, pair["paired_t"]["listener"]["cohen_dz"]),
            (found.rank_biserial, pair["wilcoxon"]["listener"]["rank_biserial"]),
        ):
            assert value == pytest.approx(wanted, rel=1e-7)
        correction = pair["paired_t"]["listener"]["hedges_J_exact"]
        assert found.hedges_g == pytest.approx(found.dz * correction, rel=1e-9)
        frame = reference_set.ratings.frame
        x, y = (frame.loc[frame["system"] == pair[k], "score"].to_numpy() for k in ("x", "y"))
        delta = pair["cliffs_delta_all_ratings"]
        assert cliffs_delta(x, y) == pytest.approx(delta["delta"], abs=1e-12)
        if len(x) == len(y):
            assert found.a12 == pytest.approx(delta["A12"], abs=1e-12)


def test_wins_of_both_sides_add_up_to_one(reference_set):
    wins = {(w.x, w.y): w for w in win_matrix(reference_set.ratings)}
    n = len(reference_set.ratings.systems)
    assert len(wins) == n * (n - 1)
    for (x, y), found in wins.items():
        assert found.rate + wins[y, x].rate == pytest.approx(1)
        assert found.se == pytest.approx(wins[y, x].se, nan_ok=True)
        effect = effect_sizes(reference_set.ratings, x, y)
        assert effect is not None
        assert effect.win_rate == pytest.approx(found.rate)
    # Always is no proof of always: no interval of no width.
    assert all(np.isnan([w.se, *w.ci]).all() for w in wins.values() if w.rate in (0, 1))


def test_equivalence(reference_set):
    answers = reference_set.answers.get("tost_sysX_sysY")
    if answers is None:
        pytest.skip("set c alone has it")
    listener, utterance, scores = reference_set.ratings.pages().of("sysX", "sysY")
    fit = fit_two_way(listener, utterance, scores[:, 0] - scores[:, 1])
    for answer in answers["two_way_lmm"]:
        found = equivalence(fit, answer["margin"])
        assert found is not None
        for key in ("p_lower", "p_upper", "p"):
            assert getattr(found, key) == pytest.approx(answer[key], abs=1e-6)
        assert found.ci == pytest.approx(answer["ci90"], abs=1e-4)
        within = -found.margin < answer["ci90"][0] and answer["ci90"][1] < found.margin
        assert (found.verdict == "equivalent") == within
    with pytest.raises(UserError, match="not a number above 0"):
        equivalence(fit, 0)


def test_agreement_of_single_and_mean_listeners(reference_set):
    ratings, answers = reference_set.ratings, reference_set.answers["agreement"]
    found = agreement(ratings, ratings.systems)
    assert found.krippendorff == pytest.approx(answers["krippendorff_interval"], abs=1e-12)
    if not reference_set.complete:
        return
    assert found.icc is not None
    assert found.consistency is not None
    wanted = {row["type"]: row for row in answers["icc"]}
    for kind, icc in (
        ("ICC2k", found.icc.of_mean()),
        ("ICC3", found.consistency),
        ("ICC3k", found.consistency.of_mean()),
    ):
        assert icc.value == pytest.approx(wanted[kind]["icc"], abs=1e-9)
        assert icc.ci == pytest.approx(wanted[kind]["ci"], abs=1e-9)


def test_nothing_is_claimed_of_constant_scores(write_csv):
    rows = [f"L{i},U{j},{s},50" for i in range(4) for j in range(3) for s in "ab"]
    path = write_csv("listener,utterance,system,score\n" + "\n".join(rows) + "\n")
    ratings = read_ratings(path)
    assert omnibus(ratings) is None
    assert omnibus(ratings, "rm-anova") is None
    assert agreement(ratings, ratings.systems).krippendorff is None
    effect = effect_sizes(ratings, "a", "b")
    assert effect is not None
    assert np.isnan(effect.dz)
    assert effect.win_rate == 0.5
