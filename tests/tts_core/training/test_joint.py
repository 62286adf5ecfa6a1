"""Processes and micro-batches learn what one joint batch teaches."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from accelerate import Accelerator
from safetensors.torch import load_file

from intone.errors import UserError
from tts_core.models import saved
from tts_core.models.batch import collate
from tts_core.models.build import build
from tts_core.training import checkpoint, metrics
from tts_core.training.batches import Share, endless_batches
from tts_core.training.joint import JointMeans, counts
from tts_core.training.loop import train

PLAIN = {"model.dropout": 0.0, "model.prenet_dropout": 0.0, "stages.1.guided_attention_weight": 1.0}


@pytest.mark.parametrize("system", ["ntts", "ntts_attention", "durian_plus", "camp"])
def test_shares_of_uneven_batches_add_up_to_the_joint_mean(system, facts, tiny, utterance):
    """Losses and gradients of stage 1 with one long sentence."""
    recipe = tiny(system, 1, **PLAIN)
    model = build(recipe, facts).double().eval()
    stage = model.stages(recipe.stages)[1]
    rows = [utterance(seed, words) for seed, words in ((1, 14), (2, 3), (3, 5))]

    def learn(batches):
        model.zero_grad()
        means = JointMeans(Accelerator(), [counts(batch, stage.reduction) for batch in batches])
        seen = {}
        for number, batch in enumerate(batches):
            batch = replace(batch, mel=batch.mel.double())
            for name, part in means.share(number, stage.loss(batch, {})).items():
                seen[name] = seen.get(name, 0) + part.detach()
                if part.requires_grad:
                    part.backward(retain_graph=True)
        return seen, {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}

    def batch(*chosen):
        return collate([row.encoded for row in chosen], chosen, range(len(chosen)))

    joint, gradients = learn([batch(*rows)])
    parts, summed = learn([batch(rows[0]), batch(*rows[1:])])
    for name, value in joint.items():
        torch.testing.assert_close(parts[name], value, rtol=1e-6, atol=1e-9)
    assert gradients.keys() == summed.keys()
    for name, value in gradients.items():
        torch.testing.assert_close(summed[name], value, rtol=1e-5, atol=1e-8, msg=name)


DURATION_SYSTEMS = ("ntts", "durian_plus", "camp")
TRAIN = """
import sys
from pathlib import Path

import torch

from tts_core.config import load_recipe
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.training.loop import train

# Double precision separates rounding from errors; dropout would be drawn anew in every process.
torch.set_default_dtype(torch.float64)
torch.nn.functional.dropout = lambda x, *_, **__: x
corpus, out, *recipes = map(Path, sys.argv[1:])
for recipe in recipes:
    train(load_recipe(str(recipe)), PreparedCorpus(corpus), out / recipe.stem)
"""


@pytest.mark.slow
def test_two_processes_equal_one_on_the_joint_batch(corpus, tiny, tmp_path):
    """Under torchrun with gloo, every stage: weights, batch statistics, EMA, held-out values."""
    lengths = [len(row.mel) for row in corpus.split("train")]
    assert 2 * max(lengths) < 3 * min(lengths), "two utterances fit a joint batch, never three"
    script = tmp_path / "train.py"
    script.write_text(TRAIN)

    def command(out, frames):
        paths = []
        for system in DURATION_SYSTEMS:
            # Of a bias before batch norm the gradient is rounding alone, which Adam blows up to lr.
            keys = {"batch_frames": frames, "lr": 2e-5, "validate_every": 3, "ema": 0.9}
            stages = tiny(system, 1).stages
            changes = {f"stages.{n}.{key}": value for n in stages for key, value in keys.items()}
            paths.append(out / "recipes" / f"{system}.yaml")
            paths[-1].parent.mkdir(parents=True, exist_ok=True)
            paths[-1].write_text(tiny(system, 6, **PLAIN, **changes).model_dump_json())
        return list(map(str, [script, corpus.path, out, *paths]))

    one, two = tmp_path / "one", tmp_path / "two"
    run_quietly(sys.executable, *command(one, 2 * max(lengths)))
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    run_quietly(*torchrun, "--nproc-per-node", "2", *command(two, max(lengths)))
    for system in DURATION_SYSTEMS:
        written = sorted(path.relative_to(one) for path in one.glob(f"{system}/**/*.safetensors"))
        assert len(written) >= 3
        for path in written:
            expected, found = load_file(one / path), load_file(two / path)
            for name, value in expected.items():
                torch.testing.assert_close(found[name], value, rtol=0, atol=1e-12, msg=name)
        state = torch.load(two / system / "stage-1/step-0000006/optimizer.pt", weights_only=True)
        first, second = (random["cpu"] for random in state["random"])
        assert not torch.equal(first, second), "each draws dropout of its own"
        rows = [metrics.read(run / system) for run in (one, two)]
        assert [(r["stage"], r["step"]) for r in rows[0]] == [
            (r["stage"], r["step"]) for r in rows[1]
        ]
        for ours, theirs in zip(*rows, strict=True):
            assert theirs.pop("split") == ours.pop("split")
            assert theirs == pytest.approx(ours, rel=1e-9)


STOP = """
import os
import signal
import sys
from pathlib import Path

