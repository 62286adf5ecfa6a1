"""GPU script of the vocoder at tiny size on the CPU."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from benchmarks.gpu import vocoder
from tts_core.audio.mel import MelSpectrogram
from tts_core.config import Features
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.corpus.shards import write_info, write_shard

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ABSENT = ["num2words", "pocketsphinx", "pyloudnorm", "pyworld", "soxr", "spacy", "viter"]
TINY = [
    "generator={upsample_rates: [8, 8, 4], upsample_kernel_sizes: [16, 16, 8], "
    "upsample_initial_channel: 8, resblock_kernel_sizes: [3], resblock_dilation_sizes: [[1]]}",
    "discriminator_channels=32",
    "batch=2",
    "segment_frames=4",
    "steps=2",
    "checkpoint_every=1",
    "lr=0.002",
]


@pytest.fixture
def packed(small_corpus, tmp_path, monkeypatch):
    """Return the small corpus with recordings, packed by the command line."""
    corpus, features = PreparedCorpus(small_corpus), Features()
    rows = []
    for split in ("train", "validation"):
        for number, row in enumerate(corpus.split(split)[:3]):
            random = np.random.default_rng(number)
            name = f"wavs/{row.utterance}.wav"
            path = tmp_path / "recordings" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            samples = (0.1 * random.normal(size=len(row.mel) * features.hop)).astype(np.float32)
            soundfile.write(path, samples, features.sample_rate_hz, subtype="PCM_16")
            rows.append(replace(row, mel=MelSpectrogram(features)(samples), audio=name))
    folder = tmp_path / "prepared"
    write_shard(folder / "shards" / "000.parquet", rows, features)
    where = {"corpus_folder": str(tmp_path / "recordings")}
    write_info(folder, corpus.info.model_copy(update=where))
    target = tmp_path / "speech.tar"
    call(monkeypatch, "--pack", folder, target, "--start", "none")
    return target


def call(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["vocoder", *map(str, arguments)])
    vocoder.main()


def apart(folder, *arguments):
    """Run it in a Python without packages missing on a GPU machine."""
    hide = f"import sys\nsys.modules.update(dict.fromkeys({ABSENT}))\n"
    (folder / "sitecustomize.py").write_text(hide, "utf-8")
    command = [sys.executable, "-m", "benchmarks.gpu.vocoder", *map(str, arguments)]
    path = os.pathsep.join([str(folder), str(ROOT)])
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": path}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_training_resumes_from_copied_checkpoint(packed, tmp_path, monkeypatch):
    first, second = tmp_path / "first", tmp_path / "second"
    recipe = ["--recipe", "hifigan_paper24k"]
    call(monkeypatch, packed, *TINY, *recipe, "--work", tmp_path / "a", "--out", first)
    apart(
        tmp_path, packed, *TINY, *recipe, "--work", tmp_path / "b", "--out", second, "--from", first
    )
    reports = [json.loads((out / "vocoder.json").read_text()) for out in (first, second)]
    for report, steps in zip(reports, (0, 2), strict=True):
        found = report["found"]
        assert report["about"]["device"] and report["about"]["date"]
        assert (found["step"], found["steps_before"]) == (2, steps)
        assert found["steps_per_s"] > 0 and found["audio_s_per_s"] > 0
        assert found["after"]["mel_l1"] > 0
    # The second starts where the first stopped, but for half precision.
    before, after = reports[1]["found"]["before"], reports[0]["found"]["after"]
    assert before["mel_l1"] == pytest.approx(after["mel_l1"], abs=0.01)
    assert len(list(first.iterdir())) <= 8
    recorded, rate = soundfile.read(first / "recording.flac")
    assert rate == 22050 and len(recorded) == len(soundfile.read(first / "resynthesis.flac")[0])


def test_v1_comes_back_in_parts_that_the_channel_takes():
    # The shapes alone: 512 channels before, kernels of 16 in the first upsampling.
    sizes = [80 * 512 * 7, 512 * 256 * 16, 256 * 128 * 16] + [256 * 256 * 11] * 6
    weights = {f"w{i}": torch.zeros(size) for i, size in enumerate(sizes)}
    found = vocoder.parts(weights)
    assert [sum(2 * v.numel() for v in part.values()) <= 14 * 2**20 for part in found] == [
        True
    ] * len(found)
    assert [name for part in found for name in part] == list(weights)
