"""Shared behaviour of systems: text alone suffices, seeds and masks hold."""

import numpy as np
import pytest
import torch

from tts_core.models.batch import collate
from tts_core.models.camp import CAMP
from tts_core.models.kathaka import Kathaka
from tts_core.models.mode import TEXT
from tts_core.models.ntts import NTTS


def build(system, sizes, facts):
    config = sizes(system)
    if system == "ntts":
        return NTTS(config, facts)
    if system == "kathaka":
        return Kathaka(config, facts, None)
    return CAMP(config, facts, None)


@pytest.mark.parametrize("system", ["ntts", "kathaka", "camp"])
def test_synthesis_needs_text_alone_and_follows_its_seed(system, sizes, facts, utterance):
    model = build(system, sizes, facts).eval()
    batch = collate([utterance(4).encoded])

    def say(seed):
        return model.synthesize(batch, torch.Generator().manual_seed(seed))

    first, again, other = say(1), say(1), say(2)
    assert torch.equal(first.mel, again.mel)
    assert first.mel.shape[1] == first.durations.sum()
    if system == "kathaka":
        assert first.mel.shape != other.mel.shape or not torch.equal(first.mel, other.mel)
        mean = [model.synthesize(batch, prosody=model.prosody(batch, TEXT)).mel for _ in range(2)]
        assert torch.equal(*mean)


def test_masks_match_the_lengths(utterance):
    rows = [utterance(1, 5), utterance(2, 9)]
    batch = collate([r.encoded for r in rows], rows)
    assert batch.frame_mask.sum(1).tolist() == [len(r.mel) for r in rows]
    assert batch.token_mask.sum(1).tolist() == [len(r.encoded.tokens) for r in rows]
    neighbours = batch.adjacency[1]
    assert torch.equal(neighbours, neighbours.T)
    n_nodes = len(rows[1].encoded.node_labels)
    # A tree of n nodes has n - 1 undirected edges; the diagonal is the self-loops.
    assert np.triu(neighbours.numpy(), 1).sum() == n_nodes - 1
