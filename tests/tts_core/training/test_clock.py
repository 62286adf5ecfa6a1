"""How fast a training is said to learn."""

from collections import Counter
from functools import partial

import pytest

from tts_core.training import checkpoint, stage_run
from tts_core.training.events import Clock
from tts_core.training.loop import train
from tts_core.training.observe import Observer
from tts_core.training.stage_run import StageRun


def test_only_steps_count_as_learning(corpus, tiny, tmp_path, monkeypatch):
    """By a clock that goes on by 2 s at every step and by 1,000 s at whatever else is done."""
    now, learnt, told = [0.0], Counter(), []

    def lasting(seconds, inside):
        def longer(*args, **options):
            now[0] += seconds
            return inside(*args, **options)

        return longer

    inside = StageRun._step

    def step(self, wrapped, batches, *more):
        learnt[self.number] += sum(int(batch.frame_lengths.sum()) for batch in batches)
        return inside(self, wrapped, batches, *more)

    monkeypatch.setattr(stage_run, "Clock", partial(Clock, now=lambda: now[0]))
    monkeypatch.setattr(StageRun, "_step", lasting(2, step))
    for place, name in (
        (stage_run, "read_data"), (stage_run, "validate"), (stage_run, "load_kept"),
        (Observer, "look"), (checkpoint, "save_step"), (checkpoint, "save_weights"),
    ):  # fmt: skip
        monkeypatch.setattr(place, name, lasting(1000, getattr(place, name)))
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
