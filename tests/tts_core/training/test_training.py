"""Training: stages, freezing, exact resume, clean stops."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from intone.errors import UserError
from intone.files import owned
from tts_core.config import load_recipe
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.corpus.shards import write_shard
from tts_core.models import saved
from tts_core.training import checkpoint
from tts_core.training.batches import endless_batches, epoch_batches
from tts_core.training.loop import train
from tts_core.training.optimise import learning_rate
from tts_core.training.stage_loss import StageLoss


def weights(run: Path) -> dict[str, torch.Tensor]:
    return load_file(run / "model" / saved.WEIGHTS)


@pytest.mark.parametrize("system", ["ntts", "kathaka", "camp"])
def test_later_stages_leave_earlier_ones_bit_identical(system, corpus, tiny, tmp_path):
    recipe = tiny(system, 6)
    train(recipe, corpus, tmp_path / "run", stages=[1])
    before = weights(tmp_path / "run")
    train(recipe, corpus, tmp_path / "run")
    after = weights(tmp_path / "run")
    described = json.loads((tmp_path / "run/model/model.json").read_text())
    assert described["stages_done"] == list(recipe.stages)
    later = {
        "ntts": ("duration_model",),
        "kathaka": ("sampler", "duration_model"),
        "camp": ("prosody_predictor",),
    }
    changed = {n for n in before if not torch.equal(before[n], after[n])}
    assert changed
    assert all(name.split(".")[0] in later[system] for name in changed), changed


def test_kathaka_trains_exactly_what_each_stage_names(facts, sizes):
    from tts_core.models.kathaka import Kathaka

    model = Kathaka(sizes("kathaka"), facts, None)
    stages = model.stages(load_recipe("kathaka_demo").stages)
    for number, expected in {
        1: {"encoder", "decoder", "reference_encoder"},
        2: {"sampler"},
        3: {"duration_model"},
    }.items():
        loss = StageLoss(model, stages[number]).train()
        learning = {n.split(".")[1] for n, p in loss.named_parameters() if p.requires_grad}
        assert learning == expected
        frozen = [m for n, m in model.named_children() if n not in expected]
        assert not any(module.training for module in frozen)


def test_the_latent_carries_what_phones_do_not(corpus, tiny, tmp_path):
    """The invented spectrograms have a sentence-level offset: Kathaka's latent must find it."""
    few = {"stages.2.steps": 2, "stages.3.steps": 2}
    recipe = tiny("kathaka", 150, **{"model.channel": 0, **few})
    run = tmp_path / "run"
    train(recipe, corpus, run)
    model, _ = saved.load_model(run / "model")
    from tts_core.models.batch import collate

    rows = corpus.split("train")
    with torch.no_grad():
        posterior = model.posterior(collate([r.encoded for r in rows], rows))
    slopes = torch.tensor([float(np.sin(i)) for i in range(24)])
    correlation = torch.corrcoef(torch.cat([posterior.mean.T, slopes[None]]))[-1, :-1]
    assert correlation.abs().max() > 0.7


@pytest.mark.parametrize(
    "system", ["ntts", *(pytest.param(s, marks=pytest.mark.slow) for s in ("kathaka", "camp"))]
)
def test_losses_fall(system, corpus, tiny, tmp_path):
    # Without the recording's channel z holds next to nothing of so small a corpus.
    recipe = tiny(system, 60, **{"model.channel": 0} if system == "kathaka" else {})
    first: dict[tuple[int, str], float] = {}
    last: dict[tuple[int, str], float] = {}

    def watch(event):
        if not event.validation:
            for name, value in event.losses.items():
                first.setdefault((event.stage, name), value)
                last[event.stage, name] = value

    train(recipe, corpus, tmp_path / "run", watch=watch)
    for key in [
        (1, "mel"),
        (2, {"ntts": "duration", "kathaka": "sampler_kl", "camp": "prosody"}[system]),
    ]:
        assert last[key] < first[key], key


def test_every_utterance_once_an_epoch_within_the_budget():
    lengths = np.random.default_rng(0).integers(10, 300, 101).tolist()
    batches = epoch_batches(lengths, 1000, (0, 1))
    assert sorted(i for batch in batches for i in batch) == list(range(101))
    assert all(len(b) * max(lengths[i] for i in b) <= 1000 for b in batches)
    assert batches != epoch_batches(lengths, 1000, (0, 2))
    stream = endless_batches(lengths, 1000, (0,))
    expected = [next(stream) for _ in range(2 * len(batches))]
    sizes = [len(b) * max(lengths[i] for i in b) for _, b in expected[: len(batches)]]
    assert sizes[0] == max(sizes)
    for skip in (0, 3, len(batches) + 2):
        assert next(endless_batches(lengths, 1000, (0,), skip)) == expected[skip]


