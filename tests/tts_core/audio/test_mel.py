import numpy as np
import pytest
import torch
from transformers.audio_utils import mel_filter_bank

from tts_core.audio.mel import MelSpectrogram, hz_to_mel, mel_filterbank, mel_to_hz
from tts_core.config import PRESETS, Features
from tts_core.units import samples_to_frames


def noise(n: int, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).normal(size=n)).astype(np.float32)


@pytest.mark.parametrize("name", PRESETS)
def test_filterbank_is_slaneys(name: str) -> None:
    f = PRESETS[name]
    expected = mel_filter_bank(
        f.n_fft // 2 + 1, f.n_mels, f.fmin_hz, f.fmax_hz, f.sample_rate_hz, "slaney", "slaney"
    ).T
    np.testing.assert_allclose(mel_filterbank(f), expected, atol=1e-8)


def test_mel_scale_has_slaneys_landmarks_and_inverts() -> None:
    # 1 kHz is mel 15 and each 27 further mels multiply the frequency by 6.4 (Auditory Toolbox).
    np.testing.assert_allclose(hz_to_mel(np.array([0, 200 / 3, 1000, 6400])), [0, 1, 15, 42])
    hz = np.linspace(0, 12000, 50)
    np.testing.assert_allclose(mel_to_hz(hz_to_mel(hz)), hz, atol=1e-9)


def test_values_agree_with_the_definition_in_numpy() -> None:
    f = Features()
    samples = noise(5000)
    padded = np.pad(samples.astype(np.float64), 384, mode="reflect")
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1024) / 1024)
    frames = np.stack([padded[t * 256 : t * 256 + 1024] * hann for t in range(5000 // 256)])
    magnitude = np.sqrt(np.abs(np.fft.rfft(frames)) ** 2 + 1e-9)
    expected = np.log(np.maximum(magnitude @ mel_filterbank(f).T, 1e-5))
    np.testing.assert_allclose(MelSpectrogram(f)(samples), expected, atol=1e-4)


def by_torch(samples: np.ndarray, f: Features) -> np.ndarray:
    """The definition once more, by torch's STFT and a dense filterbank."""
    pad = (f.n_fft - f.hop) // 2
    padded = torch.nn.functional.pad(torch.from_numpy(samples)[None, None], (pad, pad), "reflect")
    spectrum = torch.stft(
        padded[0],
        f.n_fft,
        f.hop,
        f.window,
        torch.hann_window(f.window),
        center=False,
        return_complex=True,
    )
    magnitude = (spectrum.real.square() + spectrum.imag.square() + 1e-9).sqrt()[0]
    filters = torch.from_numpy(mel_filterbank(f))
    return (filters @ magnitude).clamp(min=f.floor).log().T.numpy()


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("n_samples", [875, 5000, 200_000])
def test_blocks_and_bands_change_no_value(name: str, n_samples: int) -> None:
    # From full scale to digital silence, where only the floors are left.
    fading = noise(n_samples) * np.logspace(0.5, -9, n_samples, dtype=np.float32)
    found = MelSpectrogram(PRESETS[name])(fading)
    np.testing.assert_allclose(found, by_torch(fading, PRESETS[name]), atol=1e-4)


def test_any_number_of_mels_and_any_band() -> None:
    for f in (Features(n_mels=5), Features(n_mels=200), Features(fmin_hz=3000.0, fmax_hz=3100.0)):
        samples = noise(4000)
        found = MelSpectrogram(f)(samples)
        np.testing.assert_allclose(found, by_torch(samples, f), atol=1e-4)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("n_samples", [5119, 5120, 5121, 9000])
def test_frames_are_those_of_units(name: str, n_samples: int) -> None:
    f = PRESETS[name]
    mel = MelSpectrogram(f)(noise(n_samples))
    assert mel.shape == (samples_to_frames(n_samples, f.hop), f.n_mels)


def test_shift_by_one_hop_shifts_frames_by_one() -> None:
    f = Features()
    mel = MelSpectrogram(f)
    samples = noise(12000)
    np.testing.assert_allclose(mel(samples)[3:-3], mel(samples[f.hop :])[2:-3], atol=1e-4)


def test_silence_is_the_floor() -> None:
    mel = MelSpectrogram(Features(floor=1e-3))(np.zeros(4000, np.float32))
    np.testing.assert_allclose(mel, np.log(1e-3), rtol=1e-6)


def test_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        MelSpectrogram(Features())(np.zeros(384, np.float32))
