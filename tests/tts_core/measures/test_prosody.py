import numpy as np
import pytest

from tts_core.measures.prosody import under_predicted_durations, under_shared_durations, warp


def contour(seed: int = 0, n: int = 60) -> np.ndarray:
    """A random walk around 150 Hz with unvoiced stretches."""
    random = np.random.default_rng(seed)
    f0 = 150 * np.exp(np.cumsum(random.normal(size=n)) * 0.02)
    f0[10:15] = f0[40:44] = 0
    return f0.astype(np.float32)


def test_a_contour_equals_itself() -> None:
    same = under_shared_durations(contour(), contour())
    assert same.correlation == pytest.approx(1)
    assert same.rmse_semitones == 0
    assert same.n_frames == 51
    assert same.voicing_agreement == 1


def test_an_octave_up_is_twelve_semitones_and_fully_correlated() -> None:
    octave = under_shared_durations(2 * contour(), contour())
    assert octave.rmse_semitones == pytest.approx(12, abs=1e-4)
    assert octave.correlation == pytest.approx(1)


def test_an_inverted_contour_is_anticorrelated_and_the_order_does_not_matter() -> None:
    f0 = contour()
    inverted = np.where(f0 > 0, 150**2 / np.maximum(f0, 1), 0)
    there, back = under_shared_durations(inverted, f0), under_shared_durations(f0, inverted)
    assert there.correlation == pytest.approx(-1)
    assert there == back


def test_only_frames_voiced_in_both_count() -> None:
    other = contour()
    other[20:30] = 0
    found = under_shared_durations(other, contour())
    assert found.n_frames == 41
    assert found.voicing_agreement == pytest.approx(50 / 60)
    assert found.rmse_semitones == 0


def test_undefined_values_are_none() -> None:
    silent = under_shared_durations(np.zeros(9), contour(n=60)[:9])
    assert (silent.correlation, silent.rmse_semitones, silent.n_frames) == (None, None, 0)
    flat = under_shared_durations(np.full(60, 100.0), np.maximum(contour(), 1))
    assert flat.correlation is None and flat.rmse_semitones is not None


def test_warping_onto_the_same_durations_changes_nothing() -> None:
    durations = np.array([10, 0, 20, 30])
    np.testing.assert_array_equal(warp(contour(), durations, durations), contour())


def test_warping_by_whole_factors_repeats_and_is_undone() -> None:
    durations = np.array([10, 0, 20, 30])
    slower = warp(contour(), durations, 3 * durations)
    np.testing.assert_array_equal(slower, np.repeat(contour(), 3))
    np.testing.assert_array_equal(warp(slower, 3 * durations, durations), contour())


def test_warping_never_crosses_a_phone_or_invents_pitch() -> None:
    durations, target = np.array([3, 4, 0, 5]), np.array([7, 2, 3, 1])
    f0 = np.repeat([100.0, 0.0, 200.0], [3, 4, 5])
    warped = warp(f0, durations, target)
    np.testing.assert_array_equal(warped, np.repeat([100.0, 0, 0, 200], target))


def test_the_headline_forgives_timing_and_only_timing() -> None:
    durations = np.array([10, 5, 20, 25])
    reference_durations = np.array([20, 10, 40, 50])
    stretched = np.repeat(contour(), 2)
    same = under_predicted_durations(contour(), durations, stretched, reference_durations)
    assert same.correlation == pytest.approx(1) and same.rmse_semitones == 0
    octave = under_predicted_durations(contour(), durations, stretched / 2, reference_durations)
    assert octave.rmse_semitones == pytest.approx(12, abs=1e-4)


def test_mismatches_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        under_shared_durations(contour(), contour()[:-1])
    with pytest.raises(ValueError, match="sum to 59"):
        warp(contour(), np.array([29, 30]), np.array([1, 2]))
    with pytest.raises(ValueError, match="2 tokens"):
        warp(contour(), np.array([30, 30]), np.array([1, 2, 3]))
