"""`metrics.jsonl` of a run: one line for every tenth step and every validation."""

import json
from pathlib import Path
from typing import Any

from intone.files import whole_lines, write_whole
from tts_core.training.checkpoint_selection import kept_steps

METRICS = "metrics.jsonl"


def read(run: Path) -> list[dict[str, Any]]:
    """The rows of a run, none if there is no such file."""
    return [json.loads(line) for line in whole_lines(run / METRICS)]


def append(run: Path, row: dict[str, Any]) -> None:
    """Log one row."""
    with (run / METRICS).open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def cut(run: Path, stage: int, step: int) -> None:
    """Forget what a stage logged after the checkpoint of `step`: those steps are taken again."""
    if (run / METRICS).is_file():
        kept = [r for r in read(run) if r["stage"] != stage or r["step"] <= step]
        write_whole(run / METRICS, "".join(json.dumps(r) + "\n" for r in kept))


def held_out(run: Path) -> dict[str, float]:
    """Held-out values, by "stage.name", of the weights that each stage left: its best or last."""
    found: dict[str, float] = {}
    kept = kept_steps(run)
    for row in read(run):
        judged = row["split"] == "validation" and row["step"] == kept.get(row["stage"], row["step"])
        # The mean of the best steps is judged last.
        if judged or row["split"] == "average":
            losses = {k: v for k, v in row.items() if k not in ("stage", "step", "split")}
            found |= {f"{row['stage']}.{name}": round(v, 4) for name, v in losses.items()}
    return found
