"""Preflight check: every planted defect is found, clean sounds pass."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy import signal
from typer.testing import CliRunner

from intone.contracts import StimulusSet
from intone.errors import UserError
from mushra_app.cli import app
from mushra_app.compliance.check import FILE_NAME
from mushra_app.sounds.masks import masks
from mushra_app.sounds.measure import bandwidth, measure_samples
from mushra_app.sounds.preflight import Preflight, preflight
from mushra_app.study.file import LOW, MID, read_study
from mushra_app.study.manifest import audio_folder
from tests.mushra_app.clean_study import (
    RATE,
    SENTENCES,
    SYSTEMS,
    clean_study,
    plant,
    sound_of,
)
from tests.mushra_app.support import speech_like


@pytest.fixture(scope="session")
def template(tmp_path_factory) -> Path:
    return clean_study(tmp_path_factory.mktemp("clean")).parent


@pytest.fixture
def clean(template, tmp_path) -> Path:
    shutil.copytree(template, tmp_path / "study")
    return tmp_path / "study" / "study.yaml"


def found(study: Path) -> Preflight:
    return preflight(read_study(study), study)


def low_passed(samples: np.ndarray, cut_off: float) -> np.ndarray:
    taps = np.asarray(signal.firwin(401, cut_off, fs=RATE))
    return np.convolve(samples, taps, "same")


def test_a_clean_study_is_clean(clean):
    seen = found(clean)
    assert seen.findings == []
    assert len(seen.files) == len(SENTENCES) * (len(SYSTEMS) + 2)
    for file in seen.files:
        assert file.played_lufs == pytest.approx(-23, abs=0.5)
    assert seen.target_lufs == -23


def clipped(x):
    return np.clip(20 * x, -1, 1)


def softly_clipped(x):
    return 0.4 * clipped(x)


def shifted(x):
    return x + 0.05


def late(x):
    return np.concatenate([np.zeros(round(0.7 * RATE)), x])


def with_silence_before(x):
    return np.concatenate([np.zeros(round(1.1 * RATE)), x])


def with_silence_after(x):
    return np.concatenate([x, np.zeros(round(1.1 * RATE))])


def with_a_hole(x):
    return np.concatenate([x[:9000], np.zeros(2 * RATE), x[9000:]])


def drawn_out(x):
    return np.tile(x, 11)


def cut_off(x):
    return x[: len(x) // 2]


def stereo(x):
    return np.stack([x, x], axis=1)


@pytest.mark.parametrize(
    ("defect", "check", "said"),
    [
        (clipped, "clipping", "clipped in"),
        (softly_clipped, "clipping", "clipped in"),
        (shifted, "dc_offset", "of full scale"),
        (late, "silence", "starts 0.7 s later than the reference"),
        (with_silence_before, "silence", "1.1 s of silence at its beginning"),
        (with_silence_after, "silence", "1.1 s of silence at its end"),
        (with_a_hole, "silence", "of it is silence"),
        (drawn_out, "duration", "13.2 s; BS.1534-3 prefers at most 12 s"),
        (drawn_out, "duration", "13.2 s, the reference 1.2 s"),
        (cut_off, "duration", "0.6 s, the reference 1.2 s"),
        (stereo, "channels", "2 channels, the reference 1"),
        (lambda x: low_passed(x, 6000), "bandwidth", "6.25 kHz, the reference to 12.00 kHz"),
    ],
)
def test_a_planted_defect_is_found_where_it_is(clean, defect, check, said):
    plant(clean, "s3", "context", defect(sound_of("s3", "context")))
    seen = found(clean).findings
    hits = [f for f in seen if f.check == check and said in f.said]
    assert [(f.system, f.sentence, f.severity) for f in hits] == [("context", "s3", "warning")]
    assert {(f.system, f.sentence) for f in seen} == {("context", "s3")}


@pytest.mark.parametrize(
    ("samples", "check", "said"),
    [
        (np.zeros(RATE), "silent", "silent"),
        (speech_like(1, 0.3), "short", "0.30 s"),
    ],
)
def test_unplayable_sound_is_an_error(clean, samples, check, said):
    plant(clean, "s3", "context", samples)
    seen = found(clean)
    assert [(f.severity, f.check) for f in seen.errors] == [("error", check)]
    assert said in seen.errors[0].said
    assert seen.masks == []


def test_a_system_of_narrow_band_is_named_once_not_file_by_file(clean):
    for sentence in SENTENCES:
        plant(clean, sentence, "plain", low_passed(sound_of(sentence, "plain"), 8000))
    (finding,) = found(clean).findings
    assert (finding.check, finding.system, finding.sentence) == ("bandwidth", "plain", None)
    assert "8.25 kHz (median), the reference to 12.00 kHz" in finding.said


def test_another_sampling_rate_is_named(clean):
    samples = speech_like(3, 1.2, 22050)
    plant(clean, "s3", "context", samples, 22050)
    (finding,) = found(clean).findings
    assert (finding.check, finding.sentence) == ("sample_rate", "s3")
    assert "22050 Hz, the reference 24000 Hz" in finding.said


def test_a_reference_of_narrow_band_spoils_the_middle_anchor(clean):
    for sentence in SENTENCES:
        for system in SYSTEMS:
            plant(clean, sentence, system, low_passed(sound_of(sentence, system), 7200))
    (finding,) = found(clean).findings
    assert finding.system == "natural"
    assert "the 7 kHz anchor removes almost nothing" in finding.said


def test_duplicates_are_found_in_any_container(clean):
    # As integers: from floating point the two containers round differently.
    same, _ = soundfile.read(clean.parent / "stimuli" / "natural-s3.wav", dtype="int16")
    plant(clean, "s3", "context", same, suffix=".flac")
    plant(clean, "s4", "plain", sound_of("s2", "plain"))
    said = {(f.system, f.sentence): f.said for f in found(clean).findings if f.check == "duplicate"}
    assert set(said) == {("context", "s3"), ("plain", "s4")}
    assert "bit-identical to the reference" in said["context", "s3"]
    assert "the same sound as plain, s2" in said["plain", "s4"]


def test_missing_and_changed_files_are_all_named(clean):
    folder = clean.parent / "stimuli"
    (folder / "plain-s0.wav").unlink()
    (folder / "plain-s1.wav").write_bytes(b"RIFF")
    soundfile.write(folder / "plain-s2.wav", sound_of("s2", "natural"), RATE)
    kept = StimulusSet.read(folder, verify=False)
    cells = [s for s in kept.stimuli if (s.sentence, s.system) != ("s3", "context")]
    kept.model_copy(update={"stimuli": cells}).write(folder)
    seen = found(clean)
    assert {(f.check, f.system, f.sentence) for f in seen.errors} == {
        ("missing", "plain", "s0"),
        ("changed", "plain", "s1"),
        ("changed", "plain", "s2"),
        ("missing", "context", "s3"),
    }


@pytest.mark.parametrize("rate", [16000, 22050, 24000, 32000, 44100, 48000, 96000])
def test_masks_are_as_the_verified_recipe_has_them(clean, rate):
    low, mid = masks(read_study(clean), rate)
    assert (low.anchor, low.first_hz, low.second_hz) == (LOW, 4000, 4500)
    assert (mid.anchor, mid.first_hz, mid.second_hz) == (MID, 7500, 8000)
    assert low.ripple_db <= 0.0155
    assert low.first_db is not None
    assert low.first_db >= 55.8
    assert low.second_db is not None
    assert low.second_db >= 64
    assert low.met
    assert mid.met
    assert (mid.second_db is None) == (rate == 16000)
    assert (low.ripple_allowed_db, low.first_required_db, low.second_required_db) == (0.1, 25, 50)


def test_anchors_that_were_made_end_where_they_should(clean):
    widths = {f.system: f.sound.bandwidth_hz for f in found(clean).files}
    assert widths[LOW] in (3750, 4000)
    assert widths[MID] in (7250, 7500)


@pytest.mark.parametrize("cut_off", [3000, 5500, 8000, 10000])
def test_bandwidth_is_that_of_the_filter(cut_off):
    samples = low_passed(speech_like(1, 2), cut_off)[:, None]
    width = bandwidth(samples, RATE)
    assert width is not None
    assert cut_off - 250 <= width <= cut_off + 500
    assert bandwidth(0.001 * samples, RATE) == width


def test_silence_and_level_are_measured_in_seconds_and_decibels():
    samples = np.concatenate([np.zeros(12000), 0.5 * np.ones(24000), np.zeros(6000)])
    samples[12000:36000] *= np.sin(2 * np.pi * 1000 * np.arange(24000) / RATE)
    sound = measure_samples(samples[:, None], RATE)
    assert (sound.silence_before_s, sound.silence_after_s) == (0.5, 0.25)
    assert sound.silent_share == pytest.approx(18 / 42, abs=0.01)
    assert sound.peak_dbfs == pytest.approx(-6.02, abs=0.01)
    assert sound.clipped == 0
    # BS.1770: a sine of 1 kHz at full scale has -3.01 LUFS.
    sine = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(3 * RATE) / RATE)[:, None]
    assert measure_samples(sine, RATE).loudness_lufs == pytest.approx(-3.01 - 6.02, abs=0.1)


def test_command_prints_and_records_everything(clean):
    result = CliRunner().invoke(app, ["study", "check", str(clean)], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    for said in (
        "Recogniser not installed: texts were not compared",
        "anchor-3.5k: ripple 0.01",
        "considering (i)",
        "MUSHRA (ITU-R BS.1534-3)",
        "Ready.",
    ):
        assert said in result.output
    written = json.loads((audio_folder(clean) / FILE_NAME).read_text())
    assert written["ready"] is True
    assert {m["anchor"] for m in written["sounds"]["masks"]} == {LOW, MID}
    table = (audio_folder(clean) / "check.md").read_text()
    assert "| considering (i) |" in table
    printed = CliRunner().invoke(app, ["study", "check", str(clean), "--json"])
    assert json.loads(printed.stdout) == written


def test_the_command_fails_in_one_sentence_when_there_are_errors(clean):
    plant(clean, "s3", "context", np.zeros(RATE))
    result = CliRunner().invoke(app, ["study", "check", str(clean)], env={"COLUMNS": "200"})
    assert isinstance(result.exception, UserError)
    assert "1 error in its sounds" in str(result.exception)
    assert "Error: context, s3: silent" in result.output
    assert "Ready" not in result.output
    assert json.loads((audio_folder(clean) / FILE_NAME).read_text())["ready"] is False