def test_changed_recipe_does_not_resume_old_run(corpus, tiny, tmp_path):
    train(tiny("ntts", 2), corpus, tmp_path / "run")
    said = r"another recipe \(stages\.1\.steps 3 instead of 2, stages\.2\.steps 3 instead of 2\)"
    with pytest.raises(UserError, match=said):
        train(tiny("ntts", 3), corpus, tmp_path / "run")


def test_a_run_resumes_though_a_default_of_recipes_has_moved(corpus, tiny, tmp_path):
    """Digests leave out defaults, so the same values may have another digest."""
    train(tiny("ntts", 2), corpus, tmp_path / "run", stages=[1])
    described = json.loads((tmp_path / "run/run.json").read_text())
    described["recipe_digest"] = "0" * 16
    (tmp_path / "run/run.json").write_text(json.dumps(described))
    before = (tmp_path / "run/metrics.jsonl").read_text()
    train(tiny("ntts", 2), corpus, tmp_path / "run")
    assert (tmp_path / "run/metrics.jsonl").read_text().startswith(before)


def test_a_run_that_never_came_to_a_checkpoint_may_be_changed(corpus, tiny, tmp_path):
    """As after a first batch too large for the memory."""

    def die(_):
        raise MemoryError

    with pytest.raises(MemoryError):
        train(tiny("ntts", 2), corpus, tmp_path / "run", watch=die)
    smaller = {"stages.1.batch_frames": 300}
    train(tiny("ntts", 2, **smaller), corpus, tmp_path / "run", stages=[1])
    described = json.loads((tmp_path / "run/run.json").read_text())
    assert described["recipe"]["stages"]["1"]["batch_frames"] == 300


def test_a_stage_needs_the_one_before(corpus, tiny, tmp_path):
    with pytest.raises(UserError, match="stage 1 is not trained"):
        train(tiny("ntts", 2), corpus, tmp_path / "run", stages=[2])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stages.9.steps": 5}, "stages 1 to 2"),
        ({"model.encoder": 129}, "must be even"),
        ({"model.encoder_kernel": 4}, "must be odd"),
        ({"model.decodr": 3}, "decodr"),
        ({"stages.1.steps": -1}, "steps"),
        ({"seed": "x"}, "seed"),
    ],
)
def test_a_wrong_key_or_value_is_named(change, message):
    with pytest.raises(UserError, match=message):
        load_recipe("ntts_demo", change)


@pytest.mark.parametrize("name", [saved.WEIGHTS, checkpoint.OPTIMIZER])
def test_damaged_checkpoint_is_refused_and_older_one_resumes(name, corpus, tiny, tmp_path):
    run, recipe = tmp_path / "run", tiny("ntts", 4, **{"stages.1.checkpoint_every": 2})
    train(recipe, corpus, run, stages=[1])
    [older, newest] = sorted((run / "stage-1").glob("step-*"))
    (newest / name).write_bytes((newest / name).read_bytes()[:-1])
    with pytest.raises(UserError, match=f"{newest / name}: damaged or missing; delete the folder"):
        train(recipe, corpus, run)
    shutil.rmtree(newest)
    train(recipe, corpus, run)
    assert older.is_dir()
    assert sorted((run / "stage-1").glob("step-*"))[-1].name == newest.name


def test_damaged_weights_are_refused(corpus, tiny, tmp_path):
    train(tiny("ntts", 2), corpus, tmp_path / "run")
    path = tmp_path / "run/model" / saved.WEIGHTS
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(UserError, match="not the weights"):
        saved.load_model(tmp_path / "run/model")


