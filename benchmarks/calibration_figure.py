"""Figure of the calibration: each method's rate in each design."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, DEFAULT, OTHER = "#222222", "#0072b2", "#999999"


def draw(counts: dict[str, dict], defaults: tuple[str, ...], path: Path) -> None:
    """Draw two panels: a row a method, a dot a design.

    Args:
        counts: counts by design, of `benchmarks.calibration.totals`.
        defaults: methods of the report, in colour.
        path: SVG to write.
    """
    kinds = {
        "positive": ("False positives of a test at 5 %", 5),
        "covered": ("Coverage of a 95 % interval of the gap", 95),
    }
    methods = {kind: list(next(iter(counts.values()))[kind]) for kind in kinds}
    heights = [len(rows) for rows in methods.values()]
    figure = Figure(figsize=(8, 0.32 * sum(heights) + 1.8), layout="constrained")
    panels = figure.subplots(2, 1, height_ratios=heights)
    for axes, (kind, (title, nominal)) in zip(panels, kinds.items(), strict=True):
        _panel(axes, counts, kind, methods[kind], defaults)
        axes.set_title(title, loc="left", fontsize=10)
        axes.axvline(nominal, color=INK, linewidth=1)
        axes.set_xlim(0, 100)
    panels[-1].set_xlabel("per cent of the studies; a dot is a design, the line what was promised")
    figure.savefig(path, metadata={"Date": None})


def _panel(
    axes: Axes, counts: dict[str, dict], kind: str, methods: list[str], defaults: tuple[str, ...]
) -> None:
    for row, method in enumerate(methods):
        rates = [100 * total[kind][method] / total["studies"] for total in counts.values()]
        colour = DEFAULT if method in defaults else OTHER
        axes.plot(rates, [row] * len(rates), "o", color=colour, alpha=0.75, markersize=5)
    axes.set_yticks(range(len(methods)), methods, fontsize=8)
    for label in axes.get_yticklabels():
        label.set_color(DEFAULT if label.get_text() in defaults else INK)
    axes.invert_yaxis()
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color="#eeeeee")
