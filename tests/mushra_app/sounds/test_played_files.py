"""Played files: anchors inside the mask, equal loudness and length."""

import numpy as np
import pytest
import soundfile

from intone.contracts import StimulusSet
from intone.errors import UserError
from mushra_app.design.new import new_study
from mushra_app.sounds.anchors import anchor, low_pass, measure
from mushra_app.sounds.played_files import loudness, prepare
from mushra_app.study.file import LOW, MID, read_study
from mushra_app.study.manifest import audio_folder
from tests.mushra_app.support import (
    SYSTEMS,
    make_stimuli,
    make_study,
    replace_stimulus,
    speech_like,
)


@pytest.mark.parametrize("rate", [16000, 22050, 24000, 32000, 44100, 48000, 96000])
@pytest.mark.parametrize("cut_off", [3500.0, 7000.0])
def test_anchor_filters_stay_inside_the_mask(rate, cut_off):
    found = measure(low_pass(cut_off, rate), cut_off, rate)
    assert found.met, found
    assert found.ripple < 0.02
    assert found.first > 55


def test_a_sharper_mask_than_the_filter_is_not_met():
    taps = low_pass(3500.0, 24000)
    assert not measure(taps[::2] * 2, 3500.0, 24000).met


def test_an_anchor_keeps_length_and_time_and_loses_what_is_above():
    rate = 24000
    time = np.arange(2 * rate) / rate
    low, high = np.sin(2 * np.pi * 1000 * time), np.sin(2 * np.pi * 4500 * time)
    filtered, _ = anchor((low + high)[:, None], "anchor_low", rate)
    assert filtered.shape == (2 * rate, 1)
    inside = slice(rate // 2, -rate // 2)
    assert np.abs(filtered[inside, 0] - low[inside]).max() < 10 ** (-50 / 20)


def test_every_file_has_one_loudness_and_every_page_one_size(study):
    manifest = prepare(read_study(study), study)
    folder = audio_folder(study)
    for sentence in ("utt_alpha", "utt_beta"):
        items = [i for i in manifest.items if i.sentence == sentence]
        assert {i.system for i in items} == {*SYSTEMS, LOW, MID}
        assert len({(folder / i.path).stat().st_size for i in items}) == 1
        for item in items:
            samples, rate = soundfile.read(folder / item.path, always_2d=True)
            assert abs(loudness(samples[: round(item.seconds * rate)], rate) + 23) < 0.5
            assert np.abs(samples).max() < 1


def test_speech_is_never_trimmed_and_gets_one_fixed_gain(study):
    manifest = prepare(read_study(study), study)
    item = manifest.item("utt_alpha", "ibexspectral")
    played, rate = soundfile.read(audio_folder(study) / item.path)
    source, _ = soundfile.read(study.parent / "stimuli" / "ibexspectral-utt_alpha.wav")
    assert item.seconds == pytest.approx(1.5)
    gain = 10 ** (item.gain_db / 20)
    assert np.abs(played[: len(source)] - gain * source).max() < 2e-4
    assert rate == 24000


def test_preparing_again_changes_nothing_and_a_new_choice_does(tmp_path):
    path = make_study(tmp_path)
    study, folder = read_study(path), audio_folder(path)
    before = {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    prepare(study, path)
    assert {p: p.stat().st_mtime_ns for p in folder.iterdir()} == before
    fewer = study.model_copy(update={"systems": ["zebrabaseline"]})
    assert len(prepare(fewer, path).items) == 2 * 4


def test_loud_material_lowers_the_common_level_instead_of_clipping(tmp_path):
    folder = make_stimuli(tmp_path / "stimuli")
    click = speech_like(1, 1.2)
    click[1000] = 1.0
    target = folder / "zebrabaseline-utt_alpha.wav"
    replace_stimulus(folder, target, 0.02 * click + 0.98 * (np.abs(click) == 1) * click)
    path = tmp_path / "study.yaml"
    new_study(folder, path)
    manifest = prepare(read_study(path), path)
    assert manifest.target_lufs < -23
    for item in manifest.items:
        assert item.loudness_lufs == pytest.approx(manifest.target_lufs, abs=0.5)
        assert np.abs(soundfile.read(audio_folder(path) / item.path)[0]).max() < 1


def test_a_silent_file_is_refused_by_name(tmp_path):
    folder = make_stimuli(tmp_path / "stimuli")
    replace_stimulus(folder, folder / "quokkacontext-utt_beta.wav", np.zeros(24000))
    with pytest.raises(UserError, match=r"quokkacontext-utt_beta\.wav: silent"):
        new_study(folder, tmp_path / "study.yaml")
    assert not (tmp_path / "study.yaml").exists()


def test_a_damaged_sound_is_made_again(tmp_path):
    path = make_study(tmp_path)
    manifest = prepare(read_study(path), path)
    damaged = audio_folder(path) / manifest.items[0].path
    before = damaged.read_bytes()
    damaged.write_bytes(before[:-100] + bytes(100))
    assert prepare(read_study(path), path) == manifest
    assert damaged.read_bytes() == before


def test_new_sounds_leave_those_of_a_running_server_alone(tmp_path):
    path = make_study(tmp_path)
    folder = audio_folder(path)
    running = prepare(read_study(path), path)
    before = {item.path: (folder / item.path).read_bytes() for item in running.items}
    target = path.parent / "stimuli" / "zebrabaseline-utt_alpha.wav"
    replace_stimulus(path.parent / "stimuli", target, speech_like(99, 1.3))
    after = prepare(read_study(path), path)
    name = ("utt_alpha", "zebrabaseline")
    assert after.item(*name).path != running.item(*name).path
    assert after.played_sha256 != running.played_sha256
    assert {p: (folder / p).read_bytes() for p in before} == before
    assert not list(folder.glob("*.part"))


def test_more_versions_than_the_standard_allows_are_warned_about(tmp_path):
    folder = make_stimuli(tmp_path / "stimuli")
    found = StimulusSet.read(folder)
    baseline = next(s for s in found.stimuli if s.system == "zebrabaseline")
    more = [baseline.model_copy(update={"system": f"copy{i}"}) for i in range(7)]
    warned = []
    for count in (6, 7):
        found.model_copy(update={"stimuli": [*found.stimuli, *more[:count]]}).write(folder)
        path = new_study(
            folder, tmp_path / f"study{count}.yaml", sentences=["utt_alpha"], pages_per_listener=1
        )
        warned.append("BS.1534-3 allows" in "".join(prepare(read_study(path), path).warnings))
    assert warned == [False, True]
