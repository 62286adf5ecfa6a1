"""The text encoder: padding, layers, refusals."""

from collections.abc import Callable

import pytest
import torch
from transformers import AutoModel

from intone import assets
from intone.errors import UserError
from tts_core.text.bert import TextEncoder
from tts_core.text.normalise import normalise


@pytest.fixture(scope="module")
def encoder(need: Callable[..., None]) -> TextEncoder:
    need("minilm")
    return TextEncoder("minilm", layer=4).eval()


@torch.no_grad()
def test_outputs_are_the_reference_models_hidden_layer(encoder: TextEncoder):
    ids, _ = encoder.pieces(normalise("The cat sat on the mat."))
    pieces = torch.from_numpy(ids)[None]
    whole = AutoModel.from_pretrained(assets.path("minilm")).eval()
    reference = whole(input_ids=pieces, output_hidden_states=True).hidden_states[4]
    ours = encoder(pieces, torch.ones_like(pieces, dtype=torch.bool))
    assert ours.shape == (1, len(ids), encoder.dim)
    torch.testing.assert_close(ours, reference)
    assert len(encoder.model.encoder.layer) == 4


@torch.no_grad()
@pytest.mark.parametrize("name", ["minilm", "mpnet"])
def test_padding_changes_nothing(name: str, need: Callable[..., None]):
    need(name)
    encoder = TextEncoder(name).eval()
    short = torch.from_numpy(encoder.pieces(normalise("Go home."))[0])
    long = torch.from_numpy(encoder.pieces(normalise("They went home in the rain."))[0])
    pieces = torch.nn.utils.rnn.pad_sequence([short, long], batch_first=True, padding_value=7)
    mask = torch.arange(len(long))[None] < torch.tensor([len(short), len(long)])[:, None]
    batch = encoder(pieces, mask)
    alone = encoder(short[None], torch.ones(1, len(short), dtype=torch.bool))
    torch.testing.assert_close(batch[0, : len(short)], alone[0], atol=1e-5, rtol=1e-4)
    assert not batch[0, len(short) :].any()


def test_every_unit_has_pieces_and_specials_have_none(encoder: TextEncoder):
    units = normalise("The antidisestablishmentarianism, naïve!")
    ids, owner = encoder.pieces(units)
    assert len(ids) == len(owner)
    assert owner[0] == owner[-1] == -1
    assert owner[1:-1].tolist() == sorted(owner[1:-1])
    assert set(owner[1:-1]) == set(range(len(units)))
    assert (owner == 1).sum() > 1


def test_digest_follows_layer_and_weights(encoder: TextEncoder, need: Callable[..., None]):
    need("minilm")
    other = TextEncoder("minilm", layer=4)
    assert other.digest == encoder.digest
    assert TextEncoder("minilm", layer=3).digest != encoder.digest
    with torch.no_grad():
        next(other.parameters()).add_(1e-3)
    assert other.digest != encoder.digest


def test_gradients_reach_the_weights_for_fine_tuning(encoder: TextEncoder):
    pieces = torch.from_numpy(encoder.pieces(normalise("Go home."))[0])[None]
    encoder(pieces, torch.ones_like(pieces, dtype=torch.bool)).sum().backward()
    assert all(weight.grad is not None for weight in encoder.parameters())
    encoder.zero_grad()


def test_refusals(monkeypatch: pytest.MonkeyPatch, need: Callable[..., None]):
    need("minilm")
    with pytest.raises(UserError, match="layers 1 to 6, not 9"):
        TextEncoder("minilm", layer=9)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="neither an asset"):
        TextEncoder("no-such-author/no-such-model")
