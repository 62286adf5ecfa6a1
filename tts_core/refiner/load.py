"""Refiners and filters by name, as every command that speaks takes them."""

import math
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from intone.errors import UserError
from tts_core.config import Features
from tts_core.refiner.filter import UnsharpFilter
from tts_core.refiner.saved import read_refiner, refiner_folder

AUTO = "auto"
NONE = "none"
FILTER = "filter:"


class Sharpener(Protocol):
    """Refiner or filter between an acoustic model and the vocoder.

    Attributes:
        name: what it is, as written into stimulus sets.
    """

    name: str

    def __call__(self, mel: Tensor, generator: torch.Generator) -> Tensor:
        """Return the sharper log-mel of one sentence, (T, M) float32.

        generator: on the CPU, of what is drawn.
        """
        ...


class TrainedRefiner:
    """Refiner that `intone refiner train` wrote.

    Args:
        folder: with `refiner.json`, or that of a run or voice.
    """

    def __init__(self, folder: Path) -> None:
        self.refiner, self.description = read_refiner(refiner_folder(folder))
        self.name = self.description.called

    def __call__(self, mel: Tensor, generator: torch.Generator) -> Tensor:
        """See `Sharpener`."""
        return self.refiner.refine(mel[None], [len(mel)], [generator])[0]


def load_refiner(name: str, features: Features) -> Sharpener | None:
    """Load a refiner or filter of spectrograms; None for nothing.

    Args:
        name: "none"; "filter:A,B": unsharp masking of strength A over time and B over frequency; or
            the folder of a refiner that `intone refiner train` wrote. "auto" is the voice's own:
            see `tts_core.voice.refiner_of`.
        features: of the spectrograms that it will be given.

    Raises:
        UserError: unknown name, or a refiner of other spectrograms.
    """
    if name == NONE:
        return None
    if name.startswith(FILTER):
        return load_filter(name)
    path = Path(name)
    if not path.is_dir():
        raise UserError(
            f"{path}: no such refiner; choose {AUTO}, {NONE}, {FILTER}A,B or the folder of an "
            "`intone refiner train`"
        )
    refiner = TrainedRefiner(path)
    theirs = refiner.description.features
    if theirs.digest() != features.digest():
        raise UserError(
            f"{path}: refines other spectrograms than {features.name!r} "
            f"({features.against(theirs)}); choose a refiner that was trained on these, or {NONE}"
        )
    return refiner


def load_filter(name: str) -> UnsharpFilter:
    """Return the filter of a name, "filter:A,B".

    Raises:
        UserError: not two strengths of 0 or more.
    """
    try:
        time, frequency = map(float, name.removeprefix(FILTER).split(","))
        valid = all(math.isfinite(value) and value >= 0 for value in (time, frequency))
    except ValueError:
        valid = False
    if not valid:
        raise UserError(
            f"{name}: not a filter; write {FILTER}A,B with two strengths of 0 or more, e.g. "
            f"{FILTER}1,1"
        )
    return UnsharpFilter(time, frequency)
