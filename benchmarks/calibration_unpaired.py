"""Calibration of designs where no listener hears two systems on one text.

    python -m benchmarks.calibration_unpaired [--studies 4000]

Its designs, its seed and its studies, of which every listener gets one system a text, in turn over
listeners and texts (rotated MOS tests). Prints a Markdown table of the false positives of the
unpaired comparison and of the naive t test, and of the coverage of the gap interval.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import sys
from collections import Counter
from collections.abc import Iterable

import numpy as np
from rich.console import Console
from rich.progress import track
from scipy import stats

from analysis.data.ratings import Pages
from analysis.models.cluster import contrasts_of_means, fieller
from analysis.questions.unpaired import unpaired_fit, welch
from benchmarks.calibration import ALPHA, DESIGNS, SEED, Design, interval_99

SYSTEMS = ("baseline", "equal", "better", "recordings")
COLUMNS = ("unpaired, two-way cluster-robust", "t test of ratings", "gap, Fieller")


def rotated(design: Design, rng: np.random.Generator) -> Pages:
    """Return one simulated study with one system on each page."""
    full = design.simulate(rng)
    listener, utterance = np.indices(full.shape[:2]).reshape(2, -1)
    page, system = np.arange(len(listener)), (listener + utterance) % full.shape[2]
    scores = np.full((len(page), full.shape[2]), np.nan)
    scores[page, system] = full[listener, utterance, system]
    names = tuple(map(str, range(max(full.shape[:2]))))
    return Pages(listener, utterance, scores, SYSTEMS, names, names)


def counted(number: int, studies: Iterable[int]) -> Counter:
    """Count false positives of two tests and intervals that hold the gap."""
    truth, counts = DESIGNS[number].true_gap(), Counter()
    contrasts = np.array([[-1.0, 0, 1, 0], [-1.0, 0, 0, 1]])
    for study in studies:
        pages = rotated(DESIGNS[number], np.random.default_rng([SEED, number, study]))
        fit = unpaired_fit(pages, "equal", "baseline")
        assert fit is not None
        means, covariance, df = contrasts_of_means(
            pages.listener, pages.utterance, pages.scores, contrasts
        )
        gain, gap = contrasts @ means
        ci = fieller(gain, gap, covariance, float(stats.t.ppf(0.975, df)))
        counts[COLUMNS[0]] += int(fit.p < ALPHA)
        counts[COLUMNS[1]] += int(welch(pages, "equal", "baseline")[1] < ALPHA)
        counts[COLUMNS[2]] += int(ci is not None and ci[0] <= truth <= ci[1])
    return counts


def main() -> None:
    """Run all designs and print the table."""
    parser = argparse.ArgumentParser(description="Calibration of the unpaired comparison")
    parser.add_argument("--studies", type=int, default=4000, help="of each design")
    n = parser.parse_args().studies
    lines = ["| design | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    progress = Console(stderr=True)
    for number, design in enumerate(DESIGNS):
        counts = counted(number, track(range(n), design.name, console=progress))
        cells = []
        for column in COLUMNS:
            low, high = interval_99(counts[column], n)
            share = counts[column] / n
            cells.append(f"{100 * share:.1f} [{100 * low:.1f}, {100 * high:.1f}]")
        lines.append(f"| {design.name} | " + " | ".join(cells) + " |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
