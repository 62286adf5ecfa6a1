"""Figures of the corpus report: SVG with text in the page's colour."""

import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tts_core.config import Features
from tts_core.corpus.report.quality import ClassDurations, Suspicion
from tts_core.text.tokens import TOKENS, duration_group
from tts_core.types import Prepared
from tts_core.units import frames_to_seconds

INK, MUTED, GRID, PAPER = "#1b1f24", "#6a7280", "#d8dce2", "#fefefe"
# Okabe and Ito's palette: told apart with any colour vision, on light and on dark.
BLUE, SKY, ORANGE, GREEN, PINK = "#0072b2", "#56b4e9", "#e69f00", "#009e73", "#cc79a7"
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "intone",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "legend.frameon": False,
    "text.parse_math": False,
}
_WIDTH = 4.4
_STRESSES = ("unstressed", "primary stress", "secondary stress")


def histogram(
    values: Sequence[float] | np.ndarray, label: str, unit: str, whole: bool = False
) -> str:
    """Distribution of recordings over a value; `whole` values get a bar each."""
    edges = (np.arange(min(values), max(values) + 2) - 0.5).tolist() if whole else 40
    with mpl.rc_context(_STYLE):
        figure, axes = _new(2.4, "y")
        axes.hist(values, edges, color=BLUE, rwidth=0.9)
        axes.set(xlabel=f"{label}, {unit}" if unit else label, ylabel="recordings")
        return _svg(figure)


def bars(counts: Mapping[str, int], xlabel: str, ylabel: str) -> str:
    """Few named counts."""
    with mpl.rc_context(_STYLE):
        figure, axes = _new(2.4, "y")
        drawn = axes.bar(list(counts), list(counts.values()), color=BLUE, width=0.7)
        axes.bar_label(drawn, fmt="{:,.0f}", padding=2, fontsize=9)
        axes.set(xlabel=xlabel, ylabel=ylabel)
        axes.margins(y=0.15)
        return _svg(figure)


