"""False positives of the default test and coverage of the gap interval.

    python -m benchmarks.calibration [--studies 10000] [--journal calibration.jsonl] [--out DIR]

Simulated studies with integer scores from 0 to 100 on complete grids: a baseline, a system that is
no better, one that closes 26 % of the gap, and recordings. The same data are given to the methods
of existing tools. Every study has a seed of its own, so that the journal may be broken off and
resumed, and the seed below was fixed before the first run. Prints a Markdown table; with `--out`
writes it, a JSON of the counts and a figure.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import json
import sys
import warnings
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from scipy import stats

from analysis.models.bootstrap import bootstrap_means, bootstrap_p, percentile_interval
from analysis.models.cluster import cluster_covariance, fieller
from analysis.models.crossed import fit_two_way
from analysis.models.rank_tests import wilcoxon_exact
from analysis.models.t_test import one_sample_t
from benchmarks.calibration_figure import draw
from intone.files import whole_lines

SEED = 15343
ALPHA = 0.05
DRAWS = 1000
AT_ONCE = 100
TRUE_GAP = 0.26
# Baseline, no better than it, closes 26 % of the gap, recordings; points before clipping.
MEANS = np.array([50.0, 50.0, 50.0 + TRUE_GAP * 28.0, 78.0])
# An interval of the rate wholly outside is to be explained.
ALLOWED = {"positive": (0.03, 0.06), "covered": (0.93, 0.97)}
DEFAULT_TEST = "per-pair two-way model (default)"
DEFAULT_INTERVAL = "Fieller, two-way cluster-robust (default)"


@dataclass(frozen=True)
class Design:
    """Listening test and its standard deviations, points."""

    name: str
    n_listeners: int
    n_utterances: int
    listener: float = 10.0
    utterance: float = 3.0
    listener_system: float = 6.0
    utterance_system: float = 6.0
    page: float = 5.0
    noise: float = 13.0

    def simulate(self, rng: np.random.Generator) -> np.ndarray:
        """Return scores [listeners, utterances, systems]."""
        n_l, n_u, n_s = self.n_listeners, self.n_utterances, len(MEANS)
        scores = MEANS + self.listener * rng.standard_normal((n_l, 1, 1))
        scores = scores + self.utterance * rng.standard_normal((1, n_u, 1))
        scores = scores + self.listener_system * rng.standard_normal((n_l, 1, n_s))
        scores = scores + self.utterance_system * rng.standard_normal((1, n_u, n_s))
        scores = scores + self.page * rng.standard_normal((n_l, n_u, 1))
        scores = scores + self.noise * rng.standard_normal((n_l, n_u, n_s))
        return np.clip(np.rint(scores), 0, 100)

    def true_gap(self) -> float:
        """Return the gap of means as rated: rounded and clipped."""
        spread = np.sqrt(
            self.listener**2
            + self.utterance**2
            + self.listener_system**2
            + self.utterance_system**2
            + self.page**2
            + self.noise**2
        )
        # E(score) = sum over k = 1..100 of P(score >= k).
        steps = np.arange(100) + 0.5
        b, _, x, r = stats.norm.sf(steps[:, None], MEANS, spread).sum(0)
        return float((x - b) / (r - b))


_60X20 = Design("60 × 20", 60, 20)
DESIGNS = (
    Design("20 × 10", 20, 10),
    _60X20,
    Design("60 × 50", 60, 50),
    Design("200 × 20", 200, 20),
    Design("14 × 14, as SiSEC", 14, 14, listener_system=4.6, utterance_system=8.8, noise=7.0),
    replace(_60X20, name="60 × 20, no text × system", utterance_system=0.0),
    replace(_60X20, name="60 × 20, neither × system", utterance_system=0.0, listener_system=0.0),
)


@dataclass(frozen=True)
class Study:
    """Simulated study.

    Attributes:
        Y: scores [listeners, utterances, systems].
        listener, utterance: codes of its pages, int [P].
        both: bootstrap means [draws, 3] of every other system minus the baseline, listeners and
            utterances drawn again.
        listeners_only: the same, only listeners drawn again.
    """

    Y: np.ndarray
    listener: np.ndarray
    utterance: np.ndarray
    both: np.ndarray
    listeners_only: np.ndarray

    @classmethod
    def simulate(cls, number: int, study: int) -> "Study":
        """Return one study of one design by its number."""
        Y = DESIGNS[number].simulate(np.random.default_rng([SEED, number, study]))
        listener, utterance = np.divmod(np.arange(Y[:, :, 0].size), Y.shape[1])
        D = (Y[:, :, 1:] - Y[:, :, :1]).reshape(-1, Y.shape[2] - 1)
        both = bootstrap_means(listener, utterance, D, DRAWS, study)
        listeners_only = bootstrap_means(listener, utterance, D, DRAWS, study, "listeners")
        return cls(Y, listener, utterance, both, listeners_only)


def p_values(study: Study) -> dict[str, float]:
    """Return P of the two equal systems, by method."""
    Y, listener, utterance = study.Y, study.listener, study.utterance
    grid = Y[:, :, 1] - Y[:, :, 0]
    D = grid.ravel()
    by_listener = one_sample_t(grid.mean(1))[1]
    by_utterance = one_sample_t(grid.mean(0))[1]
    covariance, df = cluster_covariance(listener, utterance, D[:, None])
    robust = abs(D.mean()) / covariance[0, 0] ** 0.5
    p_by_method: dict[str, Any] = {
        "independent t test of ratings": stats.ttest_ind(*Y[:, :, [1, 0]].reshape(-1, 2).T)[1],
        "paired t test of pages": one_sample_t(D)[1],
        "Wilcoxon test of pages": stats.wilcoxon(D, method="asymptotic")[1],
        "mixed model, random intercepts only": random_intercepts(Y),
        "paired t test of listener means": by_listener,
        "Wilcoxon test of listener means": wilcoxon_exact(grid.mean(1)).p,
        "paired t test of utterance means": by_utterance,
        "both t tests: listener means and utterance means": max(by_listener, by_utterance),
        "bootstrap of listeners": bootstrap_p(study.listeners_only[:, 0]),
        "two-way bootstrap": bootstrap_p(study.both[:, 0]),
        "two-way cluster-robust, t": 2 * stats.t.sf(robust, df),
        DEFAULT_TEST: fit_two_way(listener, utterance, D).p,
    }
    return {method: float(p) for method, p in p_by_method.items()}


def random_intercepts(Y: np.ndarray) -> float:
    """Return P of the same pair from random intercepts only.

    `score ~ system + (1|listener) + (1|utterance)`.

    The closed form for complete grids; a factor below the noise is pooled with it, as REML does.
    """
    n_l, n_u, n_s = Y.shape
    mean = Y.mean()
    total = ((Y - mean) ** 2).sum()
    systems = n_l * n_u * ((Y.mean((0, 1)) - mean) ** 2).sum()
    factors = sorted(
        (n_s * size * ((Y.mean(axes) - mean) ** 2).sum(), count - 1)
        for axes, size, count in (((1, 2), n_u, n_l), ((0, 2), n_l, n_u))
    )
    rest = total - systems - sum(squares for squares, _ in factors)
    df = Y.size - n_s - sum(df_factor for _, df_factor in factors)
    for squares, df_factor in factors:
        if squares / df_factor <= rest / df:
            rest, df = rest + squares, df + df_factor
    se = (2 * rest / df / (n_l * n_u)) ** 0.5
    difference = abs(Y[:, :, 1].mean() - Y[:, :, 0].mean())
    return float(2 * stats.t.sf(difference / se, df))


def gap_intervals(study: Study) -> dict[str, tuple[float, float] | None]:
    """Return 95 % intervals of the gap by method; none if unbounded."""
    Y = study.Y
    columns = Y.reshape(-1, Y.shape[2])
    U = columns[:, [2, 3]] - columns[:, [0]]
    x, r = U.mean(0)
    covariance, df = cluster_covariance(study.listener, study.utterance, U)
    pages = np.cov(U.T) / len(U)
    return {
        "Fieller, independent pages": fieller(x, r, pages, float(stats.t.ppf(0.975, len(U) - 1))),
        "bootstrap of listeners": percentile_interval(
            study.listeners_only[:, 1] / study.listeners_only[:, 2]
        ),
        "two-way bootstrap": percentile_interval(study.both[:, 1] / study.both[:, 2]),
        DEFAULT_INTERVAL: fieller(x, r, covariance, float(stats.t.ppf(0.975, df))),
    }


def run_studies(number: int, start: int, studies: int) -> dict:
    """Count results over studies of one design, a journal line."""
    design = DESIGNS[number]
    truth = design.true_gap()
    positive, covered = Counter(), Counter()
    for index in range(start, start + studies):
        study = Study.simulate(number, index)
        for method, p in p_values(study).items():
            positive[method] += int(p < ALPHA)
        for method, ci in gap_intervals(study).items():
            # An unbounded interval is refused by the report: it must not count as a success.
            covered[method] += int(ci is not None and ci[0] <= truth <= ci[1])
    return {
        "seed": SEED,
        "design": design.name,
        "start": start,
        "studies": studies,
        "positive": dict(positive),
        "covered": dict(covered),
    }


def interval_99(count: int, n: int) -> tuple[float, float]:
    """Return Clopper and Pearson's 99 % interval of a share."""
    ci = stats.binomtest(count, n).proportion_ci(0.99, "exact")
    return float(ci.low), float(ci.high)


