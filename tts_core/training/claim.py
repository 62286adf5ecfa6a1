"""Claim of a run folder by one run, which `run.json` describes."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from intone.errors import UserError
from intone.files import write_whole
from tts_core.config import Features

RUN = "run.json"
DIFFERENCES = 3
"""So many keys are named where recipes differ."""
NAMES = {"recipe_digest": "recipe", "model_sha256": "model", "started_from": "start"}


def claim(
    out: Path,
    described: dict[str, Any],
    file: str = RUN,
    keys: Sequence[str] = ("recipe_digest", "corpus", "started_from"),
) -> None:
    """Write `run.json`, or check that the existing run is the same.

    A run without a checkpoint has nothing to lose: after a change of a key, because the first batch
    did not fit, its folder need not be removed.

    Args:
        out: run folder. described: what is written. file: another name than `run.json`, where it is
            not a system that is trained. keys: of `described`, which must be equal.
    """
    path = out / file
    if path.is_file() and any(out.glob("*/step-*")):
        there = json.loads(path.read_text("utf-8"))
        for key in keys:
            # Runs of older versions have no start. A digest leaves out defaults: it also differs
            # where a default has moved, though the recipes that both runs spell out are the same.
            same = there.get(key) == described[key]
            if not same and (difference := _difference(key, described, there)):
                raise UserError(
                    f"{out}: holds a run with another {NAMES.get(key, key)} ({difference}); choose "
                    "another --out, or remove the folder to start again"
                )
        return
    write_whole(path, json.dumps(described, indent=2) + "\n")


def _difference(key: str, now: dict[str, Any], there: dict[str, Any]) -> str:
    """Return both values of each difference to the existing run."""
    if key == "recipe_digest":
        new, old = _flat(now["recipe"]), _flat(there["recipe"])
        changed = sorted(k for k in new.keys() | old.keys() if new.get(k) != old.get(k))
        changed = [k for k in changed if k != "description"]
        differences = [f"{k} {new.get(k)} instead of {old.get(k)}" for k in changed[:DIFFERENCES]]
        return ", ".join(differences) + (" ..." if len(changed) > DIFFERENCES else "")
    if key == "started_from":
        return f"{_start(now[key])} instead of {_start(there.get(key))}"
    if key != "corpus":
        return f"{now[key]} instead of {there[key]}"
    features, other = (Features.model_validate(run[key]["features"]) for run in (now, there))
    if features.digest() != other.digest():
        return f"features {features.against(other)}"
    return f"prepared as {now[key]['inputs_digest']} instead of {there[key]['inputs_digest']}"


def _start(origin: dict[str, Any] | None) -> str:
    if origin is None:
        return "fresh weights"
    return f"{origin['recipe']} on {origin['corpus']} with weights {origin['weights_sha256'][:8]}"


def _flat(tree: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Nested keys as they are written on the command line: `stages.1.steps`."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{above}{key}.")
        else:
            flat[above + key] = value
    return flat
