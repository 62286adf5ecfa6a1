"""`metrics.jsonl`: one line for every tenth step and every validation."""

import json
from pathlib import Path
from typing import Any

from intone.files import whole_lines, write_whole
from tts_core.training.checkpoint_selection import kept_steps

METRICS = "metrics.jsonl"


def read(run: Path) -> list[dict[str, Any]]:
    """Return the rows of a run, none without the file."""
    return [json.loads(line) for line in whole_lines(run / METRICS)]


def append(run: Path, row: dict[str, Any]) -> None:
    """Log one row."""
    with (run / METRICS).open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def cut(run: Path, stage: int, step: int) -> None:
    """Drop what a stage logged after the checkpoint of `step`.

    Those steps are taken again.
    """
    if (run / METRICS).is_file():
        kept = [r for r in read(run) if r["stage"] != stage or r["step"] <= step]
        write_whole(run / METRICS, "".join(json.dumps(r) + "\n" for r in kept))


def held_out(run: Path) -> dict[str, float]:
    """Return held-out values, by "stage.name", of each stage's kept weights."""
    values: dict[str, float] = {}
    kept = kept_steps(run)
    for row in read(run):
        judged = row["split"] == "validation" and row["step"] == kept.get(row["stage"], row["step"])
        # The mean of the best steps is judged last.
        if judged or row["split"] == "average":
            losses = {k: v for k, v in row.items() if k not in ("stage", "step", "split")}
            values |= {f"{row['stage']}.{name}": round(v, 4) for name, v in losses.items()}
    return values
