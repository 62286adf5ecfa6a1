"""GPU scripts at tiny size on the CPU, with their real commands."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tts_core.corpus.dataset import PreparedCorpus
from tts_core.text.bert import TextEncoder

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TINY = [
    f"model.{key}={value}"
    for key, value in {
        "embedding": 16,
        "encoder": 16,
        "decoder": 24,
        "prenet": 8,
        "duration": 16,
        "latent": 4,
        "sampler_width": 8,
        "node_embedding": 8,
        "graph": 8,
        "word_vector": 3,
        "context_width": 8,
        "predictor": 16,
        "predictor_prenet": 8,
    }.items()
]
ABSENT = [
    "cffi",
    "num2words",
    "pocketsphinx",
    "pyloudnorm",
    "pyworld",
    "soundfile",
    "soxr",
    "spacy",
    "viter",
]
"""Packages of this project that training on a GPU does not need."""


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """Return a folder that hides packages missing on the GPU machine."""
    folder = tmp_path_factory.mktemp("bare")
    hide = f"import sys\nsys.modules.update(dict.fromkeys({ABSENT}))\n"
    (folder / "sitecustomize.py").write_text(hide, "utf-8")
    return folder


def call(script, *arguments, bare=ROOT):
    command = [sys.executable, "-m", f"benchmarks.gpu.{script}", *map(str, arguments)]
    path = os.pathsep.join([str(bare), str(ROOT)])
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": path}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def packed(tmp_path_factory, small_corpus):
    target = tmp_path_factory.mktemp("pack") / "corpus.tar.bz2"
    call("pack", small_corpus, target)
    return target


def test_packed_values_come_back_rounded(packed, small_corpus, tmp_path):
    call("pack", "--unpack", packed, tmp_path)
    worst = json.loads((tmp_path / "pack.json").read_text())["worst_error_nats"]
    ours, theirs = PreparedCorpus(small_corpus), PreparedCorpus(tmp_path / "prepared")
    encoder, carried = TextEncoder("minilm", 4), TextEncoder(str(tmp_path / "encoder"), 4)
    for split in ("train", "validation"):
        assert [r.utterance for r in ours.split(split)] == [
            r.utterance for r in theirs.split(split)
        ]
        for row, found in zip(ours.split(split), theirs.split(split), strict=True):
            assert np.array_equal(row.encoded.tokens, found.encoded.tokens)
            assert np.array_equal(row.durations, found.durations)
            # Shards hold half precision, which rounds a second time.
            assert np.abs(row.mel - found.mel).max() <= worst + 0.02
    pieces = torch.from_numpy(ours.split("train")[0].encoded.pieces)[None]
    with torch.no_grad():
        states = [e(pieces, torch.ones_like(pieces)) for e in (encoder, carried)]
    torch.testing.assert_close(*states, rtol=0.02, atol=0.02)


def test_training_resumes_in_its_folder_and_from_a_copy(packed, bare, tmp_path):
    keys = [
        f"stages.{n}.{k}={v}"
        for n in (1, 2, 3)
        for k, v in {"steps": 4, "batch_frames": 600, "validate_every": 2}.items()
    ]
    first, second = tmp_path / "first", tmp_path / "second"
    for out, more in (
        (first, ["--work", tmp_path / "a"]),
        (second, ["--work", tmp_path / "b", "--from", first]),
    ):
        call("train", packed, "kathaka", *TINY, *keys, *more, "--out", out, bare=bare)
        found = json.loads((out / "train-kathaka.json").read_text())
        assert found["found"]["steps"] == {"1": 4, "2": 4, "3": 4}
        assert found["about"]["device"]
        assert sorted(out.glob("weights-*.safetensors"))
    assert json.loads((first / "train-kathaka.json").read_text())["found"]["held_out"]


def test_throughput_measures_every_stage(bare, tmp_path):
    options = ["--encoder", "minilm", "--size", "compact", "--frames", 600, "--seconds", 0.01]
    call("throughput", *options, "--systems", "ntts", "camp", "--out", tmp_path, bare=bare)
    found = json.loads((tmp_path / "throughput.json").read_text())["found"]
    rows = [(r["system"], r["stage"], r["precision"]) for r in found["training"]]
    assert rows == [(s, n, p) for s in ("ntts", "camp") for n in (1, 2) for p in ("bf16", "fp32")]
    assert all(row["frames_per_s"] > 0 and row["flop_per_s"] > 0 for row in found["training"])
    assert all(row["frames_per_s"] > 0 for row in found["synthesis"])
    assert found["ceilings"]["bf16_flop_per_s"] > 0
    said = call("table", tmp_path)
    assert "| ntts, stage 2 | fp32 | not yet" not in said
    assert "| camp, stage 1 | bf16 | not yet" not in said
    assert "| kathaka, stage 3 | bf16 | not yet measured |  | not yet measured |" in said


def test_nothing_is_called_measured_before_a_gpu_has_run(tmp_path):
    rows = [line for line in call("table", tmp_path).splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + 18 + 10
    assert all(
        "not yet measured" in row for row in rows if "precision" not in row and "batch" not in row
    )
