"""Streaming processes learn what one process learns from everything."""

import os
import subprocess
import sys
from itertools import islice

import pytest
import torch
from safetensors.torch import load_file

from tests.tts_core.training.support import FRAMES, recipe_of, together
from tts_core.models.latent import Gaussian
from tts_core.training import metrics
from tts_core.training.loop import train
from tts_core.training.stage_run import StageRun
from tts_core.training.validate import batch_of

pytestmark = pytest.mark.slow

STEPS = {"kathaka": 2, "camp": 12}
"""Steps of stage 1; later stages have 2.

All processes learn of a signal at every tenth step.
"""

TRAIN = """
import os
import signal
import sys
from pathlib import Path

import torch

from tts_core.config import load_recipe
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.models.latent import Gaussian
from tts_core.training.loop import train
from tts_core.training.signals import Interrupted

# What is drawn would be another in every process.
torch.nn.functional.dropout = lambda x, *_, **__: x
Gaussian.sample = lambda self, *_, **__: self.mean + (self.log_variance / 2).exp()
torch.set_default_dtype(torch.float64)
data, whole, broken, *recipes = map(Path, sys.argv[1:])
corpus = PreparedCorpus(data)

def ask(event):
    if event.step == 10:
        os.kill(os.getpid(), signal.SIGTERM)

for path in recipes:
    recipe = load_recipe(str(path))
    train(recipe, corpus, whole / path.stem)
try:
    train(recipe, corpus, broken / path.stem, watch=ask)
except Interrupted:
    print("stopped", flush=True)
train(recipe, corpus, broken / path.stem)
"""


def test_two_streaming_processes_equal_one_on_their_joint_batches(
    sharded, tiny, tmp_path, monkeypatch
):
    """All stages agree, and resume bit-equal after a stop.

    The one reads the corpus whole, as small ones are, and is given what the two take together.
    """
    one, two, broken = (tmp_path / name for name in ("one", "two", "broken"))
    script = tmp_path / "train.py"
    script.write_text(TRAIN)
    recipes = []
    for system in STEPS:
        recipes.append(tmp_path / f"{system}.yaml")
        recipes[-1].write_text(recipe_of(tiny, system, STEPS[system]).model_dump_json())
    torchrun = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [sys.executable, "-m", *torchrun, script, sharded.path, two, broken, *recipes],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("stopped") == 2, "both processes, once"

    monkeypatch.setattr(StageRun, "_batches", joint_batches(sharded))
    monkeypatch.setattr(torch.nn.functional, "dropout", lambda x, *_, **__: x)
    noise = lambda self, *_, **__: self.mean + (self.log_variance / 2).exp()  # noqa: E731
    monkeypatch.setattr(Gaussian, "sample", noise)
    torch.set_default_dtype(torch.float64)
    try:
        for system in STEPS:
            train(recipe_of(tiny, system, STEPS[system], stream="never"), sharded, one / system)
    finally:
        torch.set_default_dtype(torch.float32)
    for system in STEPS:
        equal(one / system, two / system, 1e-12)
        rows = [metrics.read(run / system) for run in (one, two)]
        for ours, theirs in zip(*rows, strict=True):
            assert theirs.pop("split") == ours.pop("split")
            assert theirs == pytest.approx(ours, rel=1e-9)
    equal(two / "camp" / "model", broken / "camp" / "model", 0)


def joint_batches(corpus):
    """Return one process's batches that join two streaming processes'."""

    def batches(self, start):
        whole = {row.utterance: i for i, row in enumerate(self.data.train)}
        shares = [corpus.stream("train", rank, 2) for rank in range(2)]
        places = [[whole[row.utterance] for row in rows] for rows in shares]
        each, seed = self.config.accumulate, (self.recipe.seed, self.number)
        n = each * (self.config.steps - start)
        drawn = together(shares, lambda found: list(islice(found, n)), FRAMES, seed)
        joint = [
            (
                first[0],
                batch_of(
                    self.data.train,
                    [
                        place[i]
                        for place, (_, chosen) in zip(places, (first, second), strict=True)
                        for i in chosen
                    ],
                ),
            )
            for first, second in zip(*drawn, strict=True)
        ]
        for step in range(0, n, each):
            yield joint[step][0], [batch for _, batch in joint[step : step + each]]

    return batches


def equal(run, other, tolerance):
    written = sorted(path.relative_to(run) for path in run.glob("**/*.safetensors"))
    assert written
    for path in written:
        expected, found = load_file(run / path), load_file(other / path)
        assert expected.keys() == found.keys()
        for name, value in expected.items():
            torch.testing.assert_close(found[name], value, rtol=0, atol=tolerance, msg=name)
