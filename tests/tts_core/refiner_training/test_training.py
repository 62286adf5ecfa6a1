"""A refiner learns and resumes at the smallest size."""

import signal
from copy import copy

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from intone.errors import UserError
from tts_core.adversarial.loop import STEPS
from tts_core.adversarial.pairs import load_teachers, predict_pairs, read_pairs
from tts_core.adversarial.spectrogram_discriminators import SpectrogramDiscriminators
from tts_core.config import PRESETS, Features
from tts_core.refiner.config import load_refiner_recipe
from tts_core.refiner.load import load_refiner
from tts_core.refiner.saved import read_description
from tts_core.refiner_training.crops import Crops
from tts_core.refiner_training.training import claim_refiner_run, train_refiner
from tts_core.training import metrics
from tts_core.training.checkpoint import newest_step
from tts_core.training.loop import train
from tts_core.training.signals import Interrupted


def test_training_brings_the_detail_nearer_to_the_recordings(pairs, small, tmp_path):
    recipe = small(200, lr=1e-2, ema=0.9, mel_weight=3.0, feature_weight=5.0)
    described = read_description(train_refiner(recipe, pairs, tmp_path / "run"))
    before, after = described.before, described.after
    assert before["detail_time"] < 0.4
    assert abs(1 - after["detail_time"]) < 0.5 * abs(1 - before["detail_time"])
    assert before["recordings_l1"] == pytest.approx(0, abs=1e-6)
    assert after["recordings_l1"] > 0.01


def test_the_reconstruction_loss_falls_where_it_decides(pairs, small, tmp_path):
    recipe = small(100, lr=4e-3, ema=0.9, mel_weight=1000.0, width=96, dilations=[1])
    described = read_description(train_refiner(recipe, pairs, tmp_path / "run"))
    assert described.after["mel_l1"] < 0.97 * described.before["mel_l1"]
    losses = [row["mel"] for row in metrics.read(tmp_path / "run") if row["split"] == "train"]
    assert np.mean(losses[-3:]) < 0.95 * losses[0]


def test_interrupted_run_is_equal_to_an_uninterrupted_one(pairs, small, tmp_path):
    """At SIGTERM, which writes a checkpoint between two others."""
    recipe, whole, broken = small(5, checkpoint_every=2), tmp_path / "whole", tmp_path / "broken"
    train_refiner(recipe, pairs, whole)

    def asks(event):
        if event.step == 2:
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(Interrupted, match="step 3; saved"):
        train_refiner(recipe, pairs, broken, asks)
    assert newest_step(broken / STEPS) == (broken / STEPS / "step-0000003", 3)
    train_refiner(recipe, pairs, broken)
    described = [read_description(run / "refiner") for run in (whole, broken)]
    assert described[0] == described[1]
    # What is written is the average, not the last weights.
    last = load_file(whole / STEPS / "step-0000005" / "generator.safetensors")
    written = load_file(whole / "refiner" / "refiner.safetensors")
    assert not torch.equal(last["first.weight"], written["first.weight"])
    assert metrics.read(whole)[-1] == metrics.read(broken)[-1]


def test_the_folder_belongs_to_one_run(pairs, small, tmp_path):
    train_refiner(small(1), pairs, tmp_path / "run")
    with pytest.raises(UserError, match="holds a run with another recipe"):
        train_refiner(small(2), pairs, tmp_path / "run")


def test_a_folder_is_claimed_before_anything_is_predicted(pairs, small, tmp_path):
    for pair in (*pairs.train, *pairs.validation):
        pair.predicted.clear()
    with pytest.raises(UserError, match="crop_frames=99"):
        claim_refiner_run(small(1, crop_frames=99), pairs, tmp_path / "run")
    assert claim_refiner_run(small(1), pairs, tmp_path / "run")


