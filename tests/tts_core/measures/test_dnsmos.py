from pathlib import Path

import numpy as np
import pytest
import soundfile

from intone import assets
from intone.errors import UserError
from intone.resources import corpora_path
from tts_core.audio.io import read_audio, resample, write_audio
from tts_core.measures import dnsmos
from tts_core.measures.dnsmos import WINDOW, predict_overall, windows

KATHLEEN = corpora_path("kathleen")
needs_asset = pytest.mark.skipif(
    not assets.available(dnsmos.ASSET), reason="asset dnsmos is not here: `intone assets dnsmos`"
)
needs_recordings = pytest.mark.skipif(
    not KATHLEEN.is_dir(), reason=f"no recordings: {KATHLEEN} (INTONE_CORPORA)"
)


def recording() -> np.ndarray:
    """Return (L,) samples at 22.05 kHz."""
    return read_audio(KATHLEEN / "wavs" / "arctic_a0001_1.flac", 22050)


@pytest.mark.parametrize(
    ("seconds", "starts"),
    [(0.2, [0, 1, 2]), (5.0, [0]), (10.5, [0]), (12.0, [0, 1, 2]), (20.5, [*range(11)])],
)
def test_windows_start_every_second_and_repeat_short_clips(
    seconds: float, starts: list[int]
) -> None:
    samples = np.arange(round(seconds * 16000))
    found = windows(samples)
    assert all(len(window) == WINDOW for window in found)
    first = [window[0] for window in found]
    assert first == [start * 16000 % len(samples) for start in starts]
    if seconds < 9:
        assert np.array_equal(found[0], np.resize(samples, WINDOW))


@needs_asset
@needs_recordings
def test_the_score_of_a_recording_is_that_of_the_published_script(tmp_path: Path) -> None:
    """`speechmos.dnsmos.run` (0.0.1.1) gives 3.2275 for the same samples."""
    path = write_audio(tmp_path / "clean.wav", recording(), 22050)
    assert next(predict_overall([path])) == pytest.approx(3.2275, abs=0.01)


@needs_asset
@needs_recordings
def test_noise_lowers_the_score(tmp_path: Path) -> None:
    clean = 0.3 * recording()
    noise = np.random.default_rng(0).normal(0, clean.std(), len(clean))
    paths = [
        write_audio(tmp_path / "clean.wav", clean, 22050),
        write_audio(tmp_path / "noisy.wav", clean + noise, 22050),
    ]
    good, bad = predict_overall(paths)
    assert good > bad + 0.5


@needs_asset
@needs_recordings
def test_neither_sampling_rate_nor_channels_change_the_score(tmp_path: Path) -> None:
    samples = recording()
    mono = write_audio(tmp_path / "mono.wav", samples, 22050)
    high = write_audio(tmp_path / "high.wav", resample(samples, 22050, 48000), 48000)
    stereo = tmp_path / "stereo.wav"
    soundfile.write(stereo, np.stack([samples, samples], axis=1), 22050, subtype="PCM_24")
    first, second, third = predict_overall([mono, high, stereo])
    assert second == pytest.approx(first, abs=0.02)
    assert third == pytest.approx(first, abs=1e-4)


@needs_asset
def test_a_clip_of_a_tenth_of_a_second_has_a_score(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, (1600, 2))
    path = tmp_path / "short.wav"
    soundfile.write(path, noise, 16000)
    assert 1 <= next(predict_overall([path])) <= 5


@needs_asset
def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone\.wav"):
        next(predict_overall([tmp_path / "gone.wav"]))
