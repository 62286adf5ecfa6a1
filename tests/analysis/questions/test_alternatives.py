"""Named alternatives to the default test: R and published results."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.data.ratings import read_ratings
from analysis.models.bootstrap import Unit, bootstrap_means, percentile_interval
from analysis.models.rank_tests import hodges_lehmann, hodges_lehmann_ci, sign_flip
from analysis.questions.alternatives import METHODS, Method, compare_by
from analysis.questions.compare import compare
from analysis.questions.gap import gap_reduction
from intone.errors import UserError

# Ends of 20,000 bootstrap samples in R and as many here differ by this much on the gap scale.
MONTE_CARLO = 0.015


def test_tests_over_listeners_and_over_utterances(reference_set):
    wanted = {(p["x"], p["y"]): p["paired_t"] for p in reference_set.answers["pairwise"]}
    units: dict[Method, str] = {
        "listeners": "listener",
        "utterances": "utterance",
        "pages": "page",
    }
    for method, unit in units.items():
        for test in compare_by(reference_set.ratings, list(wanted), method, "none"):
            answer = wanted[test.x, test.y][unit]
            # R averaged over pages of a unit, then rounded the means to 9 decimals.
            assert test.estimate == pytest.approx(answer["mean_diff"], abs=1e-8)
            assert test.ci == pytest.approx(answer["ci"], abs=1e-7)
            assert test.p == pytest.approx(answer["p"], rel=1e-6)


def test_signed_ranks_and_sign_flips(reference_set):
    wanted = {(p["x"], p["y"]): p for p in reference_set.answers["pairwise"]}
    ratings = reference_set.ratings
    for test in compare_by(ratings, list(wanted), "wilcoxon"):
        expected = wanted[test.x, test.y]["wilcoxon"]["listener"]
        assert test.p == pytest.approx(expected["p_exact_zeros_dropped"], abs=1e-12)
        assert test.estimate == pytest.approx(expected["hodges_lehmann_walsh"], abs=1e-8)
    for test in compare_by(ratings, list(wanted), "sign-flip"):
        expected = wanted[test.x, test.y].get("signflip_listener")
        if expected is None:
            continue
        assert expected["n_perm"] == 2 ** len(ratings.listeners)
        p = expected["p_two_sided"]
        if (test.x, test.y, p) == ("baseline", "sysX", 422 / 4096):
            # Set a: R flipped means rounded to 9 decimals, and 12 patterns that tie with the data
            # fell short by rounding. On sums, which are integers, the count is 434.
            p = 434 / 4096
        assert test.p == pytest.approx(p, abs=1e-12)


def test_cluster_robust_standard_errors(reference_set):
    for pair in reference_set.answers["pairwise"]:
        expected = pair["two_way"]["cluster_se"]
        names = (pair["x"], pair["y"])
        (test,) = compare_by(reference_set.ratings, [names], "cluster-robust")
        pages = reference_set.ratings.pages()
        listener, utterance, _ = pages.of(*names)
        df = min(listener.max(), utterance.max())
        se = (test.ci[1] - test.ci[0]) / 2 / stats.t.ppf(0.975, df)
        assert se == pytest.approx(expected["two_way_HC0_noadj"], rel=1e-9)


def test_bootstrap_intervals_of_the_gap_are_those_of_r(reference_set):
    for expected in reference_set.answers["gap"]:
        names = (expected["X"], expected["baseline"], expected["recordings"])
        listener, utterance, scores = reference_set.ratings.pages().of(*names)
        points = MONTE_CARLO * (expected["mean_recordings"] - expected["mean_baseline"])
        # To resample utterances alone, they take the place of listeners.
        samples: dict[str, tuple[np.ndarray, np.ndarray, Unit]] = {
            "two_way": (listener, utterance, "both"),
            "listeners_only": (listener, utterance, "listeners"),
            "utterances_only": (utterance, listener, "listeners"),
        }
        for key, (first, second, unit) in samples.items():
            answer = expected[f"bootstrap_{key}"]
            means = bootstrap_means(first, second, scores, 20_000, unit=unit)
            gain = means[:, 0] - means[:, 1]
            gap = _gap(means)
            assert percentile_interval(gap) == pytest.approx(answer["gap_ci"], abs=MONTE_CARLO)
            relative = percentile_interval(gain / means[:, 1])
            assert relative == pytest.approx(answer["rel_ci"], abs=MONTE_CARLO)
            assert percentile_interval(gain) == pytest.approx(answer["diff_ci"], abs=points)
            share = answer["share_gap_le_0"]
            assert np.mean(gap <= 0) == pytest.approx(share, abs=MONTE_CARLO)


def _gap(means: np.ndarray) -> np.ndarray:
    """Gap of mean scores [n, 3] of X, baseline and reference."""
    return (means[:, 0] - means[:, 1]) / (means[:, 2] - means[:, 1])


def test_sign_flips_by_halves_are_those_counted_one_by_one():
    values = np.array([3.0, -1.5, 2.25, 0.0, 4.0, -1.5, 2.0, 0.5, 1.0])
    sums = [sum(s * values) for s in itertools.product((1, -1), repeat=len(values))]
    share = np.mean(np.abs(sums) >= abs(values.sum()) - 1e-9)
    assert sign_flip(values) == share
    # The same question put to random patterns: 40 values are too many to count.
    many = np.concatenate([values, np.zeros(31)])
    assert sign_flip(many) == pytest.approx(share, abs=0.006)


def test_interval_of_the_hodges_lehmann_estimate():
    """Hollander and Wolfe (1999), table 3.1: depression scores, nine patients.

    R's `wilcox.test(x, y, conf.int = TRUE)` on it: 0.010 to 0.786 (96.1 %), as example 3.4.
    """
    x = np.array([1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30])
    y = np.array([0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29])
    assert hodges_lehmann_ci(x - y) == pytest.approx((0.010, 0.786), abs=1e-9)
    assert np.isnan(hodges_lehmann_ci(x[:5] - y[:5])).all()


def test_an_unknown_method_is_refused(reference_set):
    with pytest.raises(UserError, match="method 'ttest': no such test; choose two-way"):
        compare_by(reference_set.ratings, [("sysX", "baseline")], "ttest")  # pyright: ignore


def test_every_method_states_its_population(reference_set):
    for method in METHODS:
        (test,) = compare_by(reference_set.ratings, [("recordings", "baseline")], method, draws=500)
        assert test.text.startswith("recordings − baseline = +")
        assert f"{method}; holds for " in test.text
        assert "nan" not in test.text


@pytest.fixture(scope="module")
def camp(tmp_path_factory):
    """CAMP's main listening test (Hodari et al. 2021), published moments.

    25 listeners x 96 sentences; the standard deviations follow from the published 95 % intervals.
    The correlation within a page (0.33) is not published: with it, a paired bootstrap of pages
    gives the published intervals of the gap.
    """
    means = {"durian_plus": 58.5, "camp": 62.3, "oracle": 68.6, "natural": 73.1}
    half_widths = np.array([0.99, 0.97, 0.90, 0.86])
    n_listeners, n_sentences = 25, 96
    n = n_listeners * n_sentences
    sd = half_widths / 1.96 * n**0.5
    white = np.random.default_rng(0).standard_normal((n, 4))
    white -= white.mean(0)
    # Exactly uncorrelated with unit variance, then exactly the wanted moments.
    white = white @ np.linalg.inv(np.linalg.cholesky(np.cov(white.T))).T
    covariance = np.outer(sd, sd) * (0.33 + 0.67 * np.eye(4))
    scores = white @ np.linalg.cholesky(covariance).T + list(means.values())
    pages = pd.MultiIndex.from_product(
        [[f"L{i:02}" for i in range(n_listeners)], [f"S{j:02}" for j in range(n_sentences)]],
        names=["listener", "utterance"],
    )
    frame = pd.DataFrame(scores, index=pages, columns=pd.Index(means, name="system"))
    path = tmp_path_factory.mktemp("camp") / "camp.csv"
    long = frame.melt(ignore_index=False, value_name="score").reset_index()
    long.to_csv(path, index=False, float_format="%.17g")
    return read_ratings(path, baseline="durian_plus", reference="natural", scale=(-50, 170))


@pytest.mark.parametrize(("system", "gap", "half"), [("camp", 26.0, 7), ("oracle", 69.2, 6)])
def test_the_published_gaps_of_camp(camp, system, gap, half):
    (comparison,) = compare(camp, [(system, "durian_plus")])
    found = gap_reduction(camp, comparison, 1)
    assert found is not None
    assert 100 * found.gap == pytest.approx(gap, abs=0.1)
    # The published intervals resample pages: each page is its own listener.
    _, utterance, scores = camp.pages().of(system, "durian_plus", "natural")
    page = np.arange(len(scores))
    low, high = percentile_interval(
        _gap(bootstrap_means(page, utterance, scores, 4000, unit="listeners"))
    )
    assert 50 * (high - low) == pytest.approx(half, abs=1)


def test_walsh_averages_of_very_many_listeners_need_no_list_of_them():
    values = np.random.default_rng(4).integers(-20, 21, 401) / 3
    i, j = np.triu_indices(len(values))
    assert hodges_lehmann(values) == pytest.approx(np.median((values[i] + values[j]) / 2), abs=1e-9)
    # Two groups: all their averages are 0, 1 or 2, and half of them 1.
    assert hodges_lehmann(np.repeat([0.0, 2.0], 50_000)) == pytest.approx(1, abs=1e-9)


def test_walsh_averages_of_few_values_far_from_zero_come_to_an_end():
    """Floats near 57 are further apart than the tolerance."""
    assert hodges_lehmann(np.array([57.0, 57.5])) == pytest.approx(57.25, abs=1e-12)
    assert hodges_lehmann(np.array([57.0, 57.25, 58.0])) == pytest.approx(57.375, abs=1e-12)
    # Values that differ in their last digits only.
    assert hodges_lehmann(np.array([50.0, np.nextafter(50, 60), 50.0])) == pytest.approx(50)
