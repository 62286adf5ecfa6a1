"""Reported speed of training."""

from collections import Counter
from functools import partial

import pytest

from tts_core.models import saved
from tts_core.training import checkpoint, stage_run
from tts_core.training.events import Clock
from tts_core.training.loop import train
from tts_core.training.observe import Observer
from tts_core.training.stage_run import StageRun


def test_only_steps_count_as_learning(corpus, tiny, tmp_path, monkeypatch):
    """The test clock adds 2 s a step, 1,000 s otherwise."""
    now, learnt, told = [0.0], Counter(), []

    def lasting(seconds, inside):
        def longer(*args, **options):
            now[0] += seconds
            return inside(*args, **options)

        return longer

    inside = StageRun._step

    def step(self, state, batches, step):
        learnt[self.number] += sum(int(batch.frame_lengths.sum()) for batch in batches)
        return inside(self, state, batches, step)

    monkeypatch.setattr(stage_run, "Clock", partial(Clock, now=lambda: now[0]))
    monkeypatch.setattr(StageRun, "_step", lasting(2, step))
    for owner, name in (
        (stage_run, "read_data"),
        (stage_run, "validate"),
        (stage_run, "load_kept"),
        (Observer, "look"),
        (checkpoint, "save_step"),
        (saved, "save_weights"),
    ):
        monkeypatch.setattr(owner, name, lasting(1000, getattr(owner, name)))
    features = corpus.info.features
    frame_s = features.hop / features.sample_rate_hz

    def watch(event):
        expected = learnt[event.stage] * frame_s / (2 * event.step)
        told.append((event.seconds_per_second, pytest.approx(expected)))

    options = {"keep": "best", "average": 2, "validate_every": 3, "checkpoint_every": 4, "lr": 0.02}
    changes = {f"stages.2.{key}": value for key, value in options.items()}
    train(tiny("ntts", 12, **changes), corpus, tmp_path / "run", watch=watch)
    assert now[0] > 10_000
    assert len(told) == 12 + 1 + 12 + 4 + 1, "steps and validations, the last one of an average"
    for found, expected in told:
        assert found == expected
