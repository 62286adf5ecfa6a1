"""Promises of the engine about steps and weights."""

import ast
import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch.utils._python_dispatch import TorchDispatchMode

import tts_core
from intone import assets
from intone.errors import UserError
from tts_core.models import saved
from tts_core.models.batch import collate
from tts_core.models.blocks import MaskedBatchNorm
from tts_core.models.build import build
from tts_core.models.ntts import NTTS
from tts_core.models.precision import FullLSTM
from tts_core.text.bert import TextEncoder
from tts_core.training import metrics
from tts_core.training.average import EMA, MovingAverage
from tts_core.training.loop import train
from tts_core.training.optimise import Optimiser
from tts_core.training.stage_run import StageRun

SYSTEMS = ["ntts", "ntts_attention", "durian_plus", "kathaka", "camp"]


def weights(run):
    return load_file(run / "model" / saved.WEIGHTS)


class NoWaiting(TorchDispatchMode):
    """Fails on whatever makes a CPU wait for a GPU.

    That is: reading a value, a shape that depends on one, and a tensor made of Python's numbers,
    which must be copied there.
    """

    WAITING = (
        "_local_scalar_dense",
        "nonzero",
        "masked_select",
        "equal",
        "unique",
        "lift_fresh",
    )

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        assert not func.__name__.startswith(self.WAITING), f"{func} waits for the device"
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("system", SYSTEMS)
def test_no_step_waits_for_the_device(system, corpus, tiny, tmp_path, monkeypatch):
    """No value is read back inside a step, on any device."""
    inside = StageRun._step
    steps = []

    def watched(*args):
        steps.append(args)
        on_gpu = torch.cuda.is_available()
        torch.cuda.set_sync_debug_mode("error") if on_gpu else None
        with NoWaiting() if not on_gpu else nullcontext():
            parts = inside(*args)
        torch.cuda.set_sync_debug_mode("default") if on_gpu else None
        return parts

    monkeypatch.setattr(StageRun, "_step", watched)
    recipe = tiny(system, 2)
    train(recipe, corpus, tmp_path / "run")
    assert len(steps) == 2 * len(recipe.stages)


@pytest.mark.parametrize("name", ["minilm", "mpnet"])
def test_a_fine_tuned_text_encoder_does_not_wait_either(name):
    if not assets.available(name):
        pytest.skip(f"assets not fetched: {name} (`intone assets`)")
    encoder = TextEncoder(name, 1)
    for part in encoder.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    pieces = torch.randint(5, 50, (2, 7))
    for lengths in ((7, 4), (7, 7)):
        mask = torch.arange(7) < torch.tensor(lengths)[:, None]
        with NoWaiting():
            found = encoder.train()(pieces, mask)
            found.sum().backward()
        torch.testing.assert_close(found, encoder.eval()(pieces, mask), rtol=1e-4, atol=1e-4)


def test_gpu_out_of_memory_names_the_key_to_lower(corpus, tiny, tmp_path, monkeypatch):
    def too_large(*_):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(NTTS, "acoustic_loss", too_large)
    with pytest.raises(UserError, match=r"lower stages\.1\.batch_frames \(now 600\)"):
        train(tiny("ntts", 2), corpus, tmp_path / "run")


@pytest.mark.parametrize(
    "system",
    [
        "ntts",
        "ntts_attention",
        *(pytest.param(s, marks=pytest.mark.slow) for s in ("durian_plus", "kathaka", "camp")),
    ],
)
def test_bfloat16_learns_like_single_precision(system, corpus, tiny, tmp_path):
    runs = {name: tmp_path / name for name in ("fp32", "bf16")}
    computed: dict[str, set[torch.dtype]] = {name: set() for name in runs}
    for name, run in runs.items():

        def spy(module, _, out, name=name):
            if isinstance(module, torch.nn.Linear | torch.nn.Conv1d):
                computed[name].add(out.dtype)

        with torch.nn.modules.module.register_module_forward_hook(spy):
            train(tiny(system, 20, precision=name), corpus, run)
    assert torch.bfloat16 in computed["bf16"]
    assert computed["fp32"] == {torch.float32}
    assert all(value.dtype == torch.float32 for value in weights(runs["bf16"]).values())
    # Later stages learn from what the first one left, so that only the first is comparable.
    losses = [[row for row in metrics.read(run) if row["stage"] == 1] for run in runs.values()]
    for single, half in zip(*losses, strict=True):
        decoded = "mel_before" if "mel_before" in single else "mel"
        assert half[decoded] == pytest.approx(single[decoded], rel=0.01)
        # In so short a run the post-net's running statistics lag behind its weights. With attention
        # its held-out output follows rounding: one thread and two differ by up to 5 %, too.
        if single["split"] == "train" or system != "ntts_attention":
            assert half["mel"] == pytest.approx(single["mel"], rel=0.03)
    assert [row["split"] for row in losses[0]] == ["train", "train", "validation"]


def test_a_recurrence_is_never_in_half_precision():
    lstm = FullLSTM(4, 8, batch_first=True)
    x = torch.randn(2, 300, 4)
    with torch.autocast("cpu", torch.bfloat16):
        out = lstm(x)[0]
        assert torch.nn.Linear(4, 8)(x).dtype == torch.bfloat16
    assert torch.equal(out, torch.nn.LSTM.forward(lstm, x)[0])


