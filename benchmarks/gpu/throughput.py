"""Training and synthesis speed of a GPU beside its measured ceilings.

    python -m benchmarks.gpu.throughput --encoder FOLDER [--size paper] [--out FOLDER]

Writes `throughput.json`: (1) the device's measured ceilings: bytes per second of a copy, and matrix
products per second in fp32, TF32 and bf16; (2) for every system and stage at bf16 and fp32: mel
frames per second of training steps on batches of 32,000 frames, peak memory, products per second,
the bytes that a step moves at least, and whether a step makes the CPU wait
(`torch.cuda.set_sync_debug_mode("error")`); (3) free-running synthesis, frames per second at batch
1 and 16, and of the decoder alone with and without a CUDA graph. What fails says why in its row and
costs the others nothing; `benchmarks.gpu.table` makes a table of it all. Speech is invented
(`benchmarks.workload`); stages that read a text encoder read the one in FOLDER.
Without a GPU it is a rehearsal, named in "device".
"""

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.gpu.report import device, synchronise, write
from benchmarks.training import learner
from benchmarks.workload import N_FRAMES, facts, recording
from tts_core.config import Recipe, load_recipe
from tts_core.model_config import SYSTEMS
from tts_core.models.batch import collate
from tts_core.models.build import build
from tts_core.models.camp import CAMP
from tts_core.models.ntts import AutoregressiveDecoder
from tts_core.models.ntts_attention import NTTSAttention

BATCH_FRAMES = 32_000
LEAST_BYTES = 40
"""Least bytes that a step moves for a parameter.

Its value is read in both passes and by Adam, and written; its gradient is written and read; both
moments are read and written; four bytes each.
"""


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--encoder", required=True, help="text encoder: folder or asset")
    parser.add_argument("--size", choices=["paper", "compact"], default="paper")
    parser.add_argument("--frames", type=int, default=BATCH_FRAMES, help="per batch")
    parser.add_argument("--seconds", type=float, default=6.0, help="of every measurement")
    parser.add_argument("--systems", nargs="+", default=list(SYSTEMS))
    parser.add_argument("--out", type=Path, default=Path("throughput"))
    given = parser.parse_args()
    torch.manual_seed(0)
    results: dict[str, Any] = {"ceilings": ceilings(given.seconds), "training": [], "synthesis": []}
    write(given.out, "throughput", results)
    for system in given.systems:
        recipe = recipe_of(system, given.size, given.encoder)
        for stage in recipe.stages:
            for bf16 in (True, False):
                about = {"stage": stage, "precision": "bf16" if bf16 else "fp32"}
                measure = partial(train_row, recipe, stage, bf16, given.frames, given.seconds)
                results["training"].append(_answered({"system": system, **about}, measure))
                write(given.out, "throughput", results)
        for batch in (1, 16):
            measure = partial(speak_row, recipe, batch, given.seconds)
            results["synthesis"].append(_answered({"system": system, "batch": batch}, measure))
            write(given.out, "throughput", results)


