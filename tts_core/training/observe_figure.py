"""Figure of a rendition in training, beside its recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tts_core.config import Features
from tts_core.measures.journal import Values
from tts_core.models.batch import collate
from tts_core.models.mode import Mode
from tts_core.models.renditions import Rendition
from tts_core.models.system import LatentView, System
from tts_core.text.tokens import TOKENS
from tts_core.types import Prepared

OURS, THEIRS = "#e69f00", "#56b4e9"
"""Okabe and Ito's orange and sky blue: system and recording."""


class Inside(NamedTuple):
    """Attention and latents of a system for one recording.

    Attributes:
        attention: (T / r, N) teacher-forced weights, of a system with attention.
        latents: of a system that has them: the recording's, and once it is learnt the text's.
    """

    attention: np.ndarray | None
    latents: list[LatentView]

    @classmethod
    @torch.inference_mode()
    def of(cls, model: System, row: Prepared, mode: Mode) -> Inside:
        """Compute both; `mode` is `TEXT` once prosody is learnt from text."""
        batch = collate([row.encoded], [row]).to(next(model.parameters()).device)
        weights = model.attention_weights(batch)
        attention = None if weights is None else weights[0].cpu().numpy()
        return cls(attention, model.latent_views(row, batch, mode))


@dataclass(frozen=True)
class Spoken:
    """Rendition beside its recording.

    Attributes:
        row: the recording. rendition: log-mel (T, M) and durations. samples: (L,) audio.
        f0: (T,) Hz, 0 where unvoiced. values: how far it is from the recording.
        inside: attention and latents.
    """

    row: Prepared
    rendition: Rendition
    samples: np.ndarray
    f0: np.ndarray
    values: Values
    inside: Inside


def draw(spoken: Spoken, features: Features, title: str) -> Figure:
    """Draw both spectrograms and F0 contours, attention and latents."""
    panels = 3 + (spoken.inside.attention is not None) + len(spoken.inside.latents)
    figure = Figure(figsize=(10, 2.1 * panels), layout="constrained")
    axes = figure.subplots(panels, 1)
    seconds = features.hop / features.sample_rate_hz
    made, row = spoken.rendition, spoken.row
    tokens = [TOKENS[i] for i in row.encoded.tokens]
    low, high = float(row.mel.min()), float(row.mel.max())
    for panel_number, (name, mel, durations) in enumerate(
        [("system", made.mel, made.durations), ("recording", row.mel, row.durations)]
    ):
        _spectrogram(figure, axes[panel_number], mel, seconds, (low, high))
        _phones(axes[panel_number], tokens, durations, seconds)
        axes[panel_number].set_title(
            f"{name}: {row.text}" if panel_number else f"{title}, {name}", fontsize=9
        )
    _contours(axes[2], spoken, seconds)
    if spoken.inside.attention is not None:
        _attention(figure, axes[3], spoken.inside.attention, tokens)
    latents = spoken.inside.latents
    for panel, latent in zip(axes[panels - len(latents) :], latents, strict=True):
        _latent(figure, panel, latent)
    return figure


def _spectrogram(
    figure: Figure, axes: Axes, mel: np.ndarray, seconds: float, limits: tuple[float, float]
) -> None:
    extent = (0.0, len(mel) * seconds, 0.0, float(mel.shape[1]))
    image = axes.imshow(
        mel.T,
        origin="lower",
        aspect="auto",
        cmap="magma",
        extent=extent,
        vmin=limits[0],
        vmax=limits[1],
    )
    axes.set(ylabel="mel bin", xlabel="s")
    figure.colorbar(image, ax=axes, label="log magnitude")


def _attention(figure: Figure, axes: Axes, weights: np.ndarray, tokens: list[str]) -> None:
    image = axes.imshow(weights.T, origin="lower", aspect="auto", cmap="magma", vmin=0.0)
    axes.set(xlabel="decoder step", yticks=range(len(tokens)))
    axes.set_yticklabels(tokens, fontsize=min(7.0, 110 / len(tokens)))
    axes.set_title("attention over phones, teacher-forced", fontsize=9)
    figure.colorbar(image, ax=axes, label="weight")


def _latent(figure: Figure, axes: Axes, latent: LatentView) -> None:
    values = latent.values
    most = float(np.abs(values).max())
    image = axes.imshow(values, aspect="auto", cmap="coolwarm", vmin=-most, vmax=most)
    if latent.rows:
        axes.set_yticks(range(len(latent.rows)), latent.rows, fontsize=7)
    if latent.columns:
        axes.set_xticks(range(len(latent.columns)), latent.columns, fontsize=7)
    axes.set(xlabel=None if latent.columns else "dimension")
    axes.set(ylabel=None if latent.rows else "dimension")
    axes.set_title(latent.title, fontsize=9)
    figure.colorbar(image, ax=axes, label="value")


def _phones(axes: Axes, tokens: list[str], durations: np.ndarray, seconds: float) -> None:
    ends = np.cumsum(durations) * seconds
    starts = ends - durations * seconds
    for token, start, end in zip(tokens, starts, ends, strict=True):
        if end > start:
            axes.axvline(float(start), color="white", linewidth=0.4, alpha=0.6)
            axes.text((start + end) / 2, 1, token, color="white", fontsize=6, ha="center")


def _contours(axes: Axes, spoken: Spoken, seconds: float) -> None:
    for name, contour, colour in (
        ("recording", spoken.row.f0, THEIRS),
        ("system", spoken.f0, OURS),
    ):
        voiced = np.where(contour > 0, contour, np.nan)
        axes.plot(np.arange(len(contour)) * seconds, voiced, color=colour, label=name, linewidth=2)
    correlation = spoken.values.get("f0_correlation")
    shown = "not defined" if correlation is None else f"{correlation:.2f}"
    axes.set(ylabel="F0, Hz", xlabel="s", title=f"correlation of log F0, phone by phone: {shown}")
    axes.title.set_fontsize(9)
    axes.set_xlim(0.0, max(len(spoken.row.f0), len(spoken.f0)) * seconds)
    axes.grid(color="#d8dce2", linewidth=0.6)
    axes.legend(fontsize=8, loc="upper right")
