"""Stage of training: its parts, its loss, and what it caches."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from tts_core.models.batch import Batch
from tts_core.models.frozen_cache import Cached
from tts_core.models.mode import TEXT, Mode
from tts_core.types import Prepared

UNITS = ("utterances", "tokens", "units", "frames", "cells")
"""Units over which a loss can be a mean.

A cell is a pair of token and decoder step.
"""

MEAN_OVER: Mapping[str, str] = {
    "mel": "frames",
    "mel_before": "frames",
    "stop": "frames",
    "guided_attention": "cells",
    "duration": "tokens",
    "prosody": "units",
    "median": "units",
    "shuffled": "units",
    "kl": "utterances",
    "free_bits_kl": "utterances",
    "sampler_kl": "utterances",
    "constant_kl": "utterances",
    "neighbours_kl": "utterances",
    "forward_kl": "utterances",
    "constant_forward_kl": "utterances",
    "diagonality": "utterances",
    "coverage": "utterances",
}
"""Part of a loss to the unit (of `UNITS`) of its mean."""


@dataclass(frozen=True)
class Stage:
    """One stage of training a system.

    Attributes:
        title: for people.
        trains: names of the sub-modules that learn; everything else is frozen, in evaluation mode.
        loss: parts of the loss of a batch, given what `remember` cached for its split.
        weights: weight of each part at a step (0, 1, ...); a part with weight 0 is only logged.
        criterion: held-out value that chooses the best step (`StageConfig.keep`).
        mode, timing: how observed sentences are rendered, as far as the system has learnt by then.
        remember: computes the outputs of frozen parts for the utterances of a split, once.
        begin: initialises the learning parts from what `remember` cached of the training split.
        measures: further values of a whole split that validation logs beside the loss.
        mean_over: part of the loss to the unit that it is a mean over.
        reduction: frames per decoder step, for what is a mean over steps.
    """

    title: str
    trains: tuple[str, ...]
    loss: Callable[[Batch, Cached], dict[str, Tensor]]
    weights: Callable[[int], dict[str, float]]
    criterion: str
    mode: Mode = TEXT
    timing: str = "own"
    remember: Callable[[Sequence[Prepared], torch.device], Cached] = lambda _data, _device: {}
    begin: Callable[[Cached], None] = lambda _cached: None
    measures: Callable[[Sequence[Prepared], Cached, torch.device], dict[str, float]] = (
        lambda _data, _cached, _device: {}
    )
    mean_over: Mapping[str, str] = field(default_factory=lambda: MEAN_OVER)
    reduction: int = 1
