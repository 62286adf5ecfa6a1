"""Outputs of frozen parts: computed once, looked up per batch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence

from intone.resources import cache_path
from tts_core.models.batch import Batch, collate
from tts_core.models.context import TextContext
from tts_core.models.latent import Gaussian
from tts_core.text.embedding_cache import EmbeddingCache
from tts_core.types import Prepared, Streamed

Cached = Mapping[str, Any]


def over(
    rows: Sequence[Prepared], device: torch.device, frozen: Callable[[Batch], Any]
) -> list[Any]:
    """Return the output of a frozen part for each utterance."""
    outputs: list[Any] = []
    with torch.no_grad():
        for row in rows:
            outputs.append(frozen(collate([row.encoded], [row]).to(device)))
    return outputs


def cached_gaussian(batch: Batch, cached: Sequence[Gaussian]) -> Gaussian:
    """Return the cached Gaussians of a batch's utterances, (B, Z) each."""
    return concatenate([cached[i] for i in batch.index.tolist()])


def concatenate(rows: Sequence[Gaussian]) -> Gaussian:
    """Join the Gaussians of single utterances, (N, Z) each."""
    return Gaussian(*(torch.cat(part) for part in zip(*rows, strict=True)))


def text_states(context: TextContext | None, rows: Sequence[Prepared]) -> Cached:
    """Return the states of a frozen text encoder, cached on disk.

    Not for a streamed split: the states of a sentence are nearly as large as its spectrogram.
    """
    if context is None or context.finetune or isinstance(rows, Streamed):
        return {}
    cache = EmbeddingCache(cache_path("embeddings"))
    return {"text_states": cache.states(context.encoder, [row.encoded.pieces for row in rows])}


def with_states(batch: Batch, cached: Cached) -> Batch:
    """Return the batch with the cached text encoder states, if any."""
    if "text_states" not in cached:
        return batch
    rows = [cached["text_states"][i] for i in batch.index.tolist()]
    return replace(batch, text_states=pad_sequence(rows, batch_first=True))
