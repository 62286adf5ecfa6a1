"""Tables of GPU measurements; "not yet measured" where there is none.

    python -m benchmarks.gpu.table [FOLDER]

FOLDER holds `throughput.json` (`benchmarks.gpu.throughput`), by default `benchmarks/gpu/results`.
"""

import json
import sys
from itertools import product
from pathlib import Path
from typing import Any

from tts_core.model_config import SYSTEMS

RESULTS = Path(__file__).with_name("results")
NOT_YET = "not yet measured"
GOALS = {
    "ntts": 150_000,
    "kathaka": 150_000,
    "durian_plus": 150_000,
    "ntts_attention": 45_000,
    "camp": 400_000,
}
"""Mel frames per second of training stage 1 on an H100.

A published FastPitch makes 148,000 on an A100 (NVIDIA's own table).
"""


def main() -> None:
    """Print both tables."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else RESULTS
    path = folder / "throughput.json"
    stored = json.loads(path.read_text("utf-8")) if path.is_file() else {"about": None, "found": {}}
    sys.stdout.write(tables(stored["about"], stored["found"]))


def tables(about: dict[str, Any] | None, results: dict[str, Any]) -> str:
    """Return training and free-running synthesis in Markdown."""
    text = ", ".join(f"{k} {v}" for k, v in about.items()) if about else f"Device: {NOT_YET}"
    ceilings = results.get("ceilings", {})
    return "\n\n".join(
        [
            text,
            _training(results.get("training", []), ceilings),
            _synthesis(results.get("synthesis", []), ceilings),
            "",
        ]
    )


def _training(rows: list[dict[str, Any]], ceilings: dict[str, float]) -> str:
    known = {(r["system"], r["stage"], r["precision"]): r for r in rows}
    lines = [
        "| training | precision | mel frames/s | goal | of the matrix ceiling | of the bandwidth, "
        "at least | memory, GiB | CPU waits |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for system, entry in SYSTEMS.items():
        for stage, precision in product(range(1, entry.stages + 1), ("bf16", "fp32")):
            row = known.get((system, stage, precision))
            products = _ratio(row, "flop_per_s", ceilings.get(f"{precision}_flop_per_s"))
            bandwidth = _ratio(row, "least_bytes_per_s", ceilings.get("copy_bytes_per_s"))
            goal = f"{GOALS[system]:,}" if stage == 1 else ""
            waits = _cell(row, (row["waits"] or "never") if row and "waits" in row else None)
            speed, memory = _number(row, "frames_per_s"), _number(row, "peak_gib", 1)
            lines.append(
                f"| {system}, stage {stage} | {precision} | {speed} | {goal} | {products} "
                f"| {bandwidth} | {memory} | {waits} |"
            )
    return "\n".join(lines)


def _synthesis(rows: list[dict[str, Any]], ceilings: dict[str, float]) -> str:
    known = {(r["system"], r["batch"]): r for r in rows}
    lines = [
        "| free-running synthesis | batch | frames/s | decoder alone | as a CUDA graph | of the "
        "bandwidth, as a graph |",
        "|---|---|---|---|---|---|",
    ]
    for system, batch in product(SYSTEMS, (1, 16)):
        row = known.get((system, batch))
        if row and "graph_frames_per_s" in row:
            # Every step of a decoder reads its weights.
            row["moved"] = row["graph_frames_per_s"] / batch * row["decoder_bytes"]
        cells = [
            _number(row, key)
            for key in ("frames_per_s", "decoder_frames_per_s", "graph_frames_per_s")
        ]
        bandwidth = _ratio(row, "moved", ceilings.get("copy_bytes_per_s"))
        lines.append(f"| {system} | {batch} | {' | '.join(cells)} | {bandwidth} |")
    return "\n".join(lines)


def _cell(row: dict[str, Any] | None, text: str | None) -> str:
    """Return the measurement, "-" for no such value, or "not yet measured"."""
    if row is None:
        return NOT_YET
    return text or row.get("error", "-")


def _number(row: dict[str, Any] | None, key: str, digits: int = 0) -> str:
    value: float | None = (row or {}).get(key)
    return _cell(row, None if value is None else f"{value:,.{digits}f}")


def _ratio(row: dict[str, Any] | None, key: str, ceiling: float | None) -> str:
    value: float | None = (row or {}).get(key)
    return _cell(row, f"{100 * value / ceiling:.1f} %" if value and ceiling else None)


if __name__ == "__main__":
    main()
