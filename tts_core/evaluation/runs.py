"""The runs of a folder, side by side."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from intone.errors import UserError
from tts_core.config import Recipe
from tts_core.evaluation.held_out_figures import STYLE
from tts_core.models import saved
from tts_core.training import checkpoint, metrics
from tts_core.training.checkpoint_selection import kept_steps
from tts_core.training.claim import RUN
from tts_core.training.display import SAID, SPOKEN
from tts_core.training.loop import MODEL

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#000000")
"""Okabe and Ito's palette, distinct with any colour vision."""
LINES = ("-", "--", ":")
QUIET = ("stage", "step", "split")
NATS = (
    "kl",
    "free_bits_kl",
    "sampler_kl",
    "constant_kl",
    "neighbours_kl",
    "forward_kl",
    "constant_forward_kl",
)


@dataclass(frozen=True)
class Run:
    """Training run.

    Attributes:
        path: its folder. recipe, digest: what is trained. rows: of `metrics.jsonl`.
        stage, step, steps: how far it is. trained: whether `model/` is written.
        kept: stage to the step that it left, where that is not the last.
        origin: model that it was started from, if any.
    """

    path: Path
    recipe: Recipe
    digest: str
    rows: list[dict[str, Any]]
    stage: int
    step: int
    steps: int
    trained: bool
    kept: dict[int, int]
    origin: saved.Origin | None

    @property
    def held_out(self) -> str:
        """Held-out values of the newest stage, of its kept or newest step."""
        rows = [r for r in self.rows if r["split"] == "validation" and r["stage"] == self.stage]
        rows = [r for r in rows if r["step"] == self.kept.get(self.stage, r["step"])]
        values = {k: v for k, v in rows[-1].items() if k not in QUIET} if rows else {}
        return " ".join(f"{k} {v:.3f}" for k, v in values.items() if not k.startswith("spoken_"))

    @property
    def f0_error(self) -> str:
        """1 - correlation of log F0, last rendered sentences; "" without."""
        values = [r["spoken_f0_error"] for r in self.rows if "spoken_f0_error" in r]
        return f"{values[-1]:.2f}" if values else ""


def read_run(path: Path) -> Run:
    """Read one run folder.

    Raises:
        UserError: no run there.
    """
    described = path / RUN
    if not described.is_file():
        raise UserError(f"{path}: no run there ({RUN} is missing); name a folder of `intone train`")
    stored = json.loads(described.read_text("utf-8"))
    recipe = Recipe.model_validate(stored["recipe"])
    steps = {n: checkpoint.newest_step(path / f"stage-{n}") for n in recipe.stages}
    stage = max((n for n, newest_step in steps.items() if newest_step), default=min(recipe.stages))
    newest = steps[stage]
    return Run(
        path,
        recipe,
        stored["recipe_digest"],
        metrics.read(path),
        stage,
        newest[1] if newest else 0,
        recipe.stages[stage].steps,
        (path / MODEL / saved.DESCRIPTION).is_file(),
        kept_steps(path),
        saved.Origin.model_validate(origin) if (origin := stored.get("started_from")) else None,
    )


def find_runs(paths: Sequence[Path]) -> list[Run]:
    """Return the named runs and all runs below named folders, by path.

    Raises:
        UserError: a folder with no run in it.
    """
    runs: list[Run] = []
    for path in paths:
        inside = sorted(p.parent for p in path.rglob(RUN)) if not (path / RUN).is_file() else [path]
        if not inside:
            raise UserError(f"{path}: no run there or below; name a folder of `intone train --out`")
        runs += map(read_run, inside)
    return runs


def draw_runs(runs: Sequence[Run], out: Path) -> None:
    """Draw held-out values of all runs, a panel per stage and value.

    Of the measures of speech, only those that the progress prints.

    Args:
        out: file, whose suffix is the format: .svg, .png or .pdf.

    Raises:
        UserError: nothing was validated yet, or no such format.
    """
    panels = sorted(
        {
            (row["stage"], name)
            for run in runs
            for row in run.rows
            if row["split"] == "validation"
            for name in row
            if name not in QUIET and (name in SAID or not name.startswith(SPOKEN))
        }
    )
    if not panels:
        raise UserError(f"{', '.join(str(r.path) for r in runs)}: nothing was validated yet")
    if out.suffix not in (".svg", ".png", ".pdf"):
        raise UserError(f"{out}: name a file that ends in .svg, .png or .pdf")
    columns = min(4, len(panels))
    lines = -(-len(panels) // columns)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3.4 * columns, 2.4 * lines + 0.4), layout="constrained")
        for panel, (stage, name) in enumerate(panels, 1):
            axes = figure.add_subplot(lines, columns, panel)
            for number, run in enumerate(runs):
                points = [
                    (row["step"], row[name])
                    for row in run.rows
                    if (row["stage"], row["split"]) == (stage, "validation") and name in row
                ]
                look = LINES[number // len(COLOURS) % len(LINES)]
                drawn = zip(*points, strict=True) if points else ([], [])
                colour = COLOURS[number % len(COLOURS)]
                axes.plot(*drawn, look, marker=".", color=colour, label=str(run.path))
            axes.set(xlabel="step")
            unit = ", nats" if name in NATS else ""
            axes.set_title(f"stage {stage}: {name}{unit}", fontsize=9)
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=8)
        figure.savefig(out, facecolor="white")
