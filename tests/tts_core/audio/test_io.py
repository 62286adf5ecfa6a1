from pathlib import Path

import numpy as np
import pytest
import soundfile

from intone.errors import UserError
from tts_core.audio.io import attenuate, read_audio, read_audio_and_rate, write_audio


@pytest.mark.parametrize("ending", [".wav", ".flac"])
def test_round_trip_is_lossless_to_24_bits(tmp_path: Path, ending: str) -> None:
    samples = np.random.default_rng(0).uniform(-1, 1, 4000).astype(np.float32)
    samples[:2] = [1, -1]
    path = write_audio(tmp_path / f"new/a{ending}", samples, 22050)
    back, rate = read_audio_and_rate(path)
    assert rate == 22050
    assert back.dtype == np.float32
    np.testing.assert_allclose(back, samples, atol=2.0**-23)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_16_bit_recording_survives_bit_for_bit(tmp_path: Path) -> None:
    codes = np.random.default_rng(0).integers(-32768, 32768, 4000).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", codes, 16000, subtype="PCM_16")
    write_audio(tmp_path / "b.flac", *read_audio_and_rate(tmp_path / "a.wav"))
    back, _ = soundfile.read(tmp_path / "b.flac", dtype="int16")
    np.testing.assert_array_equal(back, codes)


def test_resampling_keeps_the_tone_and_channels_are_averaged(tmp_path: Path) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(48000) / 48000)
    soundfile.write(tmp_path / "a.wav", np.stack([tone, np.zeros(48000)], 1), 48000)
    heard = read_audio(tmp_path / "a.wav", 22050)
    assert len(heard) == 22050
    expected = 0.25 * np.sin(2 * np.pi * 1000 * np.arange(22050) / 22050)
    np.testing.assert_allclose(heard[500:-500], expected[500:-500], atol=1e-3)


def test_clipping_is_refused_and_can_be_attenuated(tmp_path: Path) -> None:
    loud = np.array([0.0, 1.5, -2.0])
    with pytest.raises(UserError, match=r"loud\.wav: the signal peaks at 2\.000"):
        write_audio(tmp_path / "loud.wav", loud, 16000)
    assert not list(tmp_path.iterdir())
    safe, gain = attenuate(loud)
    assert np.abs(safe).max() == pytest.approx(0.999)
    assert gain == pytest.approx(-6.03, abs=0.01)
    same, none = attenuate(np.array([1.0, -0.5]))
    assert none == 0 and same.tolist() == [1.0, -0.5]


def test_refusals_name_the_file(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("not audio")
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 16000)
    soundfile.write(tmp_path / "nan.wav", np.array([0, np.nan]), 16000, subtype="FLOAT")
    for name, why in [
        ("none.wav", "no such audio file"),
        ("text.wav", "not audio"),
        ("empty.wav", "no samples"),
        ("nan.wav", "not numbers"),
    ]:
        with pytest.raises(UserError, match=f"{name}: .*{why}"):
            read_audio(tmp_path / name)
    for name, samples in [("a.mp3", np.ones(3)), ("a.wav", np.zeros(0)), ("b.wav", [0, np.nan])]:
        with pytest.raises(UserError, match=name):
            write_audio(tmp_path / name, np.asarray(samples), 16000)
