"""Figure of the voices' test: each system's measures beside recordings and copies.

    python -m benchmarks.voice_figure OUT FILE.svg

OUT is the folder of `benchmarks.voices`. A row of panels for each voice, a panel for each measure.
Prints each measure's difference to what its goal compares with, as a Markdown table.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from intone.errors import UserError
from tts_core.measures.intervals import paired_difference


class Shown(NamedTuple):
    """Measure with the goal of the voices' protocol, if it has one.

    compared: with this system's. goal: largest (word errors) or smallest difference to it that
        reaches the goal. value, weight: its columns of `objective.json`'s files.
    """

    title: str
    compared: str
    value: str
    weight: str | None = None
    factor: float = 1.0
    goal: float | None = None


INK, GOAL = "#222222", "#d55e00"
MEASURES = {
    "wer": Shown("word error rate, %", "reference", "word_errors", "words", 100, 5),
    "distilmos": Shown("DistilMOS", "copy_synthesis", "distilmos", goal=-0.7),
    "dnsmos": Shown("DNSMOS", "copy_synthesis", "dnsmos"),
}
COLOURS = {"ntts": "#0072b2", "kathaka": "#009e73", "camp": "#cc79a7"}
NAMES = {
    "reference": "recordings",
    "copy_synthesis": "copy-synthesis",
    "ntts": "NTTS",
    "kathaka": "Kathaka",
    "camp": "CAMP",
}


def main() -> None:
    """Read the measurements and draw them."""
    parser = argparse.ArgumentParser(description="Draw the voices' test.")
    parser.add_argument("out", type=Path, help="folder of benchmarks.voices")
    parser.add_argument("figure", type=Path, help="SVG to write")
    options = parser.parse_args()
    try:
        voices = read_tests(options.out)
    except UserError as error:
        sys.exit(f"voice_figure: {error}")
    draw(voices, options.figure)
    sys.stdout.writelines(f"| {' | '.join(row)} |\n" for row in difference_table(voices))


def read_tests(out: Path) -> dict[str, dict[str, Any]]:
    """Read `objective.json` of every voice that was tested, by name.

    Raises:
        UserError: none was.
    """
    tests = sorted((out / "test").glob("*/objective.json"))
    if not tests:
        raise UserError(f"{out}: holds no measured test; run benchmarks.voices there")
    return {path.parent.name: json.loads(path.read_text("utf-8")) for path in tests}


def draw(voices: dict[str, dict[str, Any]], path: Path) -> None:
    """Draw a row of panels for each voice.

    Args:
        voices: `objective.json` by name of voice. path: SVG to write.
    """
    figure = Figure(figsize=(9, 1.6 * len(voices) + 0.8), layout="constrained")
    panels = figure.subplots(len(voices), len(MEASURES), squeeze=False, sharey="row")
    for row, (name, objective) in zip(panels, voices.items(), strict=True):
        for axes, (metric, shown) in zip(row, MEASURES.items(), strict=True):
            _panel(axes, objective["systems"], metric, shown)
        row[0].set_ylabel(name)
    for axes, shown in zip(panels[-1], MEASURES.values(), strict=True):
        axes.set_xlabel(f"{shown.title}, predicted", fontsize=9)
    # Ids of its parts must not be random: the same values give the same file.
    with rc_context({"svg.hashsalt": "voices"}):
        figure.savefig(path, metadata={"Date": None})


def _panel(axes: Axes, systems: list[dict[str, Any]], metric: str, shown: Shown) -> None:
    """Draw a measure of all systems.

    One that was not measured has no mark.
    """
    measured: dict[str, dict[str, Any] | None] = {
        row["system"]: row["metrics"].get(metric) for row in systems
    }
    for height, (system, value) in enumerate(measured.items()):
        if value is None:
            continue
        low, high = (shown.factor * end for end in value["ci"])
        colour = COLOURS.get(system, INK)
        axes.plot([low, high], [height, height], color=colour, linewidth=2)
        axes.plot(shown.factor * value["mean"], height, "o", color=colour, markersize=6)
    if shown.goal is not None and (against := measured.get(shown.compared)):
        limit = shown.factor * against["mean"] + shown.goal
        axes.axvline(limit, color=GOAL, linewidth=1, linestyle="--")
    names = [NAMES.get(system, system) for system in measured]
    axes.set_yticks(range(len(systems)), names, fontsize=8)
    axes.set_ylim(len(systems) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.grid(axis="y", color="#eeeeee")


def difference_table(voices: dict[str, dict[str, Any]]) -> list[list[str]]:
    """Return rows of paired differences with 95 % bootstrap intervals over sentences.

    Args:
        voices: `objective.json` by name of voice.
    """
    rows = [["voice", "measure", *(NAMES[system] for system in COLOURS)]]
    rows.append(["---"] * len(rows[0]))
    for name, objective in voices.items():
        for shown in MEASURES.values():
            title = f"{shown.title}, minus {NAMES[shown.compared]}"
            goal = "" if shown.goal is None else f" (goal: {shown.goal:+g})"
            cells = [_difference(objective["files"], system, shown) for system in COLOURS]
            rows.append([name, title + goal, *cells])
    return rows


def _difference(files: list[dict[str, Any]], system: str, shown: Shown) -> str:
    """Return a system's difference with its interval, over sentences that both have."""
    measured = {
        (row["system"], row["sentence"]): row for row in files if row.get(shown.value) is not None
    }
    pairs = [
        (row, measured[shown.compared, sentence])
        for (of, sentence), row in measured.items()
        if of == system and (shown.compared, sentence) in measured
    ]
    if not pairs:
        return "not measured"
    of_system, compared = ([row[shown.value] for row in rows] for rows in zip(*pairs, strict=True))
    weights = [row[shown.weight] for row, _ in pairs] if shown.weight else None
    difference = paired_difference(of_system, compared, weights)
    digits = 1 if shown.weight else 2
    mean, low, high = (
        "–" if value is None else f"{shown.factor * value:+.{digits}f}"
        for value in (difference.mean, difference.low, difference.high)
    )
    return f"{mean} [{low}, {high}]"


if __name__ == "__main__":
    main()
