"""Controls of predicted prosody: median, another text, neighbouring recordings.

The controls are ours; the papers report none. A predictor that has learned nothing from the text
does as well with the context of another sentence of like length as with the sentence's own. A
latent that neighbouring recordings of other texts predict says little of the sentence.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from tts_core.models.batch import Batch
from tts_core.models.blocks import take
from tts_core.models.prosody_predictor import ProsodyPredictor
from tts_core.text.plain import normalised
from tts_core.types import Prepared

LIKE = 8
"""Texts of neighbouring length among which contexts are exchanged."""

NEIGHBOURS = 12
"""Training recordings on each side of a held-out one that `neighbours` finds."""


def neighbours(
    train: Sequence[Prepared], rows: Sequence[Prepared], each: int = NEIGHBOURS
) -> list[list[int]]:
    """Return, for each recording, the training recordings nearest in corpus order.

    Corpora name recordings in the order in which they were made, so these share the recording
    session: room, microphone, the speaker's state of the day. Those of the same normalised text
    are passed over: they would tell of the sentence.

    Args:
        train: training recordings. rows: recordings to judge. each: most on each side.

    Returns:
        positions in `train`, for each of `rows`.
    """
    order = sorted(range(len(train)), key=lambda position: train[position].utterance)
    names = [train[position].utterance for position in order]
    texts = [normalised(train[position].text) for position in order]

    def nearest(text: str, outwards: Iterable[int]) -> list[int]:
        return [order[i] for i in islice((i for i in outwards if texts[i] != text), each)]

    positions: list[list[int]] = []
    for row in rows:
        rank, text = bisect_left(names, row.utterance), normalised(row.text)
        before, after = range(rank - 1, -1, -1), range(rank, len(order))
        positions.append(nearest(text, before) + nearest(text, after))
    return positions


def medians_by_kind(
    vectors: Sequence[Tensor], punctuation: Sequence[np.ndarray]
) -> dict[int, Tensor]:
    """Return the median vectors (d,) of words and of punctuation marks.

    Words have the key 0, marks 1. A kind without any unit is left out.

    Args:
        vectors: (W, d) of each recording. punctuation: flags (W,) of its units.
    """
    medians: dict[int, Tensor] = {}
    for kind in (0, 1):
        alike = [v[torch.from_numpy(p == kind)] for v, p in zip(vectors, punctuation, strict=True)]
        if sum(map(len, alike)):
            medians[kind] = torch.cat(alike).median(0).values
    return medians


def other_texts(rows: Sequence[Prepared], seed: int = 0) -> list[int] | None:
    """Return, for each utterance, an utterance with another text of like length.

    Texts are ordered by their number of units and permuted in seeded circles of `LIKE` to
    2 `LIKE` - 1 neighbours, so that no text stays in place; readings of one text get one other
    text.

    Returns:
        positions in `rows`; None if all have one text.
    """
    first: dict[str, int] = {}
    for position, row in enumerate(rows):
        first.setdefault(row.text, position)
    if len(first) < 2:
        return None
    random = np.random.default_rng(seed)
    chance = random.permutation(len(first))
    texts = sorted(first, key=lambda text: len(rows[first[text]].encoded.pos))
    partner: dict[str, int] = {}
    for circle in np.array_split(np.arange(len(texts)), max(len(texts) // LIKE, 1)):
        drawn = [texts[i] for i in sorted(circle, key=lambda i: chance[i])]
        for text, other in zip(drawn, [*drawn[1:], drawn[0]], strict=True):
            partner[text] = first[other]
    return [partner[row.text] for row in rows]


def foreign_context(predictor: ProsodyPredictor, batch: Batch, other: Batch) -> Tensor:
    """Return another text's context for the words of `batch`, (B, W, D).

    Word w of W reads the other text's word at the same relative place.
    """
    lengths, other_lengths = (b.unit_lengths.to(batch.pos.device)[:, None] for b in (batch, other))
    words = torch.arange(batch.pos.shape[1], device=batch.pos.device)
    index = (words * other_lengths // lengths).minimum(other_lengths - 1)
    return take(predictor.encode(other), index)


def median_vectors(predictor: ProsodyPredictor, target: Tensor) -> Tensor:
    """Return the training units' standardised median in place of a prediction.

    The median is per dimension: of all constants it has the least absolute error. `fit_scale` sets
    it.

    Args:
        target: (B, W, d), for its shape.
    """
    return predictor.standardise(predictor.vector_median).expand_as(target)