def _answered(about: dict[str, Any], measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return a row, or its error: no failure costs the other rows."""
    try:
        row = {**about, **measure()}
    except RuntimeError as error:
        row = {**about, "error": str(error).splitlines()[0]}
    sys.stdout.write(f"{row}\n")
    return row


def recipe_of(system: str, size: str, encoder: str) -> Recipe:
    """Return the recipe with the given text encoder, read at layer 4."""
    name = system if size == "paper" else f"{system}_compact"
    return load_recipe(name, {"text_encoder.name": encoder, "text_encoder.layer": 4})


def ceilings(seconds: float) -> dict[str, float]:
    """Return bytes per second of a copy and multiply-adds per second."""
    size = 2**28 if torch.cuda.is_available() else 2**22
    source = torch.ones(size, device=device())
    target = torch.empty_like(source)
    results = {
        "copy_bytes_per_s": 2 * 4 * size * _per_second(lambda: target.copy_(source), seconds)
    }
    side = 8192 if torch.cuda.is_available() else 512
    products = {"fp32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16}
    for name, dtype in products.items():
        torch.backends.cuda.matmul.allow_tf32 = name == "tf32"
        a = torch.randn(side, side, device=device(), dtype=dtype)
        rate = _per_second(lambda a=a: a @ a, seconds)
        results[f"{name}_flop_per_s"] = 2 * side**3 * rate
    torch.backends.cuda.matmul.allow_tf32 = False
    return results


def train_row(
    recipe: Recipe, stage: int, bf16: bool, frames: int, seconds: float
) -> dict[str, Any]:
    """Return frames per second of a stage's optimiser steps."""
    random = np.random.default_rng(0)
    rows = [recording(random, i) for i in range(max(frames // N_FRAMES, 1))]
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    step, loss = learner(recipe, stage, rows, device().type, bf16)
    positions = range(len(rows))
    step(positions)
    rate = _per_second(lambda: step(positions), seconds)
    parameters = sum(p.numel() for p in loss.parameters() if p.requires_grad)
    return {
        "frames_per_s": rate * len(rows) * N_FRAMES,
        "parameters": parameters,
        "least_bytes_per_s": rate * parameters * LEAST_BYTES,
        "peak_gib": torch.cuda.max_memory_allocated() / 2**30 if on_gpu else None,
        "flop_per_s": rate * _flop(lambda: step(positions)),
        "waits": _waits(lambda: step(positions)) if on_gpu else None,
    }


def _flop(work: Callable[[], Any]) -> int:
    """Return twice the multiply-adds of products and convolutions, recurrences excluded."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops()


def _waits(work: Callable[[], Any]) -> str | None:
    """Return the operation that makes the CPU wait, None without one."""
    torch.cuda.set_sync_debug_mode("error")
    try:
        work()
    except RuntimeError as error:
        return str(error)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return None


def speak_row(recipe: Recipe, batch: int, seconds: float) -> dict[str, Any]:
    """Return frames per second of free-running synthesis and of the decoder.

    The decoder also runs as a CUDA graph.

    A decoder's step reads its weights once: frames by batch by bytes of weights is what it moves at
    least, unless the cache holds them.
    """
    model = build(recipe, facts()).to(device()).eval()
    random = np.random.default_rng(0)
    rows = [recording(random, i) for i in range(batch)]
    inputs = collate([row.encoded for row in rows], rows).to(device())
    row: dict[str, Any] = {}

    @torch.inference_mode()
    def plain() -> torch.Tensor:
        return model.synthesize(inputs).mel

    frames = batch * plain().shape[1]
    row["frames_per_s"] = frames * _per_second(plain, seconds)
    if not isinstance(model, NTTSAttention | CAMP):
        row |= _decoder(model.decoder, batch, seconds)
    return row


@torch.inference_mode()
def _decoder(decoder: AutoregressiveDecoder, batch: int, seconds: float) -> dict[str, Any]:
    """Measure the decoder alone.

    In a whole synthesis the CPU reads durations, which a CUDA graph cannot hold.
    """
    width = decoder.output.in_features - decoder.lstm.hidden_size
    condition = torch.randn(batch, N_FRAMES, width, device=device())

    def free() -> torch.Tensor:
        return decoder.generate(condition)

    row: dict[str, Any] = {
        "decoder_bytes": 4 * sum(p.numel() for p in decoder.parameters()),
        "decoder_frames_per_s": batch * N_FRAMES * _per_second(free, seconds),
    }
    if torch.cuda.is_available():
        try:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                free()
            row["graph_frames_per_s"] = batch * N_FRAMES * _per_second(graph.replay, seconds)
        except RuntimeError as error:
            row["graph_error"] = str(error).splitlines()[0]
    return row


def _per_second(work: Callable[[], Any], seconds: float) -> float:
    """Return calls per second over about `seconds`, after one warm-up."""
    work()
    synchronise()
    calls, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        work()
        synchronise()
        calls += 1
    return calls / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
