"""Unsharp masking of a log-mel: sharpening without parameters to learn."""

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d
from torch import Tensor

SIGMA = 1.0
"""Standard deviation of both Gaussians: frames over time, bins over frequency."""


def sharpened(mel: np.ndarray, time: float, frequency: float) -> np.ndarray:
    """Sharpen a log-mel (T, M).

    x + a (x - G_time x) + b (x - G_frequency x), where G are Gaussians of 1 frame and 1 bin; the
    edges are repeated.

    Args:
        mel: x, (T, M). time: a. frequency: b; 0 leaves that direction as it is.
    """
    over_time = mel - gaussian_filter1d(mel, SIGMA, axis=0, mode="nearest")
    over_frequency = mel - gaussian_filter1d(mel, SIGMA, axis=1, mode="nearest")
    return mel + time * over_time + frequency * over_frequency


class UnsharpFilter:
    """Unsharp masking in the form of a `Sharpener`.

    Args:
        time, frequency: strengths, 0 or more.
    """

    def __init__(self, time: float, frequency: float) -> None:
        self.time, self.frequency = time, frequency
        self.name = f"unsharp filter, time {time:g}, frequency {frequency:g}"

    def __call__(self, mel: Tensor, generator: torch.Generator) -> Tensor:
        """See `Sharpener`; nothing is drawn."""
        del generator
        made = sharpened(mel.double().cpu().numpy(), self.time, self.frequency)
        return torch.from_numpy(made.astype(np.float32))
