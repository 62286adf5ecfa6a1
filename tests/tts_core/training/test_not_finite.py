"""One bad recording costs the steps that hold it, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from intone.errors import UserError
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.corpus.shards import write_shard
from tts_core.models import saved
from tts_core.training import checkpoint, metrics
from tts_core.training.loop import train
from tts_core.training.optimise import MAX_SKIPPED, Optimiser

SPOILT = 3


@pytest.fixture
def spoilt(corpus):
    """The corpus with a recording that is not a number."""
    rows = [*corpus.split("train"), *corpus.split("validation")]
    rows[SPOILT] = replace(rows[SPOILT], mel=np.full_like(rows[SPOILT].mel, np.nan))
    write_shard(corpus.path / "shards" / "000.parquet", rows, corpus.info.features)
    return PreparedCorpus(corpus.path)


@pytest.mark.parametrize("system", ["durian_plus", "camp"])
def test_a_recording_that_is_not_finite_leaves_no_trace(system, spoilt, tiny, tmp_path):
    """Weights, moments, batch statistics and averages stay clean."""
    run = tmp_path / "run"
    recipe = tiny(system, 20, **{"stages.1.ema": 0.9, "stages.1.validate_every": 10})
    train(recipe, spoilt, run, stages=[1])
    last = run / "stage-1/step-0000020"
    for path in (run / "model" / saved.WEIGHTS, *last.glob("*.safetensors")):
        for name, value in load_file(path).items():
            assert value.isfinite().all(), (path, name)
    moments = torch.load(last / checkpoint.OPTIMIZER, weights_only=True)["optimizer"]["adam"][
        "state"
    ]
    assert all(value.isfinite().all() for state in moments.values() for value in state.values())
    held_out = [r["mel"] for r in metrics.read(run) if r["split"] == "validation"]
    assert np.isfinite(held_out).all()


def test_a_skipped_step_changes_no_bit(tiny):
    recipe = tiny("ntts", 1, **{"stages.1.weight_decay": 0.1})
    layer = torch.nn.Linear(3, 2)
    optimiser = Optimiser(layer, recipe, recipe.stages[1])

    def step(gradient):
        for parameter in layer.parameters():
            parameter.grad = torch.full_like(parameter, gradient)
        optimiser.step()
        moments = optimiser.adam.state_dict()["state"].values()
        return [p.detach().clone() for p in layer.parameters()] + [
            value.clone() for state in moments for value in state.values()
        ]

    before = step(0.5)
    for bad in (float("nan"), float("inf")):
        assert all(map(torch.equal, before, step(bad)))
    assert not any(map(torch.equal, before, step(0.5)))


def test_skipped_steps_are_counted_and_too_many_in_a_row_are_fatal(tiny):
    recipe = tiny("ntts", 1)
    layer = torch.nn.Linear(3, 2)
    optimiser = Optimiser(layer, recipe, recipe.stages[1])

    def step(gradient, times):
        for _ in range(times):
            for parameter in layer.parameters():
                parameter.grad = torch.full_like(parameter, gradient)
            optimiser.step()

    step(float("nan"), MAX_SKIPPED - 1)
    step(0.5, 1)
    step(float("inf"), MAX_SKIPPED - 1)
    assert optimiser.check("stages.1.lr") == 2 * (MAX_SKIPPED - 1)
    # A run that resumes from a checkpoint continues counting.
    later = Optimiser(layer, recipe, recipe.stages[1])
    later.load_state_dict(optimiser.state_dict())
    optimiser = later
    step(float("nan"), 1)
    with pytest.raises(UserError, match=rf"{MAX_SKIPPED} times in a row.*stages\.1\.lr"):
        optimiser.check("stages.1.lr")
