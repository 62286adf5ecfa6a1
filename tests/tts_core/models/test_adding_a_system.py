"""A system is one model file, one registry entry, one recipe."""

import pytest
import torch

from intone.errors import UserError
from tests.tts_core.models.toy_system import Toy
from tts_core.config import load_recipe
from tts_core.evaluation.held_out import evaluate
from tts_core.model_config import SYSTEMS, Registered
from tts_core.models import saved
from tts_core.models.batch import collate
from tts_core.models.build import build, system_class
from tts_core.models.mode import ORACLE
from tts_core.models.renditions import render
from tts_core.models.system import System
from tts_core.training import metrics
from tts_core.training.loop import train
from tts_core.vocoder.load import GRIFFIN_LIM, load_vocoder
from tts_core.voice import pack

RECIPE = """
model: {system: toy}
stages: {1: {steps: 1, batch_frames: 600, validate_every: 1, keep: best}}
observe: 1
"""


@pytest.fixture
def recipe(monkeypatch, tmp_path):
    monkeypatch.setitem(SYSTEMS, "toy", Registered("tests.tts_core.models.toy_system:Toy", 1))
    (tmp_path / "toy.yaml").write_text(RECIPE)
    return load_recipe(str(tmp_path / "toy.yaml"))


def test_a_new_system_trains_saves_speaks_and_renders(recipe, corpus, tmp_path):
    train(recipe, corpus, tmp_path / "run")
    model, description = saved.load_model(tmp_path / "run/model")
    assert (description.recipe, description.stages_done) == (recipe, [1])
    assert not torch.equal(model.state_dict()["spectra.weight"], _fresh(recipe, description))
    assert {row["split"] for row in metrics.read(tmp_path / "run")} == {"train", "validation"}
    assert list((tmp_path / "run/validation").glob("*.png"))
    row = corpus.split("validation")[0]
    output = model.synthesize(collate([row.encoded]))
    assert output.mel.shape == (1, int(output.durations.sum()), 80)
    (mode,) = model.modes
    for timing in mode.timings:
        rendition = render(model, mode, timing, row)
        assert len(rendition.mel) == rendition.durations.sum()


def _fresh(recipe, description):
    torch.manual_seed(recipe.seed)
    return build(recipe, description.facts).state_dict()["spectra.weight"]


def test_a_new_system_is_packed_and_evaluated(recipe, corpus, tmp_path):
    train(recipe, corpus, tmp_path / "run")
    assert list(pack([tmp_path / "run"], tmp_path / "voice").systems) == ["toy"]
    vocoder = load_vocoder(corpus.info.features, GRIFFIN_LIM)
    result = evaluate([tmp_path / "voice"], corpus.path, "validation", tmp_path / "out", 0, vocoder)
    assert [r["system"] for r in result["prosody"]] == ["human", "copy", "toy", "toy"]


def test_an_unknown_system_is_rejected_and_the_known_ones_are_named(tmp_path):
    (tmp_path / "toy.yaml").write_text(RECIPE)
    with pytest.raises(UserError, match="ntts, ntts_attention, durian_plus, kathaka, camp"):
        load_recipe(str(tmp_path / "toy.yaml"))


def test_a_system_that_lacks_a_method_cannot_be_made(recipe, facts):
    class Partial(Toy):
        teacher_forced = System.teacher_forced

    with pytest.raises(TypeError, match=r"abstract.*teacher_forced"):
        Partial(recipe.model, facts)


@pytest.mark.parametrize("name", SYSTEMS)
def test_registry_matches_every_system(name, facts, tiny):
    recipe = tiny(name, 1)
    model = build(recipe, facts)
    assert type(model) is system_class(name)
    stages = model.stages(recipe.stages)
    assert list(stages) == list(range(1, SYSTEMS[name].stages + 1))
    assert set(SYSTEMS[name].baselines) <= set(SYSTEMS)
    assert (model.prosody_per != "none") == (model.prosody_size > 0) == (ORACLE in model.modes)
    for stage in stages.values():
        assert stage.mode in model.modes
        assert stage.timing in stage.mode.timings


def test_a_system_without_a_latent_refuses_prosody(facts, tiny, utterance):
    batch = collate([utterance(1).encoded])
    for name in ("ntts", "ntts_attention", "durian_plus"):
        model = build(tiny(name, 1), facts).eval()
        assert model.prosody(batch, model.modes[0]) is None
        with pytest.raises(ValueError, match="has no prosody latent"):
            model.synthesize(batch, prosody=torch.zeros(1, 4))
