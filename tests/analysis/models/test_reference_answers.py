"""Numbers that R computed for the reference sets."""

import numpy as np
import pytest
from scipy import stats

from analysis.models.adjust import adjust
from analysis.models.cluster import cluster_covariance, fieller
from analysis.models.crossed import fit_two_way
from analysis.models.rank_tests import hodges_lehmann, wilcoxon_exact
from analysis.models.reml import Crossed
from analysis.questions.agreement import icc_of, kendall_w
from analysis.questions.compare import compare, contrast_pairs
from analysis.questions.components import variance_components
from analysis.questions.describe import describe
from analysis.questions.gap import gap_reduction
from analysis.report.result import analyse


def _differences(reference_set, pair):
    listener, utterance, scores = reference_set.ratings.pages().of(pair["x"], pair["y"])
    return listener, utterance, scores[:, 0] - scores[:, 1]


def _close(found, expected, rel=1e-9, abs_=1e-9):
    assert found == pytest.approx(expected, rel=rel, abs=abs_)


def test_descriptives(reference_set):
    summaries = describe(reference_set.ratings)
    assert {s.system for s in summaries} == reference_set.answers["descriptives"].keys()
    for summary in summaries:
        expected = reference_set.answers["descriptives"][summary.system]
        for found, key in (
            (summary.n, "n"),
            (summary.mean, "mean"),
            (summary.median, "median"),
            (summary.q1, "q1_type7"),
            (summary.q3, "q3_type7"),
        ):
            _close(found, expected[key])


def test_two_way_model_of_every_pair(reference_set):
    for pair in reference_set.answers["pairwise"]:
        listener, utterance, D = _differences(reference_set, pair)
        lmm = pair["two_way"]["lmm"]
        # The closed form and the iterative fit are both held to R, on complete designs too.
        fit = fit_two_way(listener, utterance, D)
        model = Crossed(listener, utterance, D)
        variances = model.fit()
        means, variance = model.mean(variances)
        assert model.deviance(variances) <= lmm["REMLcrit"] + 1e-6
        for estimate, se, df, components in (
            (fit.estimate, fit.se, fit.df, (fit.listener, fit.utterance, fit.residual)),
            (means[0], variance**0.5, model.satterthwaite(variances), variances),
        ):
            _close(estimate, lmm["estimate"], rel=1e-6, abs_=1e-6)
            _close(se, lmm["se"], rel=1e-5)
            _close(df, lmm["df_satterthwaite"], rel=1e-4)
            for found, key in zip(components, ("listener", "utterance", "Residual"), strict=True):
                _close(found, lmm["vc"][key], rel=1e-3, abs_=1e-3)
        assert abs(fit.p - lmm["p"]) < 1e-6
        _close(fit.raw, pair["two_way"]["raw_mean_diff"])


def test_quasi_f_of_complete_designs(reference_set):
    if not reference_set.complete:
        pytest.skip("quasi-F is for complete designs")
    checked = 0
    for pair in reference_set.answers["pairwise"]:
        anova = pair["two_way_anova"]
        fit = fit_two_way(*_differences(reference_set, pair))
        if min(anova["MS_listener"], anova["MS_utterance"]) < anova["MS_residual"]:
            assert pair["two_way"]["lmm"]["singular"]
            continue
        for key in ("estimate", "se", "df", "p"):
            _close(getattr(fit, key), anova[key])
        _close(fit.t, anova["t"])
        _close(fit.ci(), anova["ci"])
        checked += 1
    assert checked >= 2


def test_signed_rank_tests_with_ties_and_zeros(reference_set):
    for pair in reference_set.answers["pairwise"]:
        listener, utterance, D = _differences(reference_set, pair)
        for unit, values in (
            ("page", D),
            ("listener", np.bincount(listener, D) / np.bincount(listener)),
            ("utterance", np.bincount(utterance, D) / np.bincount(utterance)),
        ):
            expected = pair["wilcoxon"][unit]
            found = wilcoxon_exact(values)
            _close(found.w_plus, expected["W_plus"])
            _close(found.w_minus, expected["W_minus"])
            _close(found.rank_biserial, expected["rank_biserial"])
            # R rounded the means to 9 decimals before the Walsh averages.
            _close(hodges_lehmann(values), expected["hodges_lehmann_walsh"], abs_=1e-8)
            if len(values) <= 200 and expected["p_exact_zeros_dropped"] is not None:
                assert abs(found.p - expected["p_exact_zeros_dropped"]) < 1e-12


def test_comparisons_carry_naive_and_listener_tests(reference_set):
    wanted = {(p["x"], p["y"]): p for p in reference_set.answers["pairwise"]}
    ratings = reference_set.ratings
    found = compare(ratings, list(wanted))
    assert [(c.x, c.y) for c in found] == list(wanted)
    for c in found:
        page = wanted[c.x, c.y]["paired_t"]["page"]
        unit = wanted[c.x, c.y]["paired_t"]["listener"]
        _close(c.naive_p, page["p"], rel=1e-7, abs_=1e-12)
        _close(c.naive_ci, page["ci"], abs_=1e-8)
        _close(c.listener_p, unit["p"], rel=1e-6, abs_=1e-12)
        _close(c.dz, unit["cohen_dz"], rel=1e-7)


