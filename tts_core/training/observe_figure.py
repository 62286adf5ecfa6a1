"""A sentence as a training system says it, above the recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tts_core.config import Features
from tts_core.text.tokens import TOKENS

if TYPE_CHECKING:
    from tts_core.training.observe import Spoken

OURS, THEIRS = "#e69f00", "#56b4e9"
"""Okabe and Ito's orange and sky blue: system and recording."""


def draw(one: Spoken, features: Features, title: str) -> Figure:
    """Both spectrograms with their phones, both F0 contours, and what carries the prosody."""
    panels = 3 + (one.attention is not None) + (one.latent is not None)
    figure = Figure(figsize=(10, 2.1 * panels), layout="constrained")
    axes = figure.subplots(panels, 1)
    seconds = features.hop / features.sample_rate_hz
    made, row = one.rendition, one.row
    tokens = [TOKENS[i] for i in row.encoded.tokens]
    low, high = float(row.mel.min()), float(row.mel.max())
    for place, (name, mel, durations) in enumerate(
        [("system", made.mel, made.durations), ("recording", row.mel, row.durations)]
    ):
        _spectrogram(axes[place], mel, seconds, (low, high))
        _phones(axes[place], tokens, durations, seconds)
        axes[place].set_title(f"{name}: {row.text}" if place else f"{title}, {name}", fontsize=9)
    _contours(axes[2], one, seconds)
    if one.attention is not None:
        axes[3].imshow(one.attention.T, origin="lower", aspect="auto", cmap="magma")
        axes[3].set(title="attention, teacher-forced", xlabel="decoder step", ylabel="phone")
    if one.latent is not None:
        name, values = one.latent
        most = float(np.abs(values).max())
        image = axes[-1].imshow(values, aspect="auto", cmap="coolwarm", vmin=-most, vmax=most)
        axes[-1].set(title=f"{name} of the recording", yticks=[])
        figure.colorbar(image, ax=axes[-1])
    return figure


def _spectrogram(axes: Axes, mel: np.ndarray, seconds: float, limits: tuple[float, float]) -> None:
    extent = (0.0, len(mel) * seconds, 0.0, float(mel.shape[1]))
    axes.imshow(
        mel.T, origin="lower", aspect="auto", cmap="magma", extent=extent, vmin=limits[0],
        vmax=limits[1],
    )  # fmt: skip
    axes.set(ylabel="mel bin", xlabel="s")


def _phones(axes: Axes, tokens: list[str], durations: np.ndarray, seconds: float) -> None:
    ends = np.cumsum(durations) * seconds
    starts = ends - durations * seconds
    for token, start, end in zip(tokens, starts, ends, strict=True):
        if end > start:
            axes.axvline(float(start), color="white", linewidth=0.4, alpha=0.6)
            axes.text((start + end) / 2, 1, token, color="white", fontsize=6, ha="center")


def _contours(axes: Axes, one: Spoken, seconds: float) -> None:
    for name, contour, colour in (("recording", one.row.f0, THEIRS), ("system", one.f0, OURS)):
        voiced = np.where(contour > 0, contour, np.nan)
        axes.plot(np.arange(len(contour)) * seconds, voiced, color=colour, label=name, linewidth=2)
    correlation = one.values.get("f0_correlation")
    said = "not defined" if correlation is None else f"{correlation:.2f}"
    axes.set(ylabel="F0, Hz", xlabel="s", title=f"correlation of log F0, phone by phone: {said}")
    axes.title.set_fontsize(9)
    axes.grid(color="#d8dce2", linewidth=0.6)
    axes.legend(fontsize=8, loc="upper right")
