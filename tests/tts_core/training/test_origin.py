"""`intone train --from`: weights of one corpus, trained further on another."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from intone.errors import UserError
from tests.tts_core.support import write_corpus
from tests.tts_core.training.test_resume import AVERAGED, StopError, dying_at, files
from tts_core.commands.cli import app
from tts_core.models import saved
from tts_core.models.build import build
from tts_core.training.loop import train
from tts_core.training.origin import load_origin
from tts_core.voice import pack, read_voice

# What the beginning of a stage sets anew, because the latents of stage 1 have moved by then.
BEGUN = {
    "ntts": set(),
    "durian_plus": set(),
    "ntts_attention": set(),
    "kathaka": {f"sampler.{h}.{w}" for h in ("mean", "log_variance") for w in ("weight", "bias")},
    "camp": {"prosody_predictor.vector_mean", "prosody_predictor.vector_std"},
}
STATISTICS = ("mel_scale.", "duration_model.scale.", "duration_mean")


def weights(run):
    return load_file(run / "model" / saved.WEIGHTS)


@pytest.fixture
def other(tmp_path, facts, utterance):
    """Return a second corpus, slower and with other spectrograms."""
    rows = [utterance(200 + i, 4, slope=2.0 + i % 3) for i in range(16)]
    rows += [replace(utterance(300 + i, 4, slope=2.0), split="validation") for i in range(2)]
    changed = {"mel_mean": [2.5] * 80, "mel_std": [0.7] * 80}
    changed |= {"duration_mean": [6.0, 5.0, 2.0], "duration_std": [2.0, 3.0, 2.5]}
    return write_corpus(tmp_path / "other", rows, facts.model_copy(update=changed))


@pytest.mark.parametrize("system", list(BEGUN))
def test_weights_come_from_the_run_and_statistics_from_the_corpus(
    system, corpus, other, tiny, tmp_path
):
    source, run = tmp_path / "source", tmp_path / "run"
    train(tiny(system, 3), corpus, source)
    still = {f"stages.{n}.lr": 1e-12 for n in tiny(system, 1).stages}
    train(tiny(system, 1, **still), other, run, source=source)
    before, after = weights(source), weights(run)
    model = build(tiny(system, 1), other.info.facts())
    fresh = saved.own_state(model, tiny(system, 1))
    described = [name for name in after if name.startswith(STATISTICS)]
    assert described
    for name, value in after.items():
        if name in described:
            assert torch.equal(value, fresh[name]), name
            assert not torch.equal(value, before[name]), name
        elif name not in BEGUN[system] and not name.endswith((".mean", ".variance")):
            torch.testing.assert_close(value, before[name], rtol=1e-6, atol=1e-6)
    assert saved.load_model(run / "model")[1].facts.mel_mean == [2.5] * 80


@pytest.mark.parametrize("system", list(BEGUN))
def test_batch_statistics_are_weights(system, corpus, other, tiny, tmp_path):
    source, recipe = tmp_path / "source", tiny(system, 3)
    train(recipe, corpus, source)
    model = build(recipe, other.info.facts())
    load_origin(source, model, recipe, other.info)
    loaded, before = model.state_dict(), weights(source)
    statistics = [n for n in before if n.endswith((".variance", "norms.0.mean"))]
    assert statistics
    for name in statistics:
        assert torch.equal(loaded[name], before[name]), name


@pytest.mark.parametrize(
    "system", ["kathaka", *(pytest.param(s, marks=pytest.mark.slow) for s in ("ntts", "camp"))]
)
def test_interrupted_run_from_another_is_bit_equal_to_an_unbroken_one(
    system, corpus, other, tiny, tmp_path
):
    source, whole, broken = tmp_path / "source", tmp_path / "whole", tmp_path / "broken"
    train(tiny(system, 2), corpus, source)
    stages = tiny(system, 1).stages
    each = {"checkpoint_every": 3, **AVERAGED}
    recipe = tiny(system, 6, **{f"stages.{n}.{k}": v for n in stages for k, v in each.items()})
    train(recipe, other, whole, source=source)
    for stage in stages:
        with pytest.raises(StopError):
            train(recipe, other, broken, watch=dying_at(stage, 4), source=source)
    train(recipe, other, broken, source=source)
    expected, found = files(whole), files(broken)
    assert expected.keys() == found.keys()
    for path, state in expected.items():
        assert state.keys() == found[path].keys(), path
        for name, value in state.items():
            assert torch.equal(value, found[path][name]), (path, name)
    # Another start is another run.
    for another in (None, whole):
        with pytest.raises(UserError, match=r"another start \(.* instead of .* on invented"):
            train(recipe, other, broken, source=another)


def test_a_voice_names_the_model_that_it_started_from(corpus, other, tiny, tmp_path, monkeypatch):
    source, run = tmp_path / "source", tmp_path / "run"
    train(tiny("ntts", 2), corpus, source)
    pack([source], tmp_path / "voice", half=True)
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(json.dumps(tiny("ntts", 2).model_dump(mode="json")))
    command = ["train", str(recipe), "--data", str(other.path), "--out", str(run)]
    said = CliRunner().invoke(app, [*command, "--from", str(tmp_path / "voice/ntts")])
    assert said.exit_code == 0, said.output
    stored = saved.read_description(tmp_path / "voice/ntts")
    expected = saved.Origin(
        recipe="ntts_compact",
        weights_sha256=stored.weights_sha256,
        corpus="invented",
        licence="none",
        hours=0.0,
    )
    assert saved.read_description(run / "model").started_from == expected
    assert json.loads((run / "run.json").read_text())["started_from"] == expected.model_dump()
    monkeypatch.setenv("COLUMNS", "250")
    listed = CliRunner().invoke(app, ["runs", str(run)]).output
    assert "(from ntts_compact on invented)" in " ".join(listed.split())
    pack([run], tmp_path / "further")
    assert read_voice(tmp_path / "further").systems["ntts"].started_from == expected
    # Every start of a start is kept: it may have another licence.
    train(tiny("ntts", 2), corpus, tmp_path / "third", source=run)
    origin = saved.read_description(tmp_path / "third/model").started_from
    assert origin
    assert origin.started_from == expected


def test_a_start_that_does_not_fit_is_refused(corpus, other, tiny, tmp_path):
    source, out = tmp_path / "source", tmp_path / "run"
    train(tiny("ntts", 1), corpus, source)
    for recipe, message in (
        (
            tiny("camp", 1),
            r"source/model: holds the system ntts, the recipe camp_compact trains camp",
        ),
        (
            tiny("ntts", 1, **{"model.decoder": 32}),
            r"decoder\.lstm\.\w+ is \(96, .*\(128, .*\(model\.decoder 24 instead of 32\); train wi",
        ),
    ):
        with pytest.raises(UserError, match=message):
            train(recipe, other, out, source=source)
    with pytest.raises(UserError, match=r"nowhere: no finished model there; name a run"):
        train(tiny("ntts", 1), other, out, source=tmp_path / "nowhere")
    with pytest.raises(UserError, match=r"the weights that model\.json describes"):
        (source / "model" / saved.WEIGHTS).write_bytes(b"damaged")
        train(tiny("ntts", 1), other, out, source=source)
    assert not (out / "run.json").exists()


@pytest.mark.parametrize(
    ("system", "key"), [("camp", "encoder_layers"), ("ntts", "decoder_layers")]
)
def test_a_start_with_more_layers_is_refused(system, key, corpus, tiny, tmp_path):
    """Otherwise its upper layers would be dropped without a word."""
    recipe = tiny(system, 1)
    layers = getattr(recipe.model, key)
    train(tiny(system, 1, **{f"model.{key}": layers + 1}), corpus, tmp_path / "source")
    model = build(recipe, corpus.info.facts())
    changed = rf"lacks \(model\.{key} {layers + 1} instead of {layers}\); train with the model of"
    with pytest.raises(UserError, match=changed):
        load_origin(tmp_path / "source", model, recipe, corpus.info)


def test_another_spectrogram_inventory_or_text_encoder_is_refused(corpus, tiny, tmp_path):
    recipe, source = tiny("ntts", 1), tmp_path / "source"
    train(recipe, corpus, source)
    model, path = build(recipe, corpus.info.facts()), source / "model" / saved.DESCRIPTION
    stored = json.loads(path.read_text())
    slower = corpus.info.features.model_copy(update={"hop": 512})
    info = corpus.info.model_copy(update={"features": slower})
    with pytest.raises(UserError, match=r"hop 256 instead of 512.*prepare the corpus with those"):
        load_origin(source, model, recipe, info)
    path.write_text(json.dumps(stored | {"facts": stored["facts"] | {"n_tokens": 7}}))
    with pytest.raises(UserError, match="knows 7 phones, the corpus has"):
        load_origin(source, model, recipe, corpus.info)


def test_a_frozen_text_encoder_must_be_the_same(corpus, tiny, tmp_path):
    recipe, source = tiny("camp", 1, **{"model.context": "bert"}), tmp_path / "source"
    train(recipe, corpus, source)
    tuned = tiny("camp", 1, **{"model.context": "bert", "text_encoder.finetune": True})
    for further in (tuned, recipe):
        model = build(further, corpus.info.facts())
        asset = {n: v.clone() for n, v in model.state_dict().items() if saved.ENCODER in n}
        load_origin(source, model, further, corpus.info)
        assert asset
        loaded = model.state_dict()
        assert all(torch.equal(loaded[name], value) for name, value in asset.items())
    path = source / "model" / saved.DESCRIPTION
    stored = json.loads(path.read_text())
    path.write_text(json.dumps(stored | {"text_encoder_digest": "0" * 16}))
    with pytest.raises(UserError, match=r"another text encoder \(minilm\) than the recipe's"):
        load_origin(source, model, recipe, corpus.info)
    path.write_text(json.dumps(stored | {"text_encoder_digest": None}))
    with pytest.raises(UserError, match="fine-tuned its text encoder, the recipe does not"):
        load_origin(source, model, recipe, corpus.info)
