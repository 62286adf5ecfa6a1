"""What frozen parts say of a split's utterances: computed once, looked up batch by batch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence

from intone.resources import cache_path
from tts_core.corpus.stream import StreamedSplit
from tts_core.models.batch import Batch, collate
from tts_core.models.context import TextContext
from tts_core.models.latent import Gaussian
from tts_core.text.embedding_cache import EmbeddingCache
from tts_core.types import Prepared

Cached = Mapping[str, Any]


def over(data: Sequence[Prepared], device: torch.device, ask: Callable[[Batch], Any]) -> list[Any]:
    """What a frozen part says of each utterance."""
    answers: list[Any] = []
    with torch.no_grad():
        for row in data:
            answers.append(ask(collate([row.encoded], [row]).to(device)))
    return answers


def gaussian_of(batch: Batch, kept: Sequence[Gaussian]) -> Gaussian:
    """What was kept of the utterances of a batch, (B, Z) each."""
    return concatenate([kept[i] for i in batch.index.tolist()])


def concatenate(rows: Sequence[Gaussian]) -> Gaussian:
    """Those of single utterances as one, (N, Z) each."""
    return Gaussian(*(torch.cat(part) for part in zip(*rows, strict=True)))


def text_states(context: TextContext | None, data: Sequence[Prepared]) -> Cached:
    """A frozen encoder reads a corpus once, for this run and for every later one.

    Not a streamed one: the states of a sentence are nearly as large as its spectrogram.
    """
    if context is None or context.finetune or isinstance(data, StreamedSplit):
        return {}
    cache = EmbeddingCache(cache_path("embeddings"))
    return {"text_states": cache.states(context.encoder, [row.encoded.pieces for row in data])}


def with_states(batch: Batch, cached: Cached) -> Batch:
    """The batch with what a frozen text encoder says of it, if that was kept."""
    if "text_states" not in cached:
        return batch
    rows = [cached["text_states"][i] for i in batch.index.tolist()]
    return replace(batch, text_states=pad_sequence(rows, batch_first=True))
