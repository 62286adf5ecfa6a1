"""A vocoder learns, resumes and speaks at the smallest size."""

import json
import signal

import numpy as np
import pytest
import soundfile
import torch
import yaml
from safetensors.torch import load_file
from typer.testing import CliRunner

from intone import assets
from intone.errors import UserError
from tts_core.adversarial.loop import STEPS
from tts_core.audio.mel import MelSpectrogram
from tts_core.commands.cli import app
from tts_core.commands.stimuli import StimulusOptions, make_stimuli
from tts_core.config import PRESETS, Features
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.training import checkpoint, metrics
from tts_core.training.signals import Interrupted
from tts_core.vocoder.config import load_vocoder_recipe
from tts_core.vocoder.generator import begin, read_description
from tts_core.vocoder.load import load_vocoder
from tts_core.vocoder_training.speech import Segments, read_speech
from tts_core.vocoder_training.training import VocoderTraining, train_vocoder


class StopError(Exception):
    pass


def test_training_brings_held_out_spectrograms_nearer(spoken, small, tmp_path):
    run = tmp_path / "run"
    train_vocoder(small(20, lr=8e-3), read_speech(spoken), run)
    described = read_description(run / "vocoder")
    assert described.after["mel_l1"] < 0.75 * described.before["mel_l1"]
    assert described.corpus["corpus"]["licence"] == "none"
    logged = [row["split"] for row in metrics.read(run)]
    assert logged == ["validation", *["train"] * 2, "validation"]


def files(run):
    """All that a run wrote of numbers, by file and name."""
    found = {}
    for path in sorted(p for p in run.rglob("*") if p.suffix in (".safetensors", ".pt")):
        state = load_file(path) if path.suffix == ".safetensors" else _optimisers(path)
        found |= {(str(path.relative_to(run)), name): value for name, value in state.items()}
    return found


def _optimisers(path):
    states = torch.load(path, weights_only=True)
    return {
        f"{side}.{number}.{name}": torch.as_tensor(value)
        for side, state in states.items()
        for number, moments in state["state"].items()
        for name, value in moments.items()
    }


def test_interrupted_run_is_bit_equal_to_an_uninterrupted_one(spoken, small, tmp_path):
    """Between two checkpoints, and at SIGTERM, which writes one; over several epochs."""
    recipe = small(
        6, checkpoint_every=2, discriminators_alone=1, warmup=4, lr_decay=0.9, predicted_share=0.0
    )
    speech, whole, broken = read_speech(spoken), tmp_path / "whole", tmp_path / "broken"
    train_vocoder(recipe, speech, whole)

    def dies(event):
        if event.step == 3:
            raise StopError

    def asks(event):
        if event.step == 3:
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(StopError):
        train_vocoder(recipe, speech, broken, dies)
    assert checkpoint.newest_step(broken / STEPS) == (broken / STEPS / "step-0000002", 2)
    with pytest.raises(Interrupted, match="step 4; saved"):
        train_vocoder(recipe, speech, broken, asks)
    train_vocoder(recipe, speech, broken)
    expected, found = files(whole), files(broken)
    newest = {key for key in expected if "step-0000006" in key[0] or "vocoder" in key[0]}
    assert newest and newest <= found.keys()
    for key in newest:
        assert torch.equal(expected[key], found[key]), key
    assert [metrics.read(run)[-1] for run in (whole, broken)] == [metrics.read(whole)[-1]] * 2


def test_the_generators_rate_rises_over_its_first_steps(spoken, small, tmp_path):
    recipe = small(9, discriminators_alone=2, warmup=4, lr=1.0, lr_decay=0.5)
    players = VocoderTraining(recipe, read_speech(spoken), tmp_path, lambda _: None).players
    rates = []
    for step, epoch in ((2, 0), (3, 0), (4, 0), (6, 0), (9, 0), (9, 1)):
        players.set_rate(step, epoch)
        rates.append(tuple(o.param_groups[0]["lr"] for o in players.optimisers.values()))
    assert rates == [(0, 1), (0.25, 1), (0.5, 1), (1, 1), (1, 1), (0.5, 0.5)]


def test_the_folder_belongs_to_one_run(spoken, small, tmp_path):
    speech = read_speech(spoken)
    train_vocoder(small(1), speech, tmp_path / "run")
    with pytest.raises(UserError, match="holds a run with another recipe"):
        train_vocoder(small(2), speech, tmp_path / "run")


