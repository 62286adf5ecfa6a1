"""Trivial predictions of frames are computed as defined."""

from dataclasses import replace

import numpy as np
import pytest

from tts_core.models.facts import MelScale
from tts_core.models.frame_controls import frame_controls
from tts_core.training import metrics
from tts_core.training.loop import train


@pytest.mark.parametrize("power", [1, 2])
def test_controls_equal_their_definition(power, facts, utterance):
    rows = [utterance(seed, words) for seed, words in ((1, 4), (2, 9))]
    rows.append(replace(rows[0], mel=rows[0].mel[:1]))
    scale = MelScale(facts)
    previous, neighbours = [], []
    for row in rows:
        mel = (row.mel - np.array(facts.mel_mean)) / np.array(facts.mel_std)
        for t, frame in enumerate(mel):
            previous.append(np.abs(frame - (mel[t - 1] if t else 0)) ** power)
            around = [mel[i] for i in (t - 1, t + 1) if 0 <= i < len(mel)]
            neighbours.append(np.abs(frame - (np.mean(around, 0) if around else 0)) ** power)
    controls = frame_controls(rows, scale, power)
    assert controls["mel_previous"] == pytest.approx(np.mean(previous), rel=1e-5)
    assert controls["mel_neighbours"] == pytest.approx(np.mean(neighbours), rel=1e-5)


@pytest.mark.parametrize("system", ["ntts", "ntts_attention", "durian_plus", "kathaka", "camp"])
def test_every_validation_of_frames_logs_the_controls(system, corpus, tiny, tmp_path):
    train(tiny(system, 2), corpus, tmp_path / "run", stages=[1])
    (row,) = (r for r in metrics.read(tmp_path / "run") if r["split"] == "validation")
    assert row["mel_neighbours"] > 0
    assert row["mel_previous"] > 0
