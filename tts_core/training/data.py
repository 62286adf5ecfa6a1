"""Splits of a stage: in memory, or streamed where they are large."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from accelerate.utils import gather_object
from torch import Tensor

from intone.errors import UserError
from tts_core.config import Recipe
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.corpus.paragraphs import read_splits
from tts_core.corpus.stream import StreamedSplit
from tts_core.models.frozen_cache import Cached
from tts_core.training.batches import Share
from tts_core.types import Prepared

STREAMED_HOURS = 100.0
"""Length of a training split above which "auto" streams it.

Its spectrograms would take 10 GB in every process.
"""
HELD_OUT_HOURS = 2.0
"""Most validation speech that a process holds beside a streamed split."""


class Data(NamedTuple):
    """Splits of a stage in one process.

    train: all of it, or the share of the process.
    """

    train: Sequence[Prepared]
    validation: Sequence[Prepared]


def read_data(corpus: PreparedCorpus, recipe: Recipe, number: int, share: Share) -> Data:
    """Read the splits for stage `number`.

    Raises:
        UserError: nothing to train on or to choose the best step by, neighbouring sentences of a
            streamed corpus, or a shard is missing or damaged.
    """
    data = _streamed(corpus, recipe, share) if _streams(corpus, recipe) else _whole(corpus, recipe)
    if not len(data.train):
        raise UserError(f"{corpus.path}: no utterances to train on")
    if not data.validation and recipe.stages[number].keep == "best":
        raise UserError(
            f"{corpus.path}: no validation utterances to tell the best step of stage {number} by; "
            f"keep the last one (stages.{number}.keep=last)"
        )
    return data


def _streams(corpus: PreparedCorpus, recipe: Recipe) -> bool:
    large = corpus.info.splits["train"].hours > STREAMED_HOURS
    return recipe.stream == "always" or (recipe.stream == "auto" and large)


def _whole(corpus: PreparedCorpus, recipe: Recipe) -> Data:
    splits = read_splits(corpus, Data._fields, recipe.model.context_sentences)
    return Data(**splits)


def _streamed(corpus: PreparedCorpus, recipe: Recipe, share: Share) -> Data:
    if neighbours := recipe.model.context_sentences:
        raise UserError(
            f"{corpus.path}: is streamed, so that sentences' neighbours are not at hand for "
            f"model.context_sentences={neighbours}; set it to 0, or read the corpus whole "
            "(stream=never)"
        )
    held_out = corpus.info.splits.get("validation")
    every = int(held_out.hours / HELD_OUT_HOURS) + 1 if held_out else 1
    return Data(corpus.stream("train", *share), corpus.split("validation", every))


def agree(numbers: list[int]) -> list[int]:
    """Return, position by position, the largest of all processes' numbers."""
    return list(map(max, zip(*gather_object([numbers]), strict=True)))


def of_all_processes(rows: Sequence[Prepared], cached: Cached) -> Cached:
    """Join what `remember` cached of the streamed shares of a split.

    Args:
        rows: the split or the process' share of it.
        cached: lists of tensors, or of tuples of tensors, of which the first dimension is joined.
    """
    if not isinstance(rows, StreamedSplit):
        return cached
    return {name: [_joined(kept)] for name, kept in cached.items()}


def _joined(kept: Sequence[Any]) -> Any:
    if not isinstance(kept[0], Tensor):
        return type(kept[0])(*map(_joined, zip(*kept, strict=True)))
    share = torch.cat(list(kept))
    # Not from one GPU to another: pickled, a tensor would go back to the GPU that it came from.
    return torch.cat(gather_object([share.cpu()])).to(share.device)
