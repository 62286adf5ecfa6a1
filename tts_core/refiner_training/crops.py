"""Crops of predicted and recorded spectrograms."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from intone.errors import UserError
from tts_core.adversarial.pairs import Pair


class Crops:
    """Crops of every step.

    A step's crops follow from its number alone, so that a training resumes exactly. Every system
    is drawn as often as the others, recordings by their lengths.

    Args:
        pairs: recordings; those shorter than a crop are left out.
        frames: of a crop. batch: crops a step. seed: of what is drawn.

    Raises:
        UserError: every recording is shorter than a crop.
    """

    def __init__(self, pairs: Sequence[Pair], frames: int, batch: int, seed: int) -> None:
        self.pairs = [pair for pair in pairs if len(pair.recorded) >= frames]
        self.frames, self.batch, self.seed = frames, batch, seed
        if not self.pairs:
            raise UserError(
                f"crop_frames={frames}: each of the {len(pairs)} recordings to train on is "
                "shorter; lower it, or take longer recordings"
            )
        lengths = np.array([len(pair.recorded) for pair in self.pairs], float)
        self._shares = lengths / lengths.sum()

    def batch_at(self, index: int) -> tuple[Tensor, Tensor]:
        """Return predicted and recorded log-mel (B, T, M).

        Those of step `index` (0, 1, ...).
        """
        random = np.random.default_rng((self.seed, index))
        predicted, recorded = [], []
        for number in random.choice(len(self.pairs), self.batch, p=self._shares):
            pair = self.pairs[number]
            system = random.integers(len(pair.predicted))
            first = random.integers(len(pair.recorded) - self.frames + 1)
            part = slice(first, first + self.frames)
            predicted.append(pair.predicted[system][part])
            recorded.append(pair.recorded[part])
        return _as_float(predicted), _as_float(recorded)


def _as_float(crops: list[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.stack(crops).astype(np.float32))
