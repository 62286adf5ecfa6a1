"""Loudness and F0 against signals whose values are known."""

import numpy as np
import pytest

from tts_core.audio.loudness import integrated_lufs
from tts_core.audio.pitch import f0
from tts_core.config import PRESETS, Features


def sine(hz: float, seconds: float, rate: int, peak: float = 1.0) -> np.ndarray:
    return (peak * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)).astype("f4")


def pulses(hz: np.ndarray, rate: int) -> np.ndarray:
    """A pulse train whose frequency at each sample is `hz`."""
    phase = np.cumsum(hz / rate)
    return 0.5 * (np.diff(np.floor(phase), prepend=0) > 0).astype(np.float32)


def test_full_scale_997_hz_sine_is_minus_3_01_lufs() -> None:
    # ITU-R BS.1770-4, annex 1: a 0 dBFS 997 Hz sine in one channel reads -3.01 LKFS.
    assert integrated_lufs(sine(997, 5, 48000), 48000) == pytest.approx(-3.01, abs=0.06)


@pytest.mark.parametrize("rate", [16000, 22050, 44100])
def test_gain_moves_loudness_by_its_decibels_at_any_rate(rate: int) -> None:
    loud = integrated_lufs(sine(997, 2, rate), rate)
    soft = integrated_lufs(sine(997, 2, rate, peak=0.1), rate)
    assert loud is not None and soft is not None
    assert loud - soft == pytest.approx(20, abs=1e-3)
    assert loud == pytest.approx(-3.01, abs=0.15)


def test_loudness_is_undefined_when_short_or_silent() -> None:
    assert integrated_lufs(sine(997, 0.39, 16000), 16000) is None
    assert integrated_lufs(np.zeros(16000), 16000) is None


@pytest.mark.parametrize("name", PRESETS)
def test_f0_of_a_200_hz_pulse_train(name: str) -> None:
    features = PRESETS[name]
    rate = features.sample_rate_hz
    found = f0(pulses(np.full(rate, 200.0), rate), features)
    assert found.shape == (rate // features.hop,)
    assert found.dtype == np.float32
    inner = found[5:-5]
    assert (inner > 0).all()
    assert np.median(inner) == pytest.approx(200, rel=0.01)


def test_f0_frames_align_with_spectrogram_frames() -> None:
    features = Features()
    rate = features.sample_rate_hz
    glide = np.linspace(120, 240, 2 * rate)
    found = f0(pulses(glide, rate), features)
    centres = (np.arange(len(found)) + 0.5) * features.hop
    slip = found[20:-20] - np.interp(centres[20:-20], np.arange(len(glide)), glide)
    # 60 Hz/s: half a frame's displacement (6 ms) would be 0.35 Hz.
    assert abs(np.median(slip)) < 0.2


def test_silence_and_noise_are_unvoiced() -> None:
    assert not f0(np.zeros(22050), Features()).any()
    noise = 0.1 * np.random.default_rng(0).normal(size=22050)
    assert (f0(noise, Features()) > 0).mean() < 0.2
