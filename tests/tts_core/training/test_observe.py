"""Observation of a training: its files, and no effect on weights."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from intone.errors import UserError
from tts_core.config import Features
from tts_core.models import saved
from tts_core.models.build import build
from tts_core.models.renditions import Rendition
from tts_core.text.tokens import TOKENS
from tts_core.training import metrics
from tts_core.training.loop import train
from tts_core.training.observe_figure import Inside, Spoken, draw


def weights(run):
    return load_file(run / "model" / saved.WEIGHTS)


def board(run, stage, split):
    found = EventAccumulator(str(run / f"tensorboard/stage-{stage}-{split}"))
    found.Reload()
    return found.Tags(), found


@pytest.mark.parametrize(
    "system",
    [
        "ntts_attention",
        *(pytest.param(s, marks=pytest.mark.slow) for s in ("kathaka", "camp")),
    ],
)
def test_looking_changes_no_weight_and_shows_every_sentence(system, corpus, tiny, tmp_path):
    looks = {f"stages.{n}.validate_every": 2 for n in tiny(system, 1).stages}
    seen, unseen = tmp_path / "seen", tmp_path / "unseen"
    train(tiny(system, 4, **looks, observe=2), corpus, seen)
    train(tiny(system, 4, **looks), corpus, unseen)
    for name, value in weights(unseen).items():
        assert torch.equal(value, weights(seen)[name]), name
    for stage in tiny(system, 1).stages:
        pictures = sorted(seen.glob(f"validation/stage-{stage}-*.png"))
        sounds = sorted(seen.glob(f"validation/stage-{stage}-*.flac"))
        assert len(pictures) == len(sounds) == 2
        assert all(Image.open(path).width > 800 for path in pictures)
        assert all(soundfile.info(path).frames > 0 for path in sounds)
        tags, found = board(seen, stage, "validation")
        assert len(tags["images"]) == len(tags["audio"]) == 2
        assert "spoken_f0_error" in tags["scalars"]
        assert [event.step for event in found.Images(tags["images"][0])] == [2, 4]
        rows = [r for r in metrics.read(seen) if (r["stage"], r["split"]) == (stage, "validation")]
        shown = [event.value for event in found.Scalars("spoken_f0_error")]
        assert shown == pytest.approx([row["spoken_f0_error"] for row in rows])
    assert board(seen, 1, "train")[0]["scalars"]


SPECTROGRAMS = ["stage 1, step 1, system", "recording: {text}"]
LEARNT, READ = "word vectors of the recording", "word vectors from the text"


@pytest.mark.parametrize(
    ("system", "stage", "below"),
    [
        ("ntts", 2, []),
        ("durian_plus", 1, []),
        ("ntts_attention", 1, ["attention over phones, teacher-forced"]),
        ("kathaka", 1, ["posterior"]),
        ("kathaka", 2, ["posterior and sampler"]),
        ("camp", 1, [LEARNT]),
        ("camp", 2, [LEARNT, READ]),
    ],
)
def test_a_picture_names_every_panel_and_axis(system, stage, below, facts, tiny, utterance):
    """Attention alignment, durations, and latents of systems that have them."""
    row = utterance(1)
    row = replace(row, words=tuple(f"w{i}" for i in range(len(row.encoded.pos))))
    recipe = tiny(system, 1)
    model = build(recipe, facts).eval()
    inside = Inside.of(model, row, model.stages(recipe.stages)[stage].mode)
    one = Spoken(row, Rendition(row.mel, row.durations), np.zeros(0), row.f0, {}, inside)
    figure = draw(one, Features(), "stage 1, step 1")
    panels = [axes for axes in figure.axes if axes.get_title()]
    assert [axes.get_title() for axes in panels] == [
        *(title.format(text=row.text) for title in SPECTROGRAMS),
        "correlation of log F0, phone by phone: not defined",
        *below,
    ]
    for axes in panels[:2]:
        assert [text.get_text() for text in axes.texts] == [TOKENS[i] for i in row.encoded.tokens]
    assert panels[2].get_ylabel() == "F0, Hz"
    for axes in panels:
        assert axes.get_xlabel() or [t.get_text() for t in axes.get_xticklabels()] == [*row.words]
        named = [text.get_text() for text in axes.get_yticklabels()]
        assert axes.get_ylabel() or "posterior mean" in named or named[0] == "<s>"
    bars = [axes.get_ylabel() for axes in figure.axes if not axes.get_title()]
    assert len(bars) == len(panels) - 1
    assert all(bars)


def test_best_step_is_selected_by_its_speech(corpus, tiny, tmp_path):
    options = {"keep": "best", "criterion": "prosody", "validate_every": 2, "checkpoint_every": 2}
    recipe = tiny("durian_plus", 4, observe=2, **{f"stages.1.{k}": v for k, v in options.items()})
    train(recipe, corpus, tmp_path / "run")
    rows = [r for r in metrics.read(tmp_path / "run") if r["split"] == "validation"]
    best = min(rows, key=lambda row: row["spoken_f0_error"])
    assert [p.name for p in (tmp_path / "run/stage-1").glob("best-*")] == [
        f"best-{best['step']:07d}"
    ]
    silent = tiny("durian_plus", 4, **{f"stages.1.{k}": v for k, v in options.items()})
    with pytest.raises(UserError, match="set observe to some number"):
        train(silent, corpus, tmp_path / "silent")


@pytest.mark.integration
def test_missing_wandb_is_reported_before_training(corpus, tmp_path):
    command = ["train", "ntts_demo", "--data", str(corpus.path)]
    blocked = "import sys; sys.modules['wandb'] = None; from intone.command.cli import main; main()"
    arguments = [*command, "--out", str(tmp_path / "run"), "--wandb", "p"]
    said = subprocess.run(
        [sys.executable, "-c", blocked, *arguments], capture_output=True, text=True
    )
    assert said.returncode == 1
    assert "pip install 'intone[wandb]'" in said.stderr
    assert "Traceback" not in said.stderr
