"""Trivial predictions of spectrogram frames, which a trained decoder must beat."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from tts_core.models.facts import MelScale
from tts_core.types import Prepared


def frame_controls(
    rows: Sequence[Prepared], scale: MelScale, power: Literal[1, 2]
) -> dict[str, float]:
    """Return the held-out errors of two predictions that read no text.

    Args:
        rows: held-out utterances.
        scale: normalisation of the mel.
        power: 1 for a mean absolute error, 2 for a mean squared error, as in the system's loss.

    Returns:
        "mel_previous", the error of repeating the frame before (zeros before the first, as a
        decoder starts), and "mel_neighbours", that of the mean of both neighbours (of the one
        neighbour at an end). Means over frames and bins: comparable with the loss "mel".
    """
    device = scale.mean.device
    total, frames = torch.zeros(2, dtype=torch.float64), 0
    for row in rows:
        mel = scale.normalise(torch.from_numpy(row.mel).to(device))
        errors = [mel - _previous(mel), mel - _neighbours(mel)]
        total += torch.stack([error.abs().pow(power).mean(1).sum() for error in errors]).cpu()
        frames += len(mel)
    previous, neighbours = (total / frames).tolist()
    return {"mel_previous": previous, "mel_neighbours": neighbours}


def _previous(mel: Tensor) -> Tensor:
    return torch.cat([torch.zeros_like(mel[:1]), mel[:-1]])


def _neighbours(mel: Tensor) -> Tensor:
    if len(mel) == 1:
        return torch.zeros_like(mel)
    padded = torch.cat([mel[1:2], mel, mel[-2:-1]])
    return (padded[:-2] + padded[2:]) / 2
