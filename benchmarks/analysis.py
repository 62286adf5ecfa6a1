"""Speed of the statistics beside lme4, statsmodels and t tests of pages.

    python -m benchmarks.analysis [--repeats 3] [--without-statsmodels] [--out analysis.json]

Simulated ratings; every task is a process of its own (so that its peak memory is its own) with one
thread of linear algebra, and tasks take turns. lme4 is measured where R with lme4 is installed.
Prints a Markdown table of CPU seconds, wall seconds and peak memory, and for the full crossed model
the REML criterion, which must be equal for the times to be comparable.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

SEED = 15
SYSTEMS = ("recordings", "camp", "kathaka", "ntts", "durian_plus", "baseline")
# Listeners, texts, texts each listener hears (rotated), systems.
DESIGNS = {
    "1,500 complete": (15, 20, 20, 5),
    "15,000 complete": (60, 50, 50, 5),
    "15,000 rotated": (150, 100, 20, 5),
    "600,000 complete": (1000, 100, 100, 6),
    "600,000 rotated": (1000, 150, 100, 6),
}
LME4 = """
suppressMessages(library(lme4)); d <- read.csv(commandArgs(TRUE)[1])
t <- system.time(m <- lmer(score ~ system + (1|listener) + (1|utterance) + (1|listener:system)
  + (1|utterance:system) + (1|listener:utterance), d))