def totals(lines: list[dict]) -> dict[str, dict]:
    """Sum the counts of each design over the whole journal."""
    counts: dict[str, dict] = {
        design.name: {"studies": 0, "positive": Counter(), "covered": Counter()}
        for design in DESIGNS
    }
    for line in lines:
        total = counts[line["design"]]
        total["studies"] += line["studies"]
        for kind in ALLOWED:
            total[kind].update(line[kind])
    return {name: total for name, total in counts.items() if total["studies"]}


def table(counts: dict[str, dict]) -> str:
    """Return a Markdown table of shares in per cent, defaults last.

    Each share has the half-width of its 99 % interval.
    """
    lines = [
        "| | " + " | ".join(counts) + " |",
        "|---" * (len(counts) + 1) + "|",
        "| studies | " + " | ".join(f"{total['studies']:,}" for total in counts.values()) + " |",
    ]
    titles = {
        "positive": "false positives at 5 %, in per cent",
        "covered": "coverage of the 95 % interval of the gap, in per cent",
    }
    outside = []
    for kind, title in titles.items():
        lines.append(f"| **{title}** |" + " |" * len(counts))
        low, high = ALLOWED[kind]
        methods = next(iter(counts.values()))[kind]
        for method in methods:
            default = method in (DEFAULT_TEST, DEFAULT_INTERVAL)
            cells = []
            for name, total in counts.items():
                count, n = total[kind][method], total["studies"]
                ci = interval_99(count, n)
                cell = f"{100 * count / n:.1f}"
                if default:
                    cell = f"**{cell}** [{100 * ci[0]:.1f}, {100 * ci[1]:.1f}]"
                    if ci[0] > high or ci[1] < low:
                        outside.append(f"{method}, {name}: {cell}")
                cells.append(cell)
            lines.append(f"| {method} | " + " | ".join(cells) + " |")
    lines += ["", "Square brackets: 99 % interval (Clopper and Pearson) of the simulated share."]
    if outside:
        lines.append("Wholly outside 3 to 6 % or 93 to 97 %: " + "; ".join(outside) + ".")
    else:
        lines.append("No interval of a default lies wholly outside 3 to 6 % or 93 to 97 %.")
    return "\n".join(lines)