def test_the_moving_average_is_that_of_the_formula():
    layer = torch.nn.Linear(1, 1, bias=False)
    average = MovingAverage(layer, 0.5)
    expected = layer.weight.item()
    for step in range(1, 7):
        with torch.no_grad():
            layer.weight += step
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * layer.weight.item()
        average.update(step)
    live = layer.weight.item()
    with average.in_place():
        assert layer.weight.item() == pytest.approx(expected)
    assert layer.weight.item() == live


def test_moving_average_has_the_batch_statistics(tmp_path):
    norm = MaskedBatchNorm(2)
    average = MovingAverage(norm, 0.5)
    expected = norm.mean.clone()
    for step in range(1, 7):
        norm(torch.randn(8, 2) + step, torch.ones(8, 1))
        average.update(step)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * norm.mean
    with average.in_place():
        torch.testing.assert_close(norm.mean, expected)
    average.save(tmp_path)
    resumed = MaskedBatchNorm(2)
    resumed_average = MovingAverage(resumed, 0.5)
    resumed_average.load(tmp_path)
    with resumed_average.in_place():
        torch.testing.assert_close(resumed.mean, expected)


def test_optimiser_uses_the_recipes_decay_of_squares(tiny, facts):
    recipe = tiny("ntts", 2, **{"stages.1.beta2": 0.98})
    optimiser = Optimiser(build(recipe, facts), recipe, recipe.stages[1])
    assert {group["betas"] for group in optimiser.adam.param_groups} == {(0.9, 0.98)}


def test_a_stage_leaves_its_moving_average(corpus, tiny, tmp_path):
    run = tmp_path / "run"
    train(tiny("ntts", 6, **{"stages.1.ema": 0.9, "stages.1.keep": "last"}), corpus, run)
    live = load_file(run / "stage-1/step-0000006" / saved.WEIGHTS)
    averaged = load_file(run / "stage-1/step-0000006" / EMA)
    assert {"encoder.convs.norms.0.mean", "encoder.convs.norms.2.variance"} <= averaged.keys()
    left = weights(run)
    for name, value in averaged.items():
        assert torch.equal(left[name], value), name
        assert not torch.equal(live[name], value) or not value.any(), name


def test_a_stage_leaves_the_mean_of_its_best_steps(corpus, tiny, tmp_path):
    options = {"keep": "best", "average": 3, "validate_every": 2, "lr": 0.02}
    run = tmp_path / "run"
    changes = {f"stages.2.{key}": value for key, value in options.items()}
    train(tiny("ntts", 20, **changes), corpus, run)
    rows = [r for r in metrics.read(run) if r["stage"] == 2 and r["split"] == "validation"]
    best = sorted(rows, key=lambda row: row["duration"])[:3]
    folders = [run / f"stage-2/best-{row['step']:07d}" for row in best]
    assert sorted(run.glob("stage-2/best-*")) == sorted(folders)
    states = [load_file(folder / saved.WEIGHTS) for folder in folders]
    for name, value in weights(run).items():
        mean = torch.stack([state[name].double() for state in states]).mean(0)
        torch.testing.assert_close(value.double(), mean, rtol=1e-6, atol=1e-7)
    # What is reported of the stage are not the values of one of the three.
    [judged] = [row for row in metrics.read(run) if row["split"] == "average"]
    assert judged["duration"] not in [row["duration"] for row in rows]
    assert metrics.held_out(run)["2.duration"] == round(judged["duration"], 4)
    model, _ = saved.load_model(run / "model")
    data = corpus.split("validation")
    with torch.no_grad():
        expected = model.duration_loss(collate([row.encoded for row in data], data))["duration"]
    assert judged["duration"] == pytest.approx(float(expected), rel=1e-4)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_model_folder_speaks_wherever_it_is_carried(system, corpus, tiny, tmp_path, utterance):
    train(tiny(system, 1), corpus, tmp_path / "run")
    before, _ = saved.load_model(tmp_path / "run/model")
    shutil.move(tmp_path / "run/model", tmp_path / "elsewhere")
    shutil.rmtree(tmp_path / "run")
    shutil.rmtree(corpus.path)
    after, _ = saved.load_model(tmp_path / "elsewhere")
    text = collate([utterance(1).encoded])
    spoken = [
        model.synthesize(text, torch.Generator().manual_seed(0)).mel for model in (before, after)
    ]
    assert torch.equal(*spoken)


def test_no_pickle_is_loaded_without_weights_only():
    root = Path(tts_core.__file__).parents[1]
    sources = [
        p
        for room in ("intone", "tts_core", "mushra_app", "analysis", "benchmarks")
        for p in (root / room).rglob("*.py")
    ]
    assert len(sources) > 100
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {a.name for a in node.names} | {getattr(node, "module", None)}
                assert not names & {"pickle", "dill", "cloudpickle", "joblib"}, path
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
                said = {k.arg: ast.unparse(k.value) for k in node.keywords}
                assert said.get("weights_only") == "True", path
