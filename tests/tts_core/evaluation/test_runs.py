"""`intone runs`: what a researcher reads of many trainings."""

import pytest
from typer.testing import CliRunner

from intone.errors import UserError
from tts_core.commands.cli import app
from tts_core.evaluation.runs import find_runs
from tts_core.training import metrics
from tts_core.training.loop import train


def test_runs_are_listed_with_what_they_left_and_drawn(corpus, tiny, tmp_path, monkeypatch):
    best = {"stages.2.keep": "best", "stages.2.validate_every": 2, "stages.2.lr": 0.02}
    train(tiny("ntts", 8, **best), corpus, tmp_path / "runs/one")
    train(tiny("camp", 4), corpus, tmp_path / "runs/two", stages=[1])
    one, two = find_runs([tmp_path / "runs"])
    assert (one.stage, one.step, one.trained) == (2, 8, True)
    assert (two.stage, two.step, two.steps) == (1, 4, 4)
    held_out = {
        r["step"]: r["duration"] for r in one.rows if (r["stage"], r["split"]) == (2, "validation")
    }
    assert one.kept[2] == min(held_out, key=lambda step: held_out[step])
    assert one.held_out == f"duration {held_out[one.kept[2]]:.3f}"
    monkeypatch.setenv("COLUMNS", "200")
    # A long log of spoken sentences does not drown what tells two runs apart.
    spoken = {"stage": 1, "step": 4, "split": "validation", "spoken_f0_rmse_semitones": 2.5}
    metrics.append(tmp_path / "runs/two", spoken | {"spoken_pauses_made": 1.0})
    plot = tmp_path / "both.svg"
    said = CliRunner().invoke(app, ["runs", str(tmp_path / "runs"), "--plot", str(plot)])
    assert said.exit_code == 0, said.output
    assert "ntts_compact" in said.output
    assert "camp_compact" in said.output
    drawn = plot.read_text()
    for panel in ("stage 1: mel", "stage 2: duration", "runs/two", "spoken_f0_rmse_semitones"):
        assert panel in drawn
    assert "spoken_pauses_made" not in drawn
    monkeypatch.setenv("COLUMNS", "80")
    narrow = CliRunner().invoke(app, ["runs", str(tmp_path / "runs")])
    assert "…" not in narrow.output, "a path that is cut off names no run"


def test_folders_without_runs_and_odd_files_are_refused(corpus, tiny, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no run there or below"):
        find_runs([tmp_path / "empty"])
    train(tiny("ntts", 1), corpus, tmp_path / "run")
    said = CliRunner().invoke(app, ["runs", str(tmp_path / "run"), "--plot", "x.jpg"])
    assert isinstance(said.exception, UserError)
