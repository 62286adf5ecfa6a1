"""Cache of a frozen encoder: same bits, never for a training encoder."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, BertConfig

from intone.errors import UserError
from tts_core.text.bert import TextEncoder
from tts_core.text.embedding_cache import EmbeddingCache

TEXTS = [np.array([1, 7, 9, 30, 2]), np.array([1, 8, 2]), np.array([1, *range(5, 25), 2])]


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., TextEncoder]:
    config = BertConfig(
        vocab_size=60,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
    )
    torch.manual_seed(0)
    AutoModel.from_config(config).save_pretrained(tmp_path / "model")

    def encoder(layer: int = 2) -> TextEncoder:
        return TextEncoder(str(tmp_path / "model"), layer).requires_grad_(False).eval()

    return encoder


def test_kept_states_are_the_computed_ones_bit_for_bit(
    make: Callable[..., TextEncoder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    encoder = make()
    first = EmbeddingCache(tmp_path / "kept").states(encoder, TEXTS)
    calls = []
    monkeypatch.setattr(encoder, "forward", lambda *_: calls.append(1))
    again = EmbeddingCache(tmp_path / "kept").states(encoder, TEXTS)
    assert not calls, "the second reading must come from the file"
    monkeypatch.undo()
    with torch.no_grad():
        for text, one, two in zip(TEXTS, first, again, strict=True):
            pieces = torch.from_numpy(text)[None]
            computed = encoder(pieces, torch.ones_like(pieces, dtype=torch.bool))[0]
            assert torch.equal(one, computed)
            assert torch.equal(two, computed)


def test_one_step_of_fine_tuning_never_finds_the_states_of_before(
    make: Callable[..., TextEncoder], tmp_path: Path
):
    encoder, cache = make(), EmbeddingCache(tmp_path / "kept")
    before = cache.states(encoder, TEXTS)
    with torch.no_grad():
        for weight in encoder.model.encoder.parameters():
            weight.add_(0.01 * torch.randn_like(weight))
    after = cache.states(encoder, TEXTS)
    assert not any(torch.equal(one, two) for one, two in zip(before, after, strict=True))
    assert not torch.equal(before[0], cache.states(make(layer=1), TEXTS)[0])
    assert torch.equal(cache.states(encoder, TEXTS[::-1])[-1], after[0])


@pytest.mark.parametrize("thaw", [lambda e: e.requires_grad_(True), lambda e: e.train()])
def test_an_encoder_in_training_is_refused_even_if_its_states_are_kept(
    make: Callable[..., TextEncoder], tmp_path: Path, thaw: Callable[[TextEncoder], TextEncoder]
):
    encoder, cache = make(), EmbeddingCache(tmp_path / "kept")
    cache.states(encoder, TEXTS)
    with pytest.raises(UserError, match="being trained"):
        cache.states(thaw(encoder), TEXTS)


def test_a_damaged_file_is_computed_anew(make: Callable[..., TextEncoder], tmp_path: Path):
    encoder, cache = make(), EmbeddingCache(tmp_path / "kept")
    first = cache.states(encoder, TEXTS)
    (file,) = (tmp_path / "kept").glob("*.safetensors")
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert torch.equal(cache.states(encoder, TEXTS)[2], first[2])
    assert file.read_bytes() == whole
