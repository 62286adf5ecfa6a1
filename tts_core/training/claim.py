"""A run folder belongs to one run: `run.json` says to which."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from intone.errors import UserError
from intone.files import write_whole
from tts_core.config import Features

RUN = "run.json"


def claim(
    out: Path,
    described: dict[str, Any],
    file: str = RUN,
    keys: Sequence[str] = ("recipe_digest", "corpus"),
) -> None:
    """Write `run.json`, or make sure that the run which is there is the same.

    Args:
        out: run folder. described: what is written. file: another name than `run.json`, where it is
            not a system that is trained. keys: of `described`, which must be equal.
    """
    path = out / file
    if path.is_file():
        there = json.loads(path.read_text("utf-8"))
        for key in keys:
            if there[key] != described[key]:
                raise UserError(
                    f"{out}: holds a run with another {key.split('_')[0]} "
                    f"({_difference(key, described, there)}); choose another --out, or remove the "
                    "folder to start again"
                )
        return
    write_whole(path, json.dumps(described, indent=2) + "\n")


def _difference(key: str, now: dict[str, Any], there: dict[str, Any]) -> str:
    """Both values of what differs between a run and the one that is there."""
    if key != "corpus":
        return f"{now[key]} instead of {there[key]}"
    features, other = (Features.model_validate(run[key]["features"]) for run in (now, there))
    if features.digest() != other.digest():
        return f"features {features.against(other)}"
    return f"prepared as {now[key]['inputs_digest']} instead of {there[key]['inputs_digest']}"