@pytest.mark.integration
@pytest.mark.parametrize(
    "how",
    [
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        signal.SIGKILL,
    ],
)
def test_killed_training_resumes_to_the_uninterrupted_weights(how, corpus, tiny, tmp_path):
    """SIGTERM stops with a checkpoint; SIGKILL loses no step that was checkpointed."""
    recipe = tmp_path / "tiny.yaml"
    keys = tiny("ntts", 40, **{"stages.1.checkpoint_every": 5}).model_dump(mode="json")
    recipe.write_text(json.dumps(keys))
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    code = "import sys; from intone.command.cli import main; sys.argv[0] = 'intone'; main()"
    command = [
        sys.executable,
        "-c",
        code,
        "train",
        str(recipe),
        "--data",
        str(corpus.path),
        "--out",
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    train(load_recipe(str(recipe)), corpus, whole)
    process = subprocess.Popen([*command, str(broken)], env=environment, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 120
    while not list(broken.glob("stage-1/step-*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(how)
    _, message = process.communicate(timeout=60)
    assert process.returncode == (143 if how == signal.SIGTERM else -9), message.decode()
    saved = checkpoint.newest_step(broken / "stage-1")
    assert saved is not None
    assert saved[1] < 40, "it was stopped in the middle"
    if how == signal.SIGTERM:
        assert b"run the same command to resume" in message
    done = subprocess.run([*command, str(broken)], env=environment, capture_output=True, check=True)
    assert done.returncode == 0
    for name, value in weights(whole).items():
        assert torch.equal(value, weights(broken)[name]), name


def test_an_empty_validation_split_is_no_obstacle(corpus, tiny, tmp_path):
    rows = corpus.split("train")
    write_shard(corpus.path / "shards" / "000.parquet", rows, corpus.info.features)
    for system in ("ntts", "kathaka", "camp"):
        recipe = tiny(system, 2, **{"stages.2.keep": "last"})
        train(recipe, PreparedCorpus(corpus.path), tmp_path / system)
        assert (tmp_path / system / "model" / saved.WEIGHTS).is_file()


def test_a_torn_line_of_metrics_does_not_stop_a_resume(corpus, tiny, tmp_path):
    recipe = tiny("ntts", 20)
    train(recipe, corpus, tmp_path / "run", stages=[1])
    with (tmp_path / "run" / "metrics.jsonl").open("a") as file:
        file.write('{"stage": 1, "st')
    train(recipe, corpus, tmp_path / "run")
    rows = [json.loads(r) for r in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert [(r["stage"], r["step"]) for r in rows if r["split"] == "train"] == [
        (1, 10),
        (1, 20),
        (2, 10),
        (2, 20),
    ]


def test_a_gradient_that_is_not_finite_never_reaches_the_weights(corpus, tiny, tmp_path):
    """An absurd learning rate ends the run with one sentence."""
    recipe = tiny("ntts", 60, **{"stages.1.lr": 1e30, "stages.1.checkpoint_every": 5})
    with pytest.raises(UserError, match="lower the learning rate"):
        train(recipe, corpus, tmp_path / "run")


def test_learning_rates_follow_the_papers():
    """CAMP's decay reaches its floor after three quarters of any run."""
    camp = load_recipe("camp").stages[1]
    assert learning_rate(camp.lr, 0, 0, camp) == 1e-3
    assert learning_rate(camp.lr, 10_000, 999, camp) == pytest.approx(1e-3 * 0.98**10)
    for stage in load_recipe("camp").stages.values():
        late, early = (int(share * stage.steps) for share in (0.8, 0.6))
        assert learning_rate(stage.lr, late, 0, stage) == 1e-5
        assert learning_rate(stage.lr, early, 0, stage) > 1e-5
    assert learning_rate(camp.lr, 250_000, 5000, camp) == 1e-5
    by_epochs = camp.model_copy(update={"lr_decay_steps": None})
    assert learning_rate(camp.lr, 149, 2, by_epochs) == pytest.approx(1e-3 * 0.98**2)
    warm = camp.model_copy(update={"warmup": 4, "lr_decay": 1.0})
    rates = [learning_rate(camp.lr, step, 0, warm) for step in range(6)]
    assert rates == pytest.approx([2.5e-4, 5e-4, 7.5e-4, 1e-3, 1e-3, 1e-3])
    compact = load_recipe("camp_compact").stages[1]
    assert learning_rate(compact.lr, 200, 0, compact) == pytest.approx(compact.lr, rel=0.01)
    assert learning_rate(compact.lr, compact.steps, 9, compact) == pytest.approx(compact.lr / 20)


def test_two_trainings_never_share_a_folder(corpus, tiny, tmp_path):
    with owned(tmp_path / "run"), pytest.raises(UserError, match="another process"):
        train(tiny("ntts", 2), corpus, tmp_path / "run")