def test_segments_lie_where_their_audio_is_and_come_once_an_epoch(spoken):
    speech, hop = read_speech(spoken), Features().hop
    segments = Segments(speech.train, 8, 2, 0.0, seed=0)
    assert segments.per_epoch == 3
    for epoch in range(2):
        steps = range(3 * epoch, 3 * epoch + 3)
        assert sorted(s.clip for step in steps for s in segments.at(step)) == list(range(6))
    mel, samples = segments.batch_at(1, hop)
    assert mel.shape == (2, 80, 8) and samples.shape == (2, 8 * hop)
    # The middle of a segment, which no edge reaches, has the spectrogram of its audio.
    heard = MelSpectrogram(Features())(samples[0].numpy())
    np.testing.assert_allclose(heard[3:5], mel[0].T[3:5].numpy(), atol=0.05)
    with pytest.raises(UserError, match="segment_frames=9999"):
        Segments(speech.train, 9999, 2, 0.0, seed=0)


def test_a_recording_that_changed_is_refused(spoken):
    audio = spoken.split("train")[0].audio
    soundfile.write(audio, np.zeros(30000), 22050)
    with pytest.raises(UserError, match=r"has 30000 samples, which are not the .* frames"):
        read_speech(PreparedCorpus(spoken.path))


def test_recipes_that_contradict_themselves_or_the_corpus_are_refused(small):
    with pytest.raises(UserError, match="either start or generator"):
        small(1, start="hifigan-universal")
    with pytest.raises(UserError, match="kernel 15 for the rate 8"):
        small(1, **{"generator.upsample_kernel_sizes": [15, 16, 8]})
    with pytest.raises(UserError, match=r"upsamples by 256, .*'paper24k' has a hop of 300"):
        begin(small(1), PRESETS["paper24k"])
    with pytest.raises(UserError, match="set it to 3 or more"):
        begin(small(1, segment_frames=1, **_paper()), PRESETS["paper24k"])
    with pytest.raises(UserError, match="set it to 11025 or less"):
        begin(small(1, loss_fmax_hz=12000), Features())
    with pytest.raises(UserError, match="wavenet: no trained vocoder there"):
        begin(load_vocoder_recipe("hifigan_finetune", {"start": "wavenet"}), Features())


def _paper():
    return {"generator.upsample_rates": [10, 10, 3], "generator.upsample_kernel_sizes": [20, 20, 7]}


def test_the_universal_generator_starts_a_training_and_foreign_spectrograms_are_refused():
    if not assets.available("hifigan-universal"):
        pytest.skip("asset hifigan-universal is not here: `intone assets`")
    recipe = load_vocoder_recipe("hifigan_finetune")
    start = begin(recipe, Features())
    assert sum(p.numel() for p in start.generator.parameters()) == 13_926_017
    assert all(p.requires_grad for p in start.generator.parameters())
    with pytest.raises(UserError, match="prepare the corpus with the features 'hifigan22k'"):
        begin(recipe, PRESETS["paper24k"])


@pytest.fixture
def trained(spoken, small, tmp_path):
    """A vocoder as the command line trains it, of a YAML file."""
    path = tmp_path / "tiny.yaml"
    values = small(1).model_dump(mode="json", exclude={"name"})
    path.write_text(yaml.safe_dump(values), "utf-8")
    run = tmp_path / "run"
    words = ["vocoder", "train", str(path), "steps=2", "--data", str(spoken.path)]
    done = CliRunner().invoke(app, [*words, "--out", str(run)], catch_exceptions=False)
    assert done.exit_code == 0
    return run


def test_trained_vocoder_is_used_in_synthesis(trained, spoken, tmp_path):
    vocoder = load_vocoder(Features(), str(trained))
    described = read_description(trained / "vocoder")
    assert vocoder.name == f"tiny-{described.weights_sha256[:12]}"
    options = StimulusOptions(
        tmp_path / "set",
        [],
        split="validation",
        data=spoken.path,
        sentences=1,
        copy_synthesis=True,
        vocoder=str(trained),
    )
    made = make_stimuli(options)
    (copied,) = [s for s in made.stimuli if s.system == "copy_synthesis"]
    assert copied.source.vocoder == vocoder.name


def test_a_trained_vocoder_is_refused_where_it_does_not_fit(trained, tmp_path):
    foreign = PRESETS["paper24k"]
    both = f"{foreign.digest()} instead of {Features().digest()}: .*hop 300 instead of 256"
    with pytest.raises(UserError, match=both):
        load_vocoder(foreign, str(trained))
    with pytest.raises(UserError, match="no trained vocoder there"):
        load_vocoder(Features(), str(tmp_path))
    path = trained / "vocoder" / "vocoder.json"
    stored = json.loads(path.read_text())
    path.write_text(json.dumps({**stored, "features_digest": "0" * 16}))
    with pytest.raises(UserError, match="the file was changed"):
        load_vocoder(Features(), str(trained))
    path.write_text(json.dumps({**stored, "weights_sha256": "0" * 64}))
    with pytest.raises(UserError, match=r"not the weights that vocoder.json describes"):
        load_vocoder(Features(), str(trained))
