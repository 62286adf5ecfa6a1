"""Speed of training on one core beside public peers.

    python -m benchmarks.training [--peers] [--repeats 3] [--growth] [--out FOLDER]

One optimiser step (forward, backward, gradient clip of 1.0, Adam) on 16 utterances of 100 phones
and 600 frames each (111 s of speech), 80 mels, float32, random weights, one thread, every system
and stage at its published width. `camp, equal` is CAMP's first stage at the width where it has as
many parameters as the peers' FastPitch. Each contestant is a process of its own; they take turns.
`--peers` first makes an environment with coqui-tts under the cache folder. `--growth` measures
something else instead: how cost grows with batch, length and corpus in the compact size, and draws
it. Writes `training.json` into the folder and prints a Markdown table, or `growth.json` and
`growth.svg`.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.contest import contend, measure, peers_python, shown
from benchmarks.workload import FRAME_S, N_FRAMES, N_PHONES, facts, recording
from tts_core.config import Recipe, load_recipe
from tts_core.model_config import SYSTEMS
from tts_core.models.build import build
from tts_core.training.batches import epoch_batches
from tts_core.training.optimise import Optimiser
from tts_core.training.stage_loss import StageLoss
from tts_core.training.validate import batch_of
from tts_core.types import Prepared

BATCH = 16
PEERS = ("tacotron2", "fastpitch")
EQUAL = "camp, equal"
HELP = Path(__file__).with_name("peers_training.py")


def main() -> None:
    """Measure, print the table and write the files, or contend."""
    arguments = _arguments()
    torch.manual_seed(0)
    if arguments.contestant:
        contend(*step_of(arguments.contestant, arguments.size, arguments.parameters))
        return
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.growth:
        growth = grow(arguments.repeats)
        draw(growth, arguments.out / "growth.svg")
        (arguments.out / "growth.json").write_text(json.dumps(growth, indent=1) + "\n", "utf-8")
        return
    rows = measure(_contestants(arguments.size, peers_python(arguments.peers)), arguments.repeats)
    for row in rows:
        row["audio_s_per_cpu_s"] = BATCH * N_FRAMES * FRAME_S / row["min_cpu_s"]
    sys.stdout.write(table(rows))
    result: dict[str, Any] = {"size": arguments.size, "repeats": arguments.repeats, "rows": rows}
    (arguments.out / "training.json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--peers", action="store_true", help="install the peers if need be")
    parser.add_argument("--size", choices=["paper", "compact"], default="paper")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--growth", action="store_true", help="how cost grows, instead")
    parser.add_argument("--out", type=Path, default=Path("training"))
    parser.add_argument("--contestant", help=argparse.SUPPRESS)
    parser.add_argument("--parameters", type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args()


def _contestants(size: str, peers: Path | None) -> dict[str, list[str | Path]]:
    ours: list[str | Path] = [sys.executable, "-m", "benchmarks.training", "--size", size]
    result: dict[str, list[str | Path]] = {
        f"{system}, stage {stage}": [*ours, "--contestant", f"{system}/{stage}"]
        for system, entry in SYSTEMS.items()
        for stage in range(1, entry.stages + 1)
    }
    if peers is not None:
        sizes = [str(BATCH), str(N_PHONES), str(N_FRAMES)]
        result |= {peer: [peers, "-W", "ignore", HELP, peer, *sizes] for peer in PEERS}
        # FastPitch says its size before it is measured, so that CAMP can be made as large.
        [about] = measure({"fastpitch": result["fastpitch"]}, 1)
        equal = ["--contestant", "camp/1", "--parameters", str(about["parameters"])]
        result[EQUAL] = [*ours, *equal]
    return result


def step_of(name: str, size: str, parameters: int) -> tuple[Callable[[], Any], int]:
    """Return one optimiser step of a stage and its number of parameters.

    Args:
        name: "SYSTEM/STAGE". size: paper or compact.
        parameters: make CAMP's first stage so large; 0: as its recipe says.
    """
    system, _, stage = name.partition("/")
    recipe = load_recipe(system if size == "paper" else f"{system}_compact")
    if parameters:
        recipe = _as_large(recipe, parameters)
    step, loss = learner(recipe, int(stage), _rows(BATCH, N_PHONES))
    learning = sum(p.numel() for p in loss.parameters() if p.requires_grad)
    return lambda: step(range(BATCH)), learning


def _rows(utterances: int, phones: int) -> list[Prepared]:
    random = np.random.default_rng(0)
    return [recording(random, number, phones) for number in range(utterances)]


def learner(
    recipe: Recipe, number: int, rows: Sequence[Prepared], device: str = "cpu", bf16: bool = False
) -> tuple[Callable[[Sequence[int]], None], StageLoss]:
    """Return an optimiser step on rows as a function, and its loss."""
    target = torch.device(device)
    model = build(recipe, facts()).to(target)
    stage = model.stages(recipe.stages)[number]
    loss = StageLoss(model, stage, bf16).eval()
    cached = stage.remember(rows, target)
    stage.begin(cached)
    optimiser = Optimiser(loss, recipe, recipe.stages[number])
    # A step of which the KL term is a part: most are cheaper.
    weights = stage.weights(recipe.stages[number].steps // 200 * 200)

    def step(positions: Sequence[int]) -> None:
        loss.train()
        parts = loss(batch_of(rows, positions).to(target), cached)
        used = [weights[name] * part for name, part in parts.items() if weights[name]]
        torch.stack(used).sum().backward()
        optimiser.step()

    return step, loss


def _as_large(recipe: Recipe, parameters: int) -> Recipe:
    """Return CAMP's config with about so many parameters in stage 1.

    The width is a multiple of 32.
    """

    def wide(width: int) -> Recipe:
        model = recipe.model.model_copy(update={"encoder": width, "embedding": width})
        return recipe.model_copy(update={"model": model})

    def count(width: int) -> int:
        config = wide(width)
        model = config.model.model_copy(update={"context": "syntax"})
        system = build(config.model_copy(update={"model": model}), facts())
        loss = StageLoss(system, system.stages(config.stages)[1])
        return sum(p.numel() for p in loss.parameters() if p.requires_grad)

    return wide(min(range(256, 1537, 32), key=lambda width: abs(count(width) - parameters)))


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Return all contestants in Markdown."""
    lines = [
        "| who | learning parameters | CPU s a step, minimum | median | s of speech per CPU s "
        "| peak MiB |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {shown(row)} | {row['parameters'] / 1e6:.1f} M | {row['min_cpu_s']:.2f} "
        f"| {row['median_cpu_s']:.2f} | {row['audio_s_per_cpu_s']:.1f} | {row['peak_mib']:.0f} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


SWEEPS = {
    "utterances in a batch": [(n, n, N_PHONES) for n in (1, 2, 4, 8, 16, 32)],
    "phones in an utterance": [(n, 4, n) for n in (25, 50, 100, 200, 400)],
    "utterances in the corpus": [(n, n, 20) for n in (125, 250, 500, 1000)],
}
"""Axis to (its value, utterances, phones of each)."""


def grow(repeats: int) -> dict[str, dict[str, list[tuple[int, float]]]]:
    """Return axis to system to points (value, CPU seconds) of stage 1.

    The recipes have the compact size.

    Along the first two axes a point is one step; along the last one pass over a corpus, in batches
    as the recipe has them.
    """
    torch.set_num_threads(1)
    result: dict[str, dict[str, list[tuple[int, float]]]] = {}
    for axis, points in SWEEPS.items():
        for system in ("ntts", "kathaka", "camp"):
            recipe = load_recipe(f"{system}_compact")
            for value, utterances, phones in points:
                rows = _rows(utterances, phones)
                step, _ = learner(recipe, 1, rows)
                batches = [list(range(utterances))]
                if axis == "utterances in the corpus":
                    lengths = [len(row.mel) for row in rows]
                    batches = epoch_batches(lengths, recipe.stages[1].batch_frames, (0,))
                step(batches[0])
                passes = [_seconds(step, batches) for _ in range(repeats)]
                result.setdefault(axis, {}).setdefault(system, []).append((value, min(passes)))
    return result


def _seconds(step: Callable[[Sequence[int]], None], batches: Sequence[Sequence[int]]) -> float:
    started = time.process_time()
    for positions in batches:
        step(positions)
    return time.process_time() - started


def draw(growth: dict[str, dict[str, list[tuple[int, float]]]], out: Path) -> None:
    """Draw a panel an axis and a line a system, logarithmic."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullLocator

    from tts_core.evaluation.held_out_figures import STYLE

    colours = {"ntts": "#0072b2", "kathaka": "#e69f00", "camp": "#009e73"}
    with rc_context(STYLE):
        figure = Figure(figsize=(10, 3), layout="constrained")
        for column, (axis, systems) in enumerate(growth.items(), 1):
            axes = figure.add_subplot(1, len(growth), column)
            for system, points in systems.items():
                axes.loglog(
                    *zip(*points, strict=True), marker=".", color=colours[system], label=system
                )
            measured = [value for value, _ in next(iter(systems.values()))]
            axes.set_xticks(measured, labels=[str(value) for value in measured])
            axes.set_xticks([], minor=True)
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
            axes.yaxis.set_minor_locator(NullLocator())
            axes.set(xlabel=axis, ylabel="CPU s" if column == 1 else "")
            axes.legend(fontsize=8)
        figure.savefig(out, metadata={"Date": None}, facecolor="white")


if __name__ == "__main__":
    main()