def main() -> None:
    """Run what the journal lacks, then print the table."""
    parser = argparse.ArgumentParser(description="Calibration of the default test and interval")
    parser.add_argument("--studies", type=int, default=10_000, help="of each design")
    parser.add_argument("--journal", type=Path, default=Path("calibration.jsonl"))
    parser.add_argument("--out", type=Path, help="folder for calibration.md, .json and .svg")
    arguments = parser.parse_args()
    journal: Path = arguments.journal
    lines = [json.loads(line) for line in whole_lines(journal)]
    if any(line["seed"] != SEED for line in lines):
        parser.error(f"{journal} was written with another seed; name another file")
    done = {(line["design"], line["start"]) for line in lines}
    todo = [
        (number, start, min(AT_ONCE, arguments.studies - start))
        for start in range(0, arguments.studies, AT_ONCE)
        for number, design in enumerate(DESIGNS)
        if (design.name, start) not in done
    ]
    # Differences of integers tie and are 0: the signed-rank test of pages warns each time.
    warnings.filterwarnings("ignore", module="scipy")
    for task in track(todo, description="Studies", console=Console(stderr=True)):
        line = run_studies(*task)
        lines.append(line)
        with journal.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    counts = totals(lines)
    sys.stdout.write(table(counts) + "\n")
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        (arguments.out / "calibration.md").write_text(table(counts) + "\n", encoding="utf-8")
        text = json.dumps({"seed": SEED, "designs": counts}, ensure_ascii=False, indent=1)
        (arguments.out / "calibration.json").write_text(text + "\n", encoding="utf-8")
        draw(counts, (DEFAULT_TEST, DEFAULT_INTERVAL), arguments.out / "calibration.svg")


if __name__ == "__main__":
    main()
