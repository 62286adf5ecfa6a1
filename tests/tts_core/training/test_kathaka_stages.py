"""Kathaka's stages in the loop: logs, kept and frozen weights."""

import json

import pytest
import torch
from safetensors.torch import load_file

from tts_core.models import saved
from tts_core.models.batch import collate
from tts_core.models.latent import Gaussian, best_constant_sampler, kl_divergence
from tts_core.models.sampler_stage import neighbours_sampler
from tts_core.training.loop import train


def weights(run):
    return load_file(run / "model" / saved.WEIGHTS)


def test_validation_logs_signs_of_collapse_and_of_a_useless_sampler(corpus, tiny, tmp_path):
    recipe = tiny("kathaka", 8, **{"stages.2.validate_every": 4, "stages.2.patience": 9})
    run = tmp_path / "run"
    train(recipe, corpus, run)
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    held_out = {r["stage"]: r for r in rows if r["split"] == "validation"}
    assert {"mel", "kl", "active_units"} <= held_out[1].keys()
    assert 0 <= held_out[1]["active_units"] <= recipe.model.latent
    # The constant is fitted to the training split and judged on the validation split.
    model, _ = saved.load_model(run / "model")
    with torch.no_grad():
        fitted, judged = (
            [model.posterior(collate([r.encoded], [r])) for r in corpus.split(name)]
            for name in ("train", "validation")
        )
    fitted, judged = (
        Gaussian(*(torch.cat(part) for part in zip(*rows, strict=True)))
        for rows in (fitted, judged)
    )
    expected = kl_divergence(best_constant_sampler(fitted), judged).mean()
    assert held_out[2]["constant_kl"] == pytest.approx(float(expected), rel=1e-4)
    near = neighbours_sampler(
        [Gaussian(*(part[[i]] for part in fitted)) for i in range(len(fitted.mean))],
        corpus.split("train"),
        corpus.split("validation"),
    )
    expected = kl_divergence(near, judged).mean()
    assert held_out[2]["neighbours_kl"] == pytest.approx(float(expected), rel=1e-4)
    # It starts there, so after a few steps it is still near.
    assert held_out[2]["sampler_kl"] == pytest.approx(held_out[2]["constant_kl"], rel=0.2)


def test_stage_3_leaves_the_sampler_bit_identical(corpus, tiny, tmp_path):
    recipe = tiny("kathaka", 6)
    train(recipe, corpus, tmp_path / "run", stages=[1, 2])
    before = weights(tmp_path / "run")
    train(recipe, corpus, tmp_path / "run")
    after = weights(tmp_path / "run")
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all(name.startswith("duration_model.") for name in changed), changed
