"""A trained system's decoder learns adversarially; nothing else of it changes."""

import signal
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from intone.errors import UserError
from tts_core.adversarial.loop import STEPS
from tts_core.adversarial.pairs import Pairs, Teachers, load_teachers, predict_pairs, read_pairs
from tts_core.commands.decoder import train_decoder_recipe
from tts_core.decoder_training.config import DecoderRecipe, load_decoder_recipe
from tts_core.decoder_training.training import DecoderTraining, train_decoder
from tts_core.models.saved import read_description
from tts_core.training import metrics
from tts_core.training.events import Watch
from tts_core.training.loop import train
from tts_core.training.signals import Interrupted
from tts_core.voice import pack

DECODER = "decoder."


def small(steps: int, **changes: object) -> DecoderRecipe:
    tiny = {"steps": steps, "crop_frames": 16, "batch": 4, "utterances": 2}
    return load_decoder_recipe("decoder", {**tiny, "discriminator_channels": 4, **changes})


def sharpen(
    recipe: DecoderRecipe,
    loaded: tuple[Teachers, Pairs],
    out: Path,
    watch: Watch = lambda _: None,
) -> Path:
    return train_decoder(recipe, *loaded, out, watch)


@pytest.fixture(params=["ntts", "kathaka", "camp", "durian_plus", "ntts_attention"])
def system(request, corpus, tiny, tmp_path):
    train(tiny(request.param, 1), corpus, tmp_path / request.param)
    return tmp_path / request.param


@pytest.fixture
def teacher(corpus, tiny, tmp_path):
    """teacher(name): a system as loaded for a training, with its predictions."""

    def load(name: str) -> tuple[Teachers, Pairs]:
        if not (tmp_path / name).exists():
            train(tiny(name, 1), corpus, tmp_path / name)
        teachers = load_teachers(corpus, [tmp_path / name])
        pairs = read_pairs(teachers)
        predict_pairs(teachers, pairs)
        return teachers, pairs

    return load


def test_only_the_decoder_of_any_system_learns(system, corpus, tmp_path):
    out = tmp_path / "sharp"
    changes = ["steps=2", "crop_frames=16", "batch=4", "utterances=2", "discriminator_channels=4"]
    folder = train_decoder_recipe("decoder", changes, system, corpus.path, out)
    before, after = (load_file(path / "model.safetensors") for path in (system / "model", folder))
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all(name.startswith(DECODER) for name in changed)
    described = read_description(folder)
    assert described.called == f"{read_description(system / 'model').called}+decoder"
    assert described.decoder
    assert described.decoder.weights_sha256 == read_description(system / "model").weights_sha256
    voice = pack([out], tmp_path / "voice")
    assert voice.systems[described.recipe.model.system].decoder == described.decoder


def test_the_reconstruction_loss_falls_where_it_decides(teacher, tmp_path):
    recipe = small(60, lr=1e-2, ema=0.9, mel_weight=1000.0, crop_frames=32)
    folder = sharpen(recipe, teacher("ntts"), tmp_path / "run")
    decoder = read_description(folder).decoder
    assert decoder
    assert decoder.after["mel_l1"] < 0.97 * decoder.before["mel_l1"]


def test_interrupted_run_is_equal_to_an_uninterrupted_one(teacher, tmp_path):
    recipe, whole, broken = small(5, checkpoint_every=2), tmp_path / "whole", tmp_path / "broken"
    expected = sharpen(recipe, teacher("camp"), whole)

    def asks(event):
        if event.step == 2:
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(Interrupted, match="step 3; saved"):
        sharpen(recipe, teacher("camp"), broken, asks)
    resumed = sharpen(recipe, teacher("camp"), broken)
    assert read_description(expected) == read_description(resumed)
    assert metrics.read(whole)[-1] == metrics.read(broken)[-1]
    # What is written is the average, not the last weights.
    last = load_file(whole / STEPS / "step-0000005" / "generator.safetensors")
    written = load_file(expected / "model.safetensors")
    assert any(not torch.equal(last[name], written[DECODER + name]) for name in last)


def test_crops_of_predictions_recordings_and_decoded_frames_line_up(teacher):
    training = DecoderTraining(small(9), *teacher("ntts"))
    given, real = training.batch_at(4)
    assert given.shape == real.shape == (4, 16, 80)
    assert torch.equal(training.batch_at(4)[1], real)
    assert not torch.equal(training.batch_at(5)[1], real)
    # In the first step the decoder makes what the system predicted, but for its dropout.
    made = training.generate(given, 4)
    assert made.shape == real.shape
    assert torch.equal(made, training.generate(given, 4))
    near = (made - given).abs().mean()
    assert near < 0.5 * (made - training.batch_at(5)[0]).abs().mean()


def test_mistakes_are_named(teacher, corpus, tmp_path):
    sharpen(small(1), teacher("camp"), tmp_path / "run")
    with pytest.raises(UserError, match="holds a run with another recipe"):
        sharpen(small(2), teacher("camp"), tmp_path / "run")
    with pytest.raises(UserError, match="crop_frames=9999"):
        DecoderTraining(small(1, crop_frames=9999), *teacher("camp"))
    with pytest.raises(UserError, match="a decoder is trained in one stage"):
        train_decoder_recipe("decoder", ["stages=[1]"], tmp_path / "camp", corpus.path, tmp_path)