cat(t[["user.self"]] + t[["sys.self"]], t[["elapsed"]], sprintf("%.4f", REMLcrit(m)))
"""


def simulate(design: str) -> pd.DataFrame:
    """Return integer ratings of one design, every variance component above 0."""
    n_l, n_u, pages, n_s = DESIGNS[design]
    rng = np.random.default_rng(SEED)
    listener = np.repeat(np.arange(n_l), pages)
    utterance = np.arange(len(listener)) % n_u
    scores = np.linspace(78, 50, n_s) + 10 * rng.standard_normal(n_l)[listener][:, None]
    scores = scores + 3 * rng.standard_normal(n_u)[utterance][:, None]
    scores = scores + 6 * rng.standard_normal((n_l, n_s))[listener]
    scores = scores + 6 * rng.standard_normal((n_u, n_s))[utterance]
    scores = scores + 5 * rng.standard_normal(len(listener))[:, None]
    scores = scores + 13 * rng.standard_normal(scores.shape)
    return pd.DataFrame(
        {
            "listener": np.repeat([f"L{i:04}" for i in listener], n_s),
            "utterance": np.repeat([f"U{j:03}" for j in utterance], n_s),
            "system": np.tile([*SYSTEMS[: n_s - 1], "baseline"], len(listener)),
            "score": np.clip(np.rint(scores), 0, 100).ravel(),
        }
    )


def report(path: Path) -> str:
    """Write a whole report, from the file to HTML, tables and figures."""
    from analysis.report.write import write_report
    from intone.contracts import ReportOptions

    # No listener is left out: all ratings are measured.
    options = ReportOptions(baseline="baseline", reference="recordings", screening="none")
    write_report(str(path), path.with_suffix(""), options)
    return ""


def all_pairs(path: Path) -> str:
    """Compare all pairs with the default test and its companions."""
    from analysis.data.ratings import read_ratings
    from analysis.questions.compare import compare, contrast_pairs

    ratings = read_ratings(path, baseline="baseline", reference="recordings")
    pairs = contrast_pairs(ratings, "all")
    _start()
    return f"{len(compare(ratings, pairs))} pairs"


def full_model(path: Path) -> str:
    """Estimate all six variance components."""
    from analysis.data.ratings import read_ratings
    from analysis.questions.components import variance_components

    ratings = read_ratings(path, baseline="baseline", reference="recordings")
    _start()
    result = variance_components(ratings.pages())
    assert result is not None
    return f"REML {result.deviance:.4f}"


def statsmodels_full_model(path: Path) -> str:
    """Fit the same model with MixedLM: crossed factors in one group."""
    from statsmodels.regression.mixed_linear_model import MixedLM

    frame = pd.read_parquet(path)
    frame["one"] = 1
    parts = {
        "listener": "0 + C(listener)",
        "utterance": "0 + C(utterance)",
        "listener_system": "0 + C(listener):C(system)",
        "utterance_system": "0 + C(utterance):C(system)",
        "page": "0 + C(listener):C(utterance)",
    }
    _start()
    model = MixedLM.from_formula("score ~ system", frame, groups="one", vc_formula=parts)
    return f"REML {-2 * float(model.fit(reml=True).llf):.4f}"


def independent_pages(path: Path) -> str:
    """Run paired t tests as if pages were independent (see calibration.py)."""
    from itertools import combinations

    from scipy import stats

    wide = pd.read_parquet(path)
    _start()
    table = wide.pivot_table(index=["listener", "utterance"], columns="system", values="score")
    pairs = list(combinations(table.columns, 2))
    for x, y in pairs:
        stats.ttest_rel(table[x], table[y])
    return f"{len(pairs)} pairs"


TASKS: dict[str, Callable[[Path], str]] = {
    "report": report,
    "all pairs": all_pairs,
    "full model": full_model,
    "full model, statsmodels MixedLM": statsmodels_full_model,
    "all pairs, pages as independent": independent_pages,
}
LME4_TASK = "full model, lme4"
PLAN = (
    ("report", "15,000 complete"),
    ("report", "15,000 rotated"),
    ("all pairs", "600,000 complete"),
    ("all pairs", "600,000 rotated"),
    ("all pairs, pages as independent", "600,000 complete"),
    ("full model", "1,500 complete"),
    ("full model, statsmodels MixedLM", "1,500 complete"),
    (LME4_TASK, "1,500 complete"),
    ("full model", "15,000 complete"),
    (LME4_TASK, "15,000 complete"),
    ("full model", "600,000 complete"),
)

_clock = {"cpu": 0.0, "wall": 0.0}


def _start() -> None:
    """Start the clocks: what came before is not measured."""
    _clock.update(cpu=time.process_time(), wall=time.perf_counter())


def contend(task: str, path: Path) -> None:
    """Run one task and print its cost."""
    _start()
    answer = TASKS[task](path)
    row = {
        "cpu": time.process_time() - _clock["cpu"],
        "wall": time.perf_counter() - _clock["wall"],
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "answer": answer,
    }
    sys.stdout.write(json.dumps(row) + "\n")


def measure(task: str, path: Path) -> dict | None:
    """Measure one run in its own process; none without the peer."""
    if task == LME4_TASK:
        return _measure_lme4(path)
    # As a module: as a file it would be found where the package `analysis` is meant.
    command = [sys.executable, "-m", "benchmarks.analysis", "--task", task, "--ratings", str(path)]
    result = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(result.stdout.splitlines()[-1])


def _measure_lme4(path: Path) -> dict | None:
    if shutil.which("Rscript") is None:
        return None
    csv = path.with_suffix(".csv")
    pd.read_parquet(path).to_csv(csv, index=False)
    command = ["Rscript", "-e", LME4, str(csv)]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.returncode:
        return None
    cpu, wall, criterion = result.stdout.split()
    return {"cpu": float(cpu), "wall": float(wall), "peak": None, "answer": f"REML {criterion}"}


def table(rows: list[dict]) -> str:
    """Return a Markdown table of medians over the repeats."""
    lines = [
        "| task | ratings | CPU s | wall s | peak MB | answer |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        name = f"| {row['task']} | {row['ratings']} |"
        if not row["runs"]:
            lines.append(f"{name} peer not installed | | | |")
            continue
        cpu, wall = (statistics.median(run[key] for run in row["runs"]) for key in ("cpu", "wall"))
        peaks = [run["peak"] for run in row["runs"] if run["peak"]]
        peak = f"{max(peaks):.0f}" if peaks else "not measured"
        lines.append(f"{name} {cpu:.2f} | {wall:.2f} | {peak} | {row['runs'][0]['answer']} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print the table and write the JSON, or run one task."""
    parser = argparse.ArgumentParser(description="Speed of the statistics")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--without-statsmodels", action="store_true", help="it takes minutes")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--task", choices=TASKS, help=argparse.SUPPRESS)
    parser.add_argument("--ratings", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.task:
        contend(arguments.task, arguments.ratings)
        return
    plan = [
        step for step in PLAN if not (arguments.without_statsmodels and "statsmodels" in step[0])
    ]
    rows = [{"task": task, "ratings": design, "runs": []} for task, design in plan]
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for design in DESIGNS:
            paths[design] = Path(folder) / f"{design.replace(' ', '-')}.parquet"
            simulate(design).to_parquet(paths[design])
        for repeat in range(arguments.repeats):
            for row in rows:
                sys.stderr.write(f"{repeat + 1}: {row['task']}, {row['ratings']}\n")
                run = measure(row["task"], paths[row["ratings"]])
                row["runs"] += [run] if run else []
    sys.stdout.write(table(rows) + "\n")
    if arguments.out:
        arguments.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
