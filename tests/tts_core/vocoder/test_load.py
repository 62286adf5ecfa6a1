import logging

import numpy as np
import pytest
import torch

from intone import assets
from intone.errors import UserError
from tts_core.audio.mel import MelSpectrogram
from tts_core.config import PRESETS, Features
from tts_core.synthesis.copy_synthesis import CopySynthesis
from tts_core.vocoder.hifigan import Generator, read_config
from tts_core.vocoder.load import HIFIGAN, GriffinLim, Hifigan, load_vocoder

needs_hifigan = pytest.mark.skipif(
    not assets.available(HIFIGAN), reason=f"asset {HIFIGAN} is not here: `intone assets`"
)


def vowel(rate: int = 22050, seconds: float = 0.8) -> np.ndarray:
    """A gliding pulse train through the resonances of an open vowel."""
    from scipy.signal import lfilter

    n = int(rate * seconds)
    phase = np.cumsum(np.linspace(220, 160, n) / rate)
    signal = np.diff(np.floor(phase), prepend=0)
    for hz, width in [(730, 90), (1090, 110), (2440, 170), (3500, 250)]:
        radius = np.exp(-np.pi * width / rate)
        signal = lfilter(
            [1 - radius], [1, -2 * radius * np.cos(2 * np.pi * hz / rate), radius**2], signal
        )
    noise = np.random.default_rng(0).normal(size=n) * 1e-3
    return (0.3 * signal / np.abs(signal).max() + noise).astype(np.float32)


def distance(made: np.ndarray, wanted: np.ndarray, features: Features) -> float:
    """Mean absolute difference of log-mels, the first and last frames apart."""
    return float(np.abs(MelSpectrogram(features)(made) - wanted)[4:-4].mean())


@needs_hifigan
def test_copy_synthesis_keeps_the_spectrogram_and_the_pitch() -> None:
    from tts_core.audio.pitch import f0

    features = Features()
    samples = vowel()
    mel = MelSpectrogram(features)(samples)
    copied = CopySynthesis(features, load_vocoder(features))(samples, 22050)
    assert copied.shape == (len(mel) * features.hop,)
    assert np.abs(copied).max() <= 1
    assert distance(copied, mel, features) < 0.5
    pitch, pitch_copy = f0(samples[: len(copied)], features), f0(copied, features)
    both = (pitch > 0) & (pitch_copy > 0)
    assert both.mean() > 0.8
    np.testing.assert_allclose(pitch_copy[both], pitch[both], rtol=0.05)


@needs_hifigan
def test_the_same_measure_rejects_untrained_weights() -> None:
    features = Features()
    mel = MelSpectrogram(features)(vowel())
    untrained = Hifigan()
    untrained.generator = Generator(read_config(assets.path(HIFIGAN))).eval()
    assert distance(untrained(mel), mel, features) > 1.5


@needs_hifigan
def test_hifigan_batch_equals_single() -> None:
    vocoder = load_vocoder(Features(), HIFIGAN)
    assert vocoder.name == HIFIGAN and vocoder.sample_rate_hz == 22050
    mels = torch.randn(2, 12, 80) - 5
    np.testing.assert_allclose(vocoder(mels)[1], vocoder(mels[1].numpy()), atol=1e-5)


@needs_hifigan
def test_a_foreign_spectrogram_is_refused_by_name_and_announced_otherwise(
    caplog: pytest.LogCaptureFixture,
) -> None:
    foreign = PRESETS["paper24k"]
    both = f"{foreign.digest()} instead of {Features().digest()}: .*hop 300 instead of 256"
    with pytest.raises(UserError, match=both):
        load_vocoder(foreign, HIFIGAN)
    with caplog.at_level(logging.WARNING):
        vocoder = load_vocoder(foreign)
    assert "Griffin-Lim" in caplog.text
    assert vocoder.name == f"griffin-lim (instead of {HIFIGAN})"


def test_missing_weights_are_announced(
    monkeypatch: pytest.MonkeyPatch, tmp_path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("INTONE_CACHE", str(tmp_path))
    with pytest.raises(UserError, match=f"intone assets {HIFIGAN}"):
        load_vocoder(Features(), HIFIGAN)
    with caplog.at_level(logging.WARNING):
        assert load_vocoder(Features()).name.startswith("griffin-lim (instead of")
    assert "fetch them" in caplog.text


@pytest.mark.parametrize("name", PRESETS)
def test_griffin_lim_is_consistent_and_repeatable(name: str) -> None:
    features = PRESETS[name]
    vocoder = GriffinLim(features)
    mel = MelSpectrogram(features)(vowel(features.sample_rate_hz))
    made = vocoder(mel)
    assert made.shape == (len(mel) * features.hop,)
    assert distance(made, mel, features) < 0.3
    np.testing.assert_array_equal(made, vocoder(np.stack([mel, mel]))[1])


def test_unknown_vocoder_and_wrong_shape() -> None:
    with pytest.raises(UserError, match="no such vocoder"):
        load_vocoder(Features(), "wavenet")
    with pytest.raises(ValueError, match="80"):
        GriffinLim(Features())(np.zeros((5, 64)))
