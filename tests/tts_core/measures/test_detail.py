import numpy as np
import pytest

from tts_core.measures.detail import detail, detail_of_mel


def log_mel(frames: int = 200, bins: int = 80) -> np.ndarray:
    """Return moving formants with jitter between pauses 100 dB below."""
    random = np.random.default_rng(0)
    t, m = np.mgrid[:frames, :bins]
    mel = -5 + 2 * np.cos((m - 10 * np.sin(t / 20)) / 4) + random.normal(0, 0.3, (frames, bins))
    mel[:30] -= 11.5
    mel[-30:] -= 11.5
    return mel


def blurred(mel: np.ndarray, axis: int) -> np.ndarray:
    return (np.roll(mel, 1, axis) + 2 * mel + np.roll(mel, -1, axis)) / 4


@pytest.mark.parametrize(("axis", "direction"), [(0, "time"), (1, "frequency")])
def test_blur_lowers_and_sharpening_raises_the_detail(axis: int, direction: str) -> None:
    mel = log_mel()
    blur = blurred(mel, axis)
    values = [detail_of_mel(x) for x in (blur, mel, 2 * mel - blur)]
    low, plain, high = (getattr(value, direction) for value in values)
    assert low < 0.75 * plain
    assert high > 1.25 * plain


def test_noise_of_known_spread_has_the_detail_that_theory_gives_it() -> None:
    # The variance of white x minus the mean of two neighbours is 1.5 times that of x.
    found = detail_of_mel(np.random.default_rng(1).normal(0, 0.2, (4000, 80)))
    assert found is not None
    assert found.time == pytest.approx(0.2 * 1.5**0.5, rel=0.01)
    assert found.frequency == pytest.approx(0.2 * 1.5**0.5, rel=0.01)


def test_a_change_of_spectrum_that_stays_is_no_detail_over_time() -> None:
    mel = np.tile(np.linspace(-2, 2, 80), (50, 1)) + np.linspace(0, 1, 50)[:, None]
    found = detail_of_mel(mel)
    assert found is not None
    assert found.time == pytest.approx(0, abs=1e-9)
    assert found.frequency == pytest.approx(0, abs=1e-9)


def test_pauses_do_not_count() -> None:
    mel = log_mel()
    noisy = mel.copy()
    noisy[:29] += np.random.default_rng(2).normal(0, 1, (29, 80))
    assert detail_of_mel(noisy) == detail_of_mel(mel)


def speech_like(rate_hz: int) -> np.ndarray:
    """Return harmonics below 7 kHz whose pitch and level move, two seconds."""
    t = np.arange(2 * rate_hz) / rate_hz
    phase = 2 * np.pi * (120 * t - 10 * np.cos(2 * np.pi * 2 * t) / (2 * np.pi))
    harmonics = sum(np.sin(k * phase) / k for k in range(1, 50))
    return (0.2 * harmonics * (1.2 + np.sin(2 * np.pi * 4 * t))).astype(np.float32)


@pytest.mark.parametrize("gain", [0.01, 3.0])
def test_gain_does_not_matter(gain: float) -> None:
    plain, scaled = (detail(g * speech_like(22050), 22050) for g in (1.0, gain))
    assert plain is not None and scaled is not None
    assert scaled.time == pytest.approx(plain.time, rel=1e-3)
    assert scaled.frequency == pytest.approx(plain.frequency, rel=1e-3)


def test_the_sampling_rate_does_not_matter() -> None:
    plain, other = detail(speech_like(22050), 22050), detail(speech_like(48000), 48000)
    assert plain is not None and other is not None
    assert other.time == pytest.approx(plain.time, rel=0.02)
    assert other.frequency == pytest.approx(plain.frequency, rel=0.02)


@pytest.mark.parametrize("samples", [np.zeros(22050), np.ones(5), np.ones(1000)])
def test_silence_and_clicks_have_none(samples: np.ndarray) -> None:
    assert detail(samples.astype(np.float32), 22050) is None
