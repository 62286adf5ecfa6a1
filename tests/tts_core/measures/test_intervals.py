import numpy as np
import pytest

from tts_core.measures.intervals import holm, paired_difference, ratio, sign_flip_p


def test_interval_agrees_with_the_normal_theory_it_approximates() -> None:
    values = np.random.default_rng(1).normal(5, 2, 400)
    found = ratio(values.tolist())
    half = 1.96 * values.std(ddof=1) / 20
    assert found.mean == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - half, abs=0.02)
    assert found.high == pytest.approx(values.mean() + half, abs=0.02)


def test_coverage_of_a_known_mean() -> None:
    random = np.random.default_rng(2)
    hits = 0
    for seed in range(100):
        found = ratio(random.exponential(1, 60).tolist(), seed=seed)
        assert found.low is not None and found.high is not None
        hits += found.low <= 1 <= found.high
    assert 86 <= hits <= 99


def test_a_ratio_is_of_sums_not_a_mean_of_ratios() -> None:
    assert ratio([1, 0], [2, 8]).mean == pytest.approx(0.1)


def test_pairing_removes_what_sentences_share() -> None:
    shared = np.random.default_rng(3).normal(0, 10, 50)
    difference = paired_difference((shared + 1).tolist(), shared.tolist())
    assert difference.mean == pytest.approx(1)
    assert difference.low == pytest.approx(1) and difference.high == pytest.approx(1)
    unpaired = ratio((shared + 1).tolist())
    assert unpaired.high is not None and unpaired.low is not None
    assert unpaired.high - unpaired.low > 4


def test_one_sentence_has_no_interval_and_the_seed_repeats() -> None:
    assert ratio([3.0]).to_dict() == {"mean": 3.0, "n": 1, "ci": None}
    values = [1.0, 5.0, 2.0, 9.0]
    assert ratio(values, seed=4) == ratio(values, seed=4)


def test_sign_flips_distinguish_a_difference_from_none() -> None:
    random = np.random.default_rng(0)
    noise = random.normal(size=60)
    assert sign_flip_p((noise + 1).tolist()) < 0.001
    assert sign_flip_p((noise - 1).tolist()) < 0.001
    assert sign_flip_p((noise - noise.mean()).tolist()) > 0.9
    # All 2^3 flips are tried: only two of them are as far from 0.
    assert sign_flip_p([1.0, 2.0, 3.0]) == pytest.approx(0.25)


def test_holm_is_statsmodels_holm() -> None:
    from statsmodels.stats.multitest import multipletests

    p = np.random.default_rng(1).random(7) ** 3
    adjusted = np.asarray(multipletests(p, method="holm")[1])
    assert holm(p.tolist()) == pytest.approx(adjusted)
    assert holm([]) == []


def test_resamples_without_a_denominator_leave_a_finite_interval() -> None:
    estimate = ratio([1.0, 0.0, 0.0], [1.0, 0.0, 0.0])
    assert (estimate.low, estimate.high) == (1, 1)
