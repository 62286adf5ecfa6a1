"""Training of a system at its published width for some minutes.

    python -m benchmarks.gpu.train kathleen.tar.bz2 kathaka --work FOLDER --minutes 8 --out FOLDER
        [--from FOLDER] [key=value ...]

Unpacks the packed corpus into the work folder (once) and trains all stages there; the same command
continues exactly where the last one stopped, as long as the work folder is there. Into the out
folder it writes what small channels carry back: `train-SYSTEM.json` (step reached, speed, held-out
values, metrics, device, versions, date) and the weights in bfloat16 in files of at most 14 MiB.
From those, `--from` continues elsewhere: weights as rounded, Adam's moments and random numbers
anew, steps counted further; of an unfinished stage the best step so far is forgotten. The text
encoder is the pack's, frozen (a paper's BERT, fine-tuned, is too large to carry); that and every
key=value is in the JSON.
"""

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from benchmarks.gpu.pack import LAYERS, unpack
from benchmarks.gpu.report import at_most, write
from tts_core.config import Recipe, load_recipe
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.models import saved
from tts_core.models.build import build
from tts_core.training import checkpoint, metrics
from tts_core.training.batches import ALONE
from tts_core.training.checkpoint_selection import Keeper, kept_steps
from tts_core.training.events import Event
from tts_core.training.loop import train
from tts_core.training.optimise import Optimiser
from tts_core.training.run import parse_changes
from tts_core.training.stage_loss import StageLoss

PART_BYTES = 14 * 2**20
MOST_FILES = 7


def main() -> None:
    """Train until the time is over, then write the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pack", type=Path)
    parser.add_argument("system")
    parser.add_argument("changes", nargs="*", help="key=value, of the recipe")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--from", dest="origin", type=Path, help="what an earlier call wrote")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    unpacked = given.work / "data"
    if not (unpacked / "prepared" / "prepared.json").is_file():
        unpack(given.pack, unpacked)
    corpus = PreparedCorpus(unpacked / "prepared")
    recipe = recipe_of(given.system, corpus, given.changes)
    run = given.work / given.system
    if given.origin and not run.is_dir():
        restore(given.origin, run, recipe, corpus)
    speed = learn(recipe, corpus, run, given.minutes)
    carry_back(given.out, run, recipe, speed, json.loads((unpacked / "pack.json").read_text()))


def recipe_of(system: str, corpus: PreparedCorpus, changes: list[str]) -> Recipe:
    """Return the recipe by name, with the text encoder of the pack."""
    encoder = {"name": corpus.info.encoder, "layer": LAYERS, "finetune": False}
    overrides = {f"text_encoder.{key}": value for key, value in encoder.items()}
    # Speaking needs a vocoder and a pitch tracker, which are not carried.
    return load_recipe(system, {**overrides, "observe": 0} | parse_changes(changes)[0])


def learn(recipe: Recipe, corpus: PreparedCorpus, run: Path, minutes: float) -> dict[str, float]:
    """Train for some minutes; return learnt seconds per second, by stage."""
    speed: dict[str, float] = {}

    def watch(event: Event) -> None:
        speed[str(event.stage)] = event.seconds_per_second

    with at_most(minutes):
        train(recipe, corpus, run, watch=watch)
    return speed


def carry_back(
    out: Path, run: Path, recipe: Recipe, speed: dict[str, float], pack: dict[str, Any]
) -> None:
    """Write the report and the weights."""
    newest = {n: checkpoint.newest_step(run / f"stage-{n}") for n in recipe.stages}
    reached = {n: step for n, step in newest.items() if step}
    steps = {n: step[1] for n, step in reached.items()}
    ended = {n: checkpoint.is_finished(run / f"stage-{n}") for n in steps}
    rows = metrics.read(run)
    write(
        out,
        f"train-{recipe.model.system}",
        {
            "recipe": recipe.model_dump(mode="json"),
            "pack": pack,
            "steps": steps,
            "finished": ended,
            "best": kept_steps(run),
            "speech_s_per_s": speed,
            "held_out": [row for row in rows if row["split"] == "validation"],
            "train": [row for row in rows if row["split"] == "train"][:: max(len(rows) // 400, 1)],
        },
    )
    for number, part in enumerate(_parts(_weights(run, reached, ended))):
        save_file(part, out / f"weights-{number}.safetensors")


def _weights(
    run: Path, reached: dict[int, tuple[Path, int]], ended: dict[int, bool]
) -> dict[str, torch.Tensor]:
    """Return the newest stage's final or latest weights."""
    last = max(reached)
    best = kept_steps(run).get(last) if ended[last] else None
    folder = reached[last][0] if best is None else run / f"stage-{last}" / f"best-{best:07d}"
    return load_file(folder / saved.WEIGHTS)


def _parts(weights: dict[str, torch.Tensor]) -> list[dict[str, torch.Tensor]]:
    """Return bfloat16 weights in small parts; none if too many."""
    parts: list[dict[str, torch.Tensor]] = [{}]
    size = 0
    for name, value in weights.items():
        small = value.bfloat16() if value.is_floating_point() else value
        needed = small.numel() * small.element_size()
        if size + needed > PART_BYTES and parts[-1]:
            parts.append({})
            size = 0
        parts[-1][name] = small
        size += needed
    return parts if len(parts) <= MOST_FILES else []


def restore(origin: Path, run: Path, recipe: Recipe, corpus: PreparedCorpus) -> None:
    """Make a run folder that continues an earlier call's results."""
    [path] = origin.glob("train-*.json")
    reached = json.loads(path.read_text("utf-8"))["found"]
    weights: dict[str, torch.Tensor] = {}
    for part in sorted(origin.glob("weights-*.safetensors")):
        weights |= {
            n: v.float() if v.is_floating_point() else v for n, v in load_file(part).items()
        }
    if not weights:
        raise SystemExit(f"{origin}: no weights came back from there; start without --from")
    model = build(recipe, corpus.info.facts())
    saved.load_own_state(model, weights, recipe)
    random = checkpoint.random_states(ALONE)
    for number, step in sorted((int(n), step) for n, step in reached["steps"].items()):
        folder, config = run / f"stage-{number}", recipe.stages[number]
        stage = model.stages(recipe.stages)[number]
        optimiser = Optimiser(StageLoss(model, stage), recipe, config)
        finished = reached["finished"][str(number)]
        checkpoint.save_step(folder, model, recipe, step, finished, optimiser, None, random)
        if finished and config.keep == "best":
            best = reached["best"][str(number)]
            Keeper(folder, config, stage.criterion).see(best, {stage.criterion: 0.0}, model, recipe)
    shutil.copy(path, run / "carried.json")


if __name__ == "__main__":
    main()