def f0_histogram(f0: Mapping[str, np.ndarray], edges: np.ndarray) -> str:
    """Draw the share of voiced frames over F0.

    Up to six speakers have a line each, more are drawn as one.
    """
    lines = f0 if len(f0) <= 6 else {"all speakers": np.sum(list(f0.values()), axis=0)}
    with mpl.rc_context(_STYLE):
        figure, axes = _new(2.6, "y")
        for (name, counts), colour in zip(
            lines.items(), (BLUE, ORANGE, GREEN, PINK, SKY, INK), strict=False
        ):
            # Half a semitone a step: a tenth is finer than the eye wants.
            steps = counts[: len(counts) // 5 * 5].reshape(-1, 5).sum(1) / max(counts.sum(), 1)
            centres = np.sqrt(edges[:-1] * edges[1:])[2::5][: len(steps)]
            axes.fill_between(centres, 100 * steps, color=colour, alpha=0.2, linewidth=0)
            axes.plot(centres, 100 * steps, color=colour, label=name, linewidth=1.6)
        axes.set_xscale("log")
        axes.set_xticks([75, 100, 150, 200, 300, 400], ["75", "100", "150", "200", "300", "400"])
        axes.minorticks_off()
        axes.set(xlabel="F0, Hz (logarithmic)", ylabel="% of voiced frames", ylim=(0, None))
        if len(lines) > 1:
            axes.legend(fontsize=9)
        return _svg(figure)


def phone_bars(counts: Mapping[str, tuple[int, ...]]) -> str:
    """Draw the count of each phone, vowels by stress, in order."""
    with mpl.rc_context(_STYLE):
        figure, axes = _new(0.26 * len(counts) + 0.9, "x")
        names = list(counts)
        positions = np.arange(len(names))
        before = np.zeros(len(names))
        for stress, colour in enumerate((BLUE, ORANGE, GREEN)):
            some = np.array([c[stress] if stress < len(c) else 0 for c in counts.values()], float)
            if some.any():
                axes.barh(positions, some, left=before, color=colour, label=_STRESSES[stress])
            before += some
        for position, total in enumerate(before.tolist()):
            axes.text(total, position, f" {total:,.0f}", va="center", fontsize=8, color=MUTED)
        axes.set_yticks(positions, names, color=INK)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.set_xlim(0, before.max() * 1.2 + 1)
        axes.set_xlabel("occurrences")
        if any(len(by_stress) > 1 for by_stress in counts.values()):
            axes.legend(loc="lower right", fontsize=9)
        return _svg(figure)


def class_bars(rows: Sequence[ClassDurations]) -> str:
    """5th to 95th percentile and median of the durations of each class."""
    with mpl.rc_context(_STYLE):
        figure, axes = _new(3.2, "x")
        for position, row in enumerate(rows):
            axes.plot([row.low_ms, row.high_ms], [position] * 2, color=SKY, linewidth=5)
            axes.plot(row.median_ms, position, "o", color=BLUE, markersize=7)
        axes.set_yticks(range(len(rows)), [row.name for row in rows], color=INK)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set(xlabel="duration, ms", xlim=(0, None))
        return _svg(figure)


def pause_histogram(seconds: np.ndarray, quiet: np.ndarray | None = None) -> str:
    """Draw the lengths of pauses, (K,), quiet and loud apart."""
    with mpl.rc_context(_STYLE):
        figure, axes = _new(2.4, "y")
        edges = np.arange(50, max(650, 1000 * seconds.max() + 25), 25).tolist()
        if quiet is None:
            axes.hist(1000 * seconds, edges, color=BLUE, rwidth=0.9)
        else:
            kinds = [1000 * seconds[quiet], 1000 * seconds[~quiet]]
            labels = ["quiet", "not quiet"]
            axes.hist(kinds, edges, color=[BLUE, ORANGE], label=labels, rwidth=0.9, stacked=True)
            axes.legend(fontsize=9)
        axes.set(xlabel="pause, ms", ylabel="pauses")
        return _svg(figure)


def distance_curve(distances_s: np.ndarray) -> str:
    """Share of phone starts within a distance of the other aligner's."""
    with mpl.rc_context(_STYLE):
        figure, axes = _new(2.4, "both")
        reach = np.arange(0, 101)
        shares = [100 * float((1000 * distances_s <= ms).mean()) for ms in reach]
        axes.plot(reach, shares, color=BLUE, linewidth=1.8)
        for ms in (20, 50):
            axes.plot(ms, shares[ms], "o", color=BLUE)
            beside = {"xytext": (6, -12), "textcoords": "offset points"}
            axes.annotate(f"{shares[ms]:.0f} %", (ms, shares[ms]), **beside)
        axes.set(xlabel="distance of the starts, ms", ylabel="% of phones", ylim=(0, 101))
        return _svg(figure)


def score_histogram(scored: Sequence[Suspicion]) -> str:
    """Distribution of the scores, on a logarithmic count."""
    with mpl.rc_context(_STYLE):
        figure, axes = _new(2.4, "y")
        axes.hist([suspicion.score for suspicion in scored], 40, color=BLUE, rwidth=0.9, log=True)
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.set(xlabel="score of suspicion", ylabel="recordings (logarithmic)")
        return _svg(figure)


def spectrogram(row: Prepared, features: Features) -> str:
    """Log-mel spectrogram with the aligned phones, the words and F0."""
    seconds = frames_to_seconds(len(row.mel), features.hop, features.sample_rate_hz)
    frame_s = seconds / len(row.mel)
    style: dict[Any, Any] = _STYLE | {"axes.grid": False}
    with mpl.rc_context(style):
        width = min(40.0, max(3.5, 2.6 * seconds + 1.2))
        figure = Figure(figsize=(width, 3.0), layout="constrained")
        axes = figure.add_subplot()
        image = _as_image(row.mel)
        axes.imshow(
            image,
            origin="lower",
            aspect="auto",
            interpolation="none",
            resample=False,
            extent=(0, seconds, 0, features.n_mels),
        )
        _label_phones(axes, row, frame_s, features.n_mels)
        axes.set(xlabel="s", ylabel="mel bin", xlim=(0, seconds), ylim=(0, features.n_mels))
        pitch = axes.twinx()
        voiced = np.where(row.f0 > 0, row.f0, np.nan)
        pitch.plot((np.arange(len(voiced)) + 0.5) * frame_s, voiced, color=PAPER, linewidth=3.2)
        pitch.plot((np.arange(len(voiced)) + 0.5) * frame_s, voiced, color="#00b7ff", linewidth=1.6)
        top = max(300.0, float(np.nanmax(voiced, initial=0)) * 1.1)
        pitch.set(ylabel="F0, Hz", ylim=(50, top))
        return _svg(figure)


def _label_phones(axes: Axes, row: Prepared, frame_s: float, top: float) -> None:
    ends = np.cumsum(row.durations) * frame_s
    starts = ends - row.durations * frame_s
    spoken = duration_group(row.encoded.tokens) == 0
    for number, index in enumerate(np.flatnonzero(spoken)):
        axes.axvline(starts[index], color=PAPER, linewidth=0.5, alpha=0.55)
        middle = (starts[index] + ends[index]) / 2
        symbol = TOKENS[row.encoded.tokens[index]]
        # Short phones are closer than their names are wide: every other name is higher.
        height = top * (1.02 + 0.06 * (number % 2))
        axes.text(middle, height, symbol.rstrip("012"), ha="center", va="bottom", fontsize=6.5)
    for unit in np.unique(row.encoded.token_unit[spoken]):
        inside = spoken & (row.encoded.token_unit == unit)
        start, end = starts[inside].min(), ends[inside].max()
        for edge in (start, end):
            axes.axvline(edge, color=PAPER, linewidth=1.2)
        label = row.words[unit] if row.words else str(unit)
        middle = float(start + end) / 2
        axes.text(middle, top * 1.17, label, ha="center", va="bottom", fontsize=9, weight="bold")


def _as_image(mel: np.ndarray) -> np.ndarray:
    """Convert a log-mel (T, M) to 8-bit colours (M, T, 3).

    The scale runs from the 1st to the 99.5th percentile.
    """
    low, high = np.quantile(mel, [0.01, 0.995])
    scaled = np.clip((mel.T - low) / max(high - low, 1e-6), 0, 1)
    # 48 steps compress well and no eye sees them.
    return (mpl.colormaps["magma"](np.round(scaled * 47) / 47)[..., :3] * 255).astype(np.uint8)


def _new(height: float, grid: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    axes = figure.add_subplot()
    axes.grid(visible=False)
    axes.grid(visible=True, axis=grid)  # pyright: ignore[reportArgumentType]
    return figure, axes


def _svg(figure: Figure) -> str:
    """Return an HTML element that takes the page's colour.

    The page may be light, dark or printed.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    body = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    body = re.sub(r' xmlns(:\w+)?="[^"]*"', "", body)
    for variable, colour in {"ink": INK, "muted": MUTED, "grid": GRID}.items():
        body = body.replace(colour, f"var(--{variable})")
    name = hashlib.sha256(body.encode()).hexdigest()[:8]
    return re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{name}-", body)