@pytest.mark.parametrize(
    ("method", "key"),
    [
        ("holm", "holm"),
        ("hochberg", "hochberg"),
        ("bonferroni", "bonferroni"),
        ("bh", "BH"),
        ("by", "BY"),
    ],
)
def test_corrected_p_values_are_those_of_p_adjust(reference_set, method, key):
    families = reference_set.answers["adjusted"]
    assert len(families) == 3
    for family in families:
        assert adjust(family["p"], method) == pytest.approx(family[key], rel=1e-12, abs=1e-300)
        assert adjust(family["p"], method) != family["p"]


def test_holm_corrects_the_pairs_of_every_mixed_model_as_r_does(reference_set):
    for model in reference_set.answers["lmm"].values():
        p, expected = ([pair[key] for pair in model["pairs"]] for key in ("p", "p_holm"))
        assert adjust(p, "holm") == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_undefined_p_values_stay_out_of_the_family():
    adjusted = adjust([0.02, float("nan"), 0.01])
    assert adjusted[0] == pytest.approx(0.02)
    assert np.isnan(adjusted[1])
    assert adjusted[2] == pytest.approx(0.02)


def test_gap_with_fieller_interval(reference_set):
    pages = reference_set.ratings.pages()
    for expected in reference_set.answers["gap"]:
        names = (expected["X"], expected["baseline"], expected["recordings"])
        listener, utterance, Y = pages.of(*names)
        U = np.column_stack([Y[:, 0] - Y[:, 1], Y[:, 2] - Y[:, 1]])
        covariance, df = cluster_covariance(listener, utterance, U)
        _close(covariance, np.array(expected["two_way_cov_num_den"]))
        assert df == expected["fieller_ci_t"]["df"]
        num, den = U.mean(0)
        _close(fieller(num, den, covariance, stats.norm.ppf(0.975)), expected["fieller_ci_z"])
        (comparison,) = compare(reference_set.ratings, [names[:2]])
        gap = gap_reduction(reference_set.ratings, comparison, 1)
        assert gap is not None and gap.defined
        _close(gap.gap, expected["gap_reduction"])
        _close(gap.ci, expected["fieller_ci_t"]["ci"])
        _close(gap.raw_gain, expected["raw_gain"])
        _close(gap.relative_gain, expected["relative_gain"])
        _close(
            gap.means,
            [expected["mean_X"], expected["mean_baseline"], expected["mean_recordings"]],
        )


def test_full_model_of_all_systems(reference_set):
    lmm = reference_set.answers["lmm"]["full"]
    found = variance_components(reference_set.ratings.pages())
    assert found is not None
    assert found.deviance <= lmm["REMLcrit"] + 1e-6
    names = {
        "listener": found.listener,
        "utterance": found.utterance,
        "LS": found.listener_system,
        "US": found.utterance_system,
        "LU": found.page,
        "Residual": found.residual,
    }
    for key, value in names.items():
        _close(value, lmm["vc"][key], rel=1e-3)


def test_agreement(reference_set):
    answers = reference_set.answers
    frame = reference_set.ratings.frame
    means = frame.pivot_table(index="listener", columns="system", values="score").to_numpy()
    found = kendall_w(means)
    expected = answers["friedman"]["listener_means"]
    assert found is not None
    _close(found.w, expected["kendall_W"])
    _close(found.chi2, expected["chisq"])
    _close(found.p, expected["p"])
    if not reference_set.complete:
        return
    stimulus = frame.groupby(["utterance", "system"]).ngroup().to_numpy()
    listener = frame.groupby("listener").ngroup().to_numpy()
    icc, _ = icc_of(stimulus, listener, frame["score"].to_numpy())
    (wanted,) = (row for row in answers["agreement"]["icc"] if row["type"] == "ICC2")
    assert icc is not None
    _close(icc.value, wanted["icc"])
    _close(icc.ci, wanted["ci"])


def test_the_worked_example_in_words(reference_set):
    if reference_set.complete:
        pytest.skip("the worked example is set c")
    result = analyse(reference_set.ratings, "all", "none")
    (text,) = (gap.text for gap in result.gaps if gap.system == "sysY")
    assert text.startswith(
        "sysY closes 26.7 % of the gap between baseline and recordings (95 % CI 12.9 to 38.8 %, "
        "Fieller; +10.2 points = +20.4 % raw relative gain)"
    )
    assert "p = .0012, Holm over 10 comparisons .0027" in text
    assert text.endswith("24 listeners × 20 utterances, 192 pages, both treated as samples.")
    assert len(contrast_pairs(reference_set.ratings, "all")) == 10
