"""Invariances of the refiner's network."""

import pytest
import torch

from tts_core.models.facts import CorpusFacts
from tts_core.refiner.config import load_refiner_recipe
from tts_core.refiner.network import Refiner

SMALL = {"steps": 1, "width": 8, "noise": 3, "dilations": [1, 2]}


def generators(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


@pytest.fixture
def fresh(facts: CorpusFacts) -> Refiner:
    return Refiner(load_refiner_recipe("refiner", SMALL), facts).eval()


@pytest.fixture
def moved(fresh: Refiner) -> Refiner:
    """A refiner whose last layer has learnt something."""
    torch.nn.init.normal_(fresh.last.weight)
    return fresh


def test_it_starts_as_the_identity(fresh):
    mel = torch.randn(2, 11, 80)
    made = fresh.refine(mel, [11, 7], generators(0, 1))
    torch.testing.assert_close(made, mel)


def test_padding_changes_nothing(moved):
    long, short = torch.randn(33, 80), torch.randn(21, 80)
    padded = torch.nn.utils.rnn.pad_sequence([long, short], batch_first=True, padding_value=5.0)
    together = moved.refine(padded, [33, 21], generators(0, 1))
    alone = moved.refine(short[None], [21], generators(1))
    assert not torch.allclose(alone[0], short)
    torch.testing.assert_close(together[1, :21], alone[0])
    assert (together[1, 21:] == 5).all()


def test_the_seed_decides_the_noise(moved):
    mel = torch.randn(1, 20, 80)
    one, again, other = (moved.refine(mel, [20], generators(seed)) for seed in (3, 3, 4))
    assert torch.equal(one, again)
    assert not torch.allclose(one, other)