from tts_core.config import load_recipe
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.training.loop import train
from tts_core.training.signals import Interrupted

recipe, corpus, whole, broken = map(Path, sys.argv[1:])
recipe, corpus = load_recipe(str(recipe)), PreparedCorpus(corpus)

def ask(event):
    if event.step == 10:
        os.kill(os.getpid(), signal.SIGTERM)

train(recipe, corpus, whole)
try:
    train(recipe, corpus, broken, watch=ask)
except Interrupted:
    train(recipe, corpus, broken)
else:
    sys.exit("no process stopped")
"""


@pytest.mark.slow
def test_two_processes_stop_together_and_resume_exactly(corpus, tiny, tmp_path):
    """SIGTERM to one process; each has its own random state."""
    script, recipe = tmp_path / "stop.py", tmp_path / "recipe.yaml"
    script.write_text(STOP)
    keys = {"model.prenet_dropout": 0.5, "stages.1.accumulate": 2, "stages.2.steps": 1}
    recipe.write_text(tiny("ntts", 12, **keys).model_dump_json())
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    paths = [str(path) for path in (script, recipe, corpus.path, whole, broken)]
    run_quietly(*torchrun, "--nproc-per-node", "2", *paths)
    assert (broken / "stage-1/step-0000010").is_dir()
    expected, found = (load_file(run / "model" / saved.WEIGHTS) for run in (whole, broken))
    for name, value in expected.items():
        assert torch.equal(value, found[name]), name


def run_quietly(*command):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=240)
    assert done.returncode == 0, done.stderr


def test_processes_share_every_epoch_without_waiting():
    lengths = torch.randint(20, 200, (101,), generator=torch.manual_seed(0)).tolist()
    drawn = [endless_batches(lengths, 900, (0,), 0, Share(rank, 4)) for rank in range(4)]
    epochs: dict[int, list[int]] = {}
    for _ in range(60):
        step = [next(batches) for batches in drawn]
        assert len({epoch for epoch, _ in step}) == 1, "all begin an epoch at the same step"
        epochs.setdefault(step[0][0], []).extend(i for _, batch in step for i in batch)
        assert all(max(lengths[i] for i in b) * len(b) <= 900 for _, b in step)
    whole = [sorted(found) for found in list(epochs.values())[:-1]]
    assert whole
    assert all(found == list(range(101)) for found in whole)
    skipped = endless_batches(lengths, 900, (0,), 7, Share(2, 4))
    again = endless_batches(lengths, 900, (0,), 0, Share(2, 4))
    assert next(skipped) == [next(again) for _ in range(8)][7]
    with pytest.raises(UserError, match="3 utterances for 4 processes"):
        next(endless_batches([9, 9, 9], 900, (0,), 0, Share(0, 4)))


def test_other_number_of_processes_does_not_resume(corpus, tiny, tmp_path):
    train(tiny("ntts", 4), corpus, tmp_path / "run", stages=[1])
    found, _ = checkpoint.newest_step(tmp_path / "run/stage-1")
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))])
    with pytest.raises(UserError, match="trained by 1 processes, not 2"):
        checkpoint.resume(found, optimizer, None, Share(1, 2))
