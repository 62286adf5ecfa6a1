"""Speed of synthesis on one core beside public peers.

    python -m benchmarks.synthesis [--peers] [--size paper] [--repeats 5] [--out synthesis.json]

Text of 100 phones to exactly 600 frames (7.0 s), random weights, float32, one thread: the acoustic
model with everything it reads (CAMP's and Kathaka's text encoder included), and the vocoder by
itself. Each contestant is a process of its own, so that its peak memory is its own; they take
turns.
`--peers` first makes an environment with coqui-tts under the cache folder. Prints a Markdown table
and writes JSON: CPU seconds, real-time factors per core, peak resident memory.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.contest import PEERS, contend, measure, peers_python, shown
from benchmarks.workload import FRAME_S, N_FRAMES, N_PHONES, facts, invented
from tts_core.config import Features, load_recipe
from tts_core.model_config import SYSTEMS
from tts_core.models.batch import collate
from tts_core.models.build import build
from tts_core.models.camp import CAMP
from tts_core.models.durian_plus import DurIANPlus
from tts_core.models.ntts_attention import LONGEST, NTTSAttention
from tts_core.models.system import System
from tts_core.vocoder.load import load_vocoder

BATCH = 16
HELP = Path(__file__).with_name("peers_synthesis.py")
GIVEN = "camp-given"
"""CAMP with given word vectors, without prosody predictor and text encoder."""


def main() -> None:
    """Measure, print the table and write the JSON, or contend."""
    arguments = _arguments()
    if arguments.contestant:
        torch.manual_seed(0)
        name, size, batch = arguments.contestant, arguments.size, arguments.batch
        contend(*(vocoder() if name == "vocoder" else acoustic_model(name, size, batch)))
        return
    ours = [sys.executable, "-m", "benchmarks.synthesis", "--size", arguments.size]
    systems = [*SYSTEMS, GIVEN]
    alone: dict[str, list[str | Path]] = {
        name: [*ours, "--contestant", name, "--batch", "1"] for name in (*systems, "vocoder")
    }
    python = peers_python(arguments.peers)
    if python is not None:
        sizes = [str(N_PHONES), str(N_FRAMES)]
        alone |= {peer: [python, "-W", "ignore", HELP, peer, *sizes] for peer in PEERS}
    together = {name: [*ours, "--contestant", name, "--batch", str(BATCH)] for name in systems}
    rows = measure_batch(alone, 1, arguments.repeats)
    if not arguments.alone:
        rows += measure_batch(together, BATCH, arguments.repeats)
    sys.stdout.write(table(rows))
    result = {"size": arguments.size, "repeats": arguments.repeats, "rows": rows}
    arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--peers", action="store_true", help="install the peers if need be")
    parser.add_argument("--size", choices=["paper", "compact"], default="paper")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--alone", action="store_true", help="leave the batches out")
    parser.add_argument("--out", type=Path, default=Path("synthesis.json"))
    parser.add_argument("--contestant", help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=int, default=1, help=argparse.SUPPRESS)
    return parser.parse_args()


def acoustic_model(name: str, size: str, batch: int) -> tuple[Callable[[], None], int]:
    """Return a random system of exactly the wanted frames, and its size."""
    system = name.removesuffix("-given")
    recipe = load_recipe(system if size == "paper" else f"{system}_compact")
    frames = N_FRAMES / N_PHONES
    model = build(recipe, facts()).eval()
    _prescribe_durations(model, frames)
    random = np.random.default_rng(0)
    inputs = collate([invented(random) for _ in range(batch)])
    generator = torch.Generator().manual_seed(0)
    vectors = torch.randn(batch, N_PHONES // 5, recipe.model.word_vector)

    def work() -> None:
        if isinstance(model, CAMP) and name == GIVEN:
            made = model.synthesize(inputs, generator, prosody=vectors).mel
        else:
            made = model.synthesize(inputs, generator).mel
        if tuple(made.shape[:2]) != (batch, N_FRAMES):
            raise RuntimeError(f"{name} made {tuple(made.shape)}")

    return work, sum(parameter.numel() for parameter in model.parameters())


@torch.no_grad()
def _prescribe_durations(model: System, frames: float) -> None:
    """Give every phone `frames` frames, by weights alone.

    Nothing of the computation is left out.

    A duration of deviation 0 is its mean, as `facts` has it, up to the least deviation.
    """
    if isinstance(model, CAMP | DurIANPlus):
        model.duration_predictor.output.weight.zero_()
        model.duration_predictor.output.bias.fill_(frames)
    if isinstance(model, NTTSAttention):
        model.decoder.stop.bias.fill_(-100)
        model.duration_mean.fill_(frames / LONGEST)


def vocoder() -> tuple[Callable[[], None], int]:
    """Return the vocoder of the default features with its own weights."""
    speak = load_vocoder(Features())
    mel = np.random.default_rng(0).normal(-5, 1, (N_FRAMES, 80)).astype(np.float32)
    generator = getattr(speak, "generator", None)
    parameters = generator.parameters() if isinstance(generator, torch.nn.Module) else ()

    def work() -> None:
        speak(mel)

    return work, sum(parameter.numel() for parameter in parameters)


def measure_batch(
    commands: Mapping[str, Sequence[str | Path]], batch: int, repeats: int
) -> list[dict[str, Any]]:
    """Return real-time factors beside the results of `contest.measure`."""
    seconds = batch * N_FRAMES * FRAME_S
    return [
        {
            **row,
            "batch": batch,
            "rtf_min": row["min_cpu_s"] / seconds,
            "rtf_median": row["median_cpu_s"] / seconds,
        }
        for row in measure(commands, repeats)
    ]


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Return all contestants in Markdown."""
    lines = [
        "| who | batch | parameters | CPU s, minimum | RTF per core, minimum | median | peak MiB |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        lines.append(
            f"| {shown(row)} | {row['batch']} | {row['parameters'] / 1e6:.1f} M "
            f"| {row['min_cpu_s']:.2f} | {row['rtf_min']:.3f} | {row['rtf_median']:.3f} "
            f"| {row['peak_mib']:.0f} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
