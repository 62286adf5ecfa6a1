"""Exact resume: a stopped training ends bit-equal to an unstopped one."""

import pytest
import torch

from tts_core.training import checkpoint
from tts_core.training.loop import train

AVERAGED = {"ema": 0.9, "accumulate": 2, "keep": "best", "average": 2, "validate_every": 2}


class StopError(Exception):
    pass


def dying_at(stage, step):
    def watch(event):
        if event.stage == stage and event.step == step:
            raise StopError

    return watch


def tensors(found, path=()):
    """Yield every tensor and number in nested containers, with its path."""
    if isinstance(found, dict):
        found = [*found.items()]
    elif isinstance(found, list | tuple):
        found = [*enumerate(found)]
    else:
        return {path: torch.zeros(0) if found is None else torch.as_tensor(found)}
    return {k: v for key, inner in found for k, v in tensors(inner, (*path, key)).items()}


def files(run):
    """Return weights, averages, optimiser and random states."""
    from safetensors.torch import load_file

    paths = sorted(p for p in run.rglob("*") if p.suffix in (".safetensors", ".pt"))
    read = {".pt": lambda p: torch.load(p, weights_only=True), ".safetensors": load_file}
    return {str(path.relative_to(run)): tensors(read[path.suffix](path)) for path in paths}


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="plain", marks=pytest.mark.slow),
        pytest.param(AVERAGED, id="averaged"),
    ],
)
@pytest.mark.parametrize(
    "system",
    [
        "ntts_attention",
        "kathaka",
        *(pytest.param(s, marks=pytest.mark.slow) for s in ("ntts", "durian_plus", "camp")),
    ],
)
def test_interrupted_run_is_bit_equal_to_an_uninterrupted_one(
    system, options, corpus, tiny, tmp_path
):
    """At every stage, between two checkpoints: weights, EMA, optimiser, schedules, dropout."""
    stages = tiny(system, 1).stages
    each = {"checkpoint_every": 3, "lr_final": 0.1, **options}
    recipe = tiny(system, 8, **{f"stages.{n}.{k}": v for n in stages for k, v in each.items()})
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    train(recipe, corpus, whole)
    for stage in stages:
        with pytest.raises(StopError):
            train(recipe, corpus, broken, watch=dying_at(stage, 5))
        assert checkpoint.newest_step(broken / f"stage-{stage}") == (
            broken / f"stage-{stage}/step-0000003",
            3,
        )
    train(recipe, corpus, broken)
    expected, found = files(whole), files(broken)
    assert expected.keys() == found.keys()
    for path, state in expected.items():
        assert state.keys() == found[path].keys(), path
        for name, value in state.items():
            assert torch.equal(value, found[path][name]), (path, name)
    metrics = [(run / "metrics.jsonl").read_text() for run in (whole, broken)]
    assert metrics[0] == metrics[1]
