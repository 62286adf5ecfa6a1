"""Figures of an evaluation: learning curves, and systems beside the human ceiling."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, MUTED, GRID = "#1b1f24", "#6a7280", "#d8dce2"
# Okabe and Ito's palette, distinct with any colour vision.
COLOURS = ("#56b4e9", "#0072b2", "#e69f00", "#cc79a7", "#009e73")
CONTROLS = {
    "constant_kl": "sampler_kl",
    "neighbours_kl": "sampler_kl",
    "constant_forward_kl": "forward_kl",
    "median": "prosody",
    "shuffled": "prosody",
}
"""Control to the held-out loss that must beat it; one panel."""
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "intone",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GRID,
    "axes.axisbelow": True,
    "legend.frameon": False,
}


def draw_run(name: str, rows: Sequence[Mapping[str, Any]], out: Path) -> str | None:
    """Draw every logged value over the steps, held out and in training.

    A panel for each stage and value.

    Args:
        name: of the system. rows: of `metrics.jsonl`. out: folder.

    Returns:
        name of the SVG file; None if nothing was logged.
    """
    curves = _curves(rows)
    if not curves:
        return None
    with mpl.rc_context(STYLE):
        columns = min(3, len(curves))
        lines = -(-len(curves) // columns)
        figure = Figure(figsize=(3.6 * columns, 2.6 * lines), layout="constrained")
        for number, ((stage, value), drawn) in enumerate(curves.items()):
            axes = figure.add_subplot(lines, columns, number + 1)
            for (label, (steps, values)), colour in zip(drawn.items(), COLOURS, strict=False):
                mark = "" if label == "train" else "."
                axes.plot(steps, values, color=colour, linewidth=1.2, marker=mark, label=label)
            axes.set(title=f"stage {stage}: {value}", xlabel="step")
            axes.legend(fontsize=8)
        return _save(figure, out, f"learning-{name}.svg")


def _curves(
    rows: Sequence[Mapping[str, Any]],
) -> dict[tuple[int, str], dict[str, tuple[list[int], list[float]]]]:
    """Return (stage, value) to the lines of its panel.

    A line is a split or a control, with its steps and values.
    """
    curves: dict[tuple[int, str], dict[str, tuple[list[int], list[float]]]] = {}
    for row in rows:
        for name, value in row.items():
            if name not in ("stage", "step", "split"):
                lines = curves.setdefault((row["stage"], CONTROLS.get(name, name)), {})
                label = name if name in CONTROLS else row["split"]
                steps, values = lines.setdefault(label, ([], []))
                steps.append(row["step"])
                values.append(value)
    return dict(sorted(curves.items(), key=lambda item: item[0][0]))


def draw_prosody(result: Mapping[str, Any], out: Path) -> str:
    """Draw the correlation of log F0 of every system and mode.

    With intervals, beside the human ceiling.

    All values are of the sentences read more than once, which alone have a ceiling; without any,
    of all sentences.

    Returns:
        name of the SVG file.
    """
    shown = "read_more_than_once" if result["read_more_than_once"] else "all"
    rows = [r for r in result["prosody"] if "f0_correlation" in r[shown]]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 0.34 * len(rows) + 1.2), layout="constrained")
        axes = figure.add_subplot()
        for height, row in enumerate(rows):
            _draw_row(axes, height, row["timing"], row[shown]["f0_correlation"])
        labels = [_label(row) for row in rows]
        axes.set_yticks(range(len(rows)), labels)
        axes.invert_yaxis()
        sentences = "all sentences" if shown == "all" else "sentences read more than once"
        figure.supxlabel(f"correlation of log F0 with the recording, {sentences}", fontsize=10)
        return _save(figure, out, "f0_correlation.svg")


def _draw_row(axes: Axes, height: int, timing: str, value: Mapping[str, Any]) -> None:
    colour = COLOURS[1] if timing == "own" else COLOURS[2]
    if value["ci"]:
        axes.plot(value["ci"], [height, height], color=colour, linewidth=2)
    axes.plot([value["mean"]], [height], marker="o", color=colour)


def _label(row: Mapping[str, Any]) -> str:
    durations = "own durations" if row["timing"] == "own" else "recording's durations"
    name = row["system"] if row["system"] == row["mode"] else f"{row['system']}, {row['mode']}"
    return f"{name}, {durations}"


def _save(figure: Figure, out: Path, name: str) -> str:
    metadata = {"Date": None, "Creator": None}
    figure.savefig(out / name, format="svg", metadata=metadata, facecolor="white")
    return name
