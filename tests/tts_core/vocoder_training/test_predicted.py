"""Predicted spectrograms of recordings, and vocoder training on them."""

import numpy as np
import pytest
import torch

from intone.errors import UserError
from tts_core.config import PRESETS
from tts_core.models.batch import collate
from tts_core.models.build import build
from tts_core.training.loop import train
from tts_core.training.teacher_forced import load_acoustic_model, predict
from tts_core.vocoder.generator import read_description
from tts_core.vocoder_training.speech import Segments, read_speech
from tts_core.vocoder_training.training import train_vocoder

SYSTEMS = ["ntts", "ntts_attention", "durian_plus", "kathaka", "camp"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_frames_line_up_with_the_recording_and_are_what_the_loss_compares(
    system, tiny, facts, utterance
):
    recipe = tiny(system, 1, **{"model.prenet_dropout": 0.0})
    model = build(recipe, facts).eval()
    rows = [utterance(0, 3), utterance(1, 5)]
    batch = collate([r.encoded for r in rows], rows)
    with torch.no_grad():
        mel = model.teacher_forced(batch)
        assert mel.shape == batch.mel.shape
        if system != "kathaka":  # whose loss draws a latent
            scale = model.mel_scale
            error = (scale.normalise(mel) - scale.normalise(batch.mel))[batch.frame_mask]
            error = error.square() if system == "ntts" else error.abs()
            torch.testing.assert_close(error.mean(), model.acoustic_loss(batch)["mel"])
    for row in rows:
        assert predict(model, row).shape == row.mel.shape


def test_a_prediction_is_always_the_same(tiny, facts, utterance):
    model, row = build(tiny("ntts", 1), facts).eval(), utterance(0, 3)
    before = torch.get_rng_state()
    np.testing.assert_array_equal(predict(model, row), predict(model, row))
    assert torch.equal(torch.get_rng_state(), before)


def test_vocoder_learns_from_both_kinds_and_records_it(spoken, tiny, small, tmp_path):
    train(tiny("ntts", 2), spoken, tmp_path / "ntts")
    speech = read_speech(spoken, tmp_path / "ntts")
    for clip in [*speech.train, *speech.validation]:
        assert clip.predicted.shape == clip.mel.shape
        assert len(clip.samples) == 256 * len(clip.mel)
    segments = Segments(speech.train, 8, 3, 0.5, seed=0)
    drawn = [one.predicted for step in range(40) for one in segments.at(step)]
    assert 0.3 < np.mean(drawn) < 0.7
    run = tmp_path / "run"
    train_vocoder(small(2), speech, run)
    described = read_description(run / "vocoder")
    assert set(described.after) == {"mel_l1", "mel_l1_predicted"}
    assert described.acoustic_model_sha256 == speech.acoustic_model
    with pytest.raises(UserError, match="holds a run with another model"):
        train_vocoder(small(2), read_speech(spoken), run)


def test_a_model_of_other_spectrograms_is_refused(spoken, tiny, tmp_path):
    train(tiny("ntts", 1), spoken, tmp_path / "ntts")
    with pytest.raises(UserError, match=r"corpus has .* \(paper24k\)"):
        load_acoustic_model(tmp_path / "ntts", PRESETS["paper24k"])
    with pytest.raises(UserError, match="no finished model there"):
        load_acoustic_model(tmp_path, PRESETS["paper24k"])
