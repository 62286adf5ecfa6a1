"""Keeping the best step by held-out loss, and stopping when nothing improves."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file

from intone.errors import UserError
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.corpus.shards import write_shard
from tts_core.models import saved
from tts_core.training import metrics
from tts_core.training.loop import train

PATIENT = {
    "stages.2.keep": "best",
    "stages.2.patience": 3,
    "stages.2.validate_every": 2,
    "stages.2.checkpoint_every": 3,
    "stages.2.lr": 0.02,
}


class StopError(Exception):
    pass


def weights(run):
    return load_file(run / "model" / saved.WEIGHTS)


def held_out(run, stage, name):
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return {r["step"]: r[name] for r in rows if r["stage"] == stage and r["split"] == "validation"}


def test_the_best_step_is_kept_and_patience_ends_the_stage(corpus, tiny, tmp_path):
    run = tmp_path / "run"
    train(tiny("ntts", 200, **PATIENT, **{"stages.1.steps": 2}), corpus, run)
    values = held_out(run, 2, "duration")
    best, last = min(values, key=lambda step: values[step]), max(values)
    assert last < 200
    assert last - best == 3 * 2, "patience is counted in validations"
    assert metrics.held_out(run)["2.duration"] == round(values[best], 4)
    kept = load_file(run / f"stage-2/best-{best:07d}" / saved.WEIGHTS)
    final = load_file(run / f"stage-2/step-{last:07d}" / saved.WEIGHTS)
    assert all(torch.equal(value, kept[name]) for name, value in weights(run).items())
    assert not all(torch.equal(value, final[name]) for name, value in weights(run).items())
    # A finished stage is loaded as it was kept.
    before = weights(run)
    shutil.rmtree(run / "model")
    train(tiny("ntts", 200, **PATIENT, **{"stages.1.steps": 2}), corpus, run)
    assert all(torch.equal(value, before[name]) for name, value in weights(run).items())


def test_a_run_that_dies_anywhere_keeps_what_an_unbroken_one_keeps(corpus, tiny, tmp_path):
    recipe = tiny("ntts", 200, **PATIENT, **{"stages.1.steps": 2})
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    train(recipe, corpus, whole)
    steps = max(held_out(whole, 2, "duration"))
    for fatal in range(1, steps + 1, 2):

        def die(event, fatal=fatal):
            if event.stage == 2 and event.step == fatal:
                raise StopError

        with pytest.raises(StopError):
            train(recipe, corpus, broken, watch=die)
    train(recipe, corpus, broken)
    assert (whole / "metrics.jsonl").read_text() == (broken / "metrics.jsonl").read_text()
    found = weights(broken)
    assert all(torch.equal(value, found[name]) for name, value in weights(whole).items())
    names = [sorted(p.name for p in (run / "stage-2").iterdir()) for run in (whole, broken)]
    assert names[0] == names[1]


def test_the_best_needs_held_out_utterances(corpus, tiny, tmp_path):
    rows = corpus.split("train")
    write_shard(corpus.path / "shards" / "000.parquet", rows, corpus.info.features)
    recipe = tiny("ntts", 2, **{"stages.2.keep": "best"})
    with pytest.raises(UserError, match=r"stages\.2\.keep=last"):
        train(recipe, PreparedCorpus(corpus.path), tmp_path / "run")
