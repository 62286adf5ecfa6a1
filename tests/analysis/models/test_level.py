"""Two-sided level of tests and intervals."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from analysis.data.ratings import read_ratings
from analysis.models.crossed import fit_two_way
from analysis.models.equivalence import equivalence
from analysis.models.t_test import one_sample_t
from analysis.questions.compare import compare


def test_alpha_widens_the_interval_to_the_exact_t_quantile(make_study, write_csv):
    frame = make_study(12, 8, 1, x=60.0, y=52.0)
    ratings = read_ratings(write_csv(frame.to_csv(index=False)))
    (usual,) = compare(ratings, [("x", "y")])
    (strict,) = compare(ratings, [("x", "y")], alpha=0.01)
    fit = strict.fit
    assert (fit.estimate, fit.se, fit.df) == (usual.fit.estimate, usual.fit.se, usual.fit.df)
    for comparison, level in ((usual, 0.975), (strict, 0.995)):
        half = float(stats.t.ppf(level, fit.df)) * fit.se
        assert comparison.ci == pytest.approx((fit.estimate - half, fit.estimate + half))
    assert strict.naive_ci[0] < usual.naive_ci[0] < usual.naive_ci[1] < strict.naive_ci[1]
    assert strict.simultaneous_ci(5) == pytest.approx(fit.ci(0.002))
    between = replace(usual, p_adjusted=0.03)
    assert between.significant
    assert not replace(between, alpha=0.01).significant


def test_one_sample_t_is_that_of_scipy():
    values = np.random.default_rng(0).normal(1, 2, 12)
    expected = stats.ttest_1samp(values, 0)
    se, p, ci = one_sample_t(values, alpha=0.01)
    assert se == pytest.approx(stats.sem(values))
    assert p == pytest.approx(expected.pvalue)
    assert ci == pytest.approx(tuple(expected.confidence_interval(0.99)))


def test_equivalence_interval_covers_one_minus_twice_alpha():
    values = np.random.default_rng(0).normal(0, 2, 40)
    fit = fit_two_way(np.arange(40), np.zeros(40, dtype=int), values)
    test = equivalence(fit, 5.0, alpha=0.01)
    assert test is not None
    assert test.ci == pytest.approx(fit.ci(0.02))
    assert "98 % CI" in test.text