def test_a_finished_run_has_no_steps_left(pairs, small, tmp_path):
    train_refiner(small(1), pairs, tmp_path / "run")
    assert not claim_refiner_run(small(1), pairs, tmp_path / "run")
    with pytest.raises(UserError, match="holds a run with another recipe"):
        claim_refiner_run(small(2), pairs, tmp_path / "run")


def test_crops_line_up_and_follow_from_the_step_alone(pairs):
    crops, again = (Crops(pairs.train, 16, 5, seed=1) for _ in range(2))
    predicted, recorded = crops.batch_at(7)
    assert predicted.shape == recorded.shape == (5, 16, 80)
    assert torch.equal(again.batch_at(7)[1], recorded)
    assert not torch.equal(crops.batch_at(8)[1], recorded)
    # A prediction is the recording blurred: elsewhere they would not correlate.
    for one, other in zip(predicted, recorded, strict=True):
        assert np.corrcoef(one.flatten(), other.flatten())[0, 1] > 0.7
    with pytest.raises(UserError, match="crop_frames=999"):
        Crops(pairs.train, 999, 2, seed=0)


def test_discriminators_see_what_the_refiner_read():
    judges = SpectrogramDiscriminators(4)
    candidate, given = torch.randn(2, 2, 48, 80)
    scores = [each.score for each in judges(candidate, given)]
    # Frames and bins: 48 / 4 and 80 / 8, then 48 / 8 and 80 / 4.
    assert [score.shape for score in scores] == [(2, 12 * 10), (2, 6 * 20)]
    others = [each.score for each in judges(candidate, given + 1)]
    assert all(not torch.equal(a, b) for a, b in zip(scores, others, strict=True))


def test_systems_predict_the_recordings_they_are_paired_with(corpus, tiny, tmp_path):
    runs = [tmp_path / "ntts", tmp_path / "camp"]
    for run in runs:
        train(tiny(run.name, 1), corpus, run)
    teachers = load_teachers(corpus, runs)
    pairs = read_pairs(teachers)
    predict_pairs(teachers, pairs)
    assert [teacher.system for teacher in pairs.systems] == ["ntts", "camp"]
    assert (len(pairs.train), len(pairs.validation)) == (24, 4)
    for pair in [*pairs.train, *pairs.validation]:
        assert [mel.shape for mel in pair.predicted] == [pair.recorded.shape] * 2
        assert pair.recorded.dtype == pair.predicted[0].dtype == np.float16
    with pytest.raises(UserError, match="name the runs"):
        load_teachers(corpus, [])
    other = copy(corpus)
    other.info = corpus.info.model_copy(update={"inputs_digest": "another"})
    with pytest.raises(UserError, match=r"another prepared corpus than .* instead of another"):
        load_teachers(other, runs)
    with pytest.raises(UserError, match="named twice"):
        load_teachers(corpus, [runs[0], runs[0]])
    with pytest.raises(UserError, match="no finished model there"):
        load_teachers(corpus, [tmp_path])


def test_a_refiner_of_other_spectrograms_is_refused(pairs, small, tmp_path):
    run = tmp_path / "run"
    train_refiner(small(1), pairs, run)
    refiner = load_refiner(str(run), Features())
    assert refiner is not None
    described = read_description(run / "refiner")
    assert refiner.name == f"refiner-{described.weights_sha256[:12]}"
    with pytest.raises(UserError, match="refines other spectrograms than 'paper24k'"):
        load_refiner(str(run), PRESETS["paper24k"])
    (run / "refiner" / "refiner.safetensors").write_bytes(b"")
    with pytest.raises(UserError, match=r"not the weights that refiner\.json describes"):
        load_refiner(str(run), Features())


def test_layouts_that_mean_nothing_are_refused():
    with pytest.raises(UserError, match="kernel 4 is even"):
        load_refiner_recipe("refiner", {"kernel": 4})
    with pytest.raises(UserError, match="a dilation is 1 or more"):
        load_refiner_recipe("refiner", {"dilations": [0]})
