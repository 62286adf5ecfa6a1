"""The text encoder: layers, padding, long texts, families of models, refusals."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModel

from intone import assets
from intone.errors import UserError
from tts_core.text.bert import Pieces, TextEncoder, pool_units
from tts_core.text.normalise import normalise
from tts_core.text.windows import windows

SIZES = {"vocab_size": 60, "max_position_embeddings": 20}
SMALL = SIZES | {
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}
FAMILIES = {
    "Bert": SMALL,
    "Roberta": SMALL | {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2},
    "MPNet": SMALL,
    "Electra": SMALL | {"embedding_size": 16},
    "DebertaV2": SMALL | {"relative_attention": True, "pos_att_type": ["p2c", "c2p"]},
    "DistilBert": SIZES | {"dim": 16, "n_layers": 3, "n_heads": 2, "hidden_dim": 32},
}


@pytest.fixture(scope="module")
def encoder(need: Callable[..., None]) -> TextEncoder:
    need("minilm")
    return TextEncoder("minilm", layer=4).eval()


@pytest.fixture
def family(tmp_path: Path) -> Callable[[str], Path]:
    """A folder with a small model of random weights and no tokenizer."""

    def make(name: str) -> Path:
        torch.manual_seed(0)
        config = getattr(transformers, f"{name}Config")(**FAMILIES[name])
        AutoModel.from_config(config).save_pretrained(tmp_path / name)
        return tmp_path / name

    return make


def everything(pieces: torch.Tensor) -> torch.Tensor:
    return torch.ones_like(pieces, dtype=torch.bool)


@torch.no_grad()
def test_outputs_are_the_reference_models_hidden_layers(encoder: TextEncoder):
    ids, _ = encoder.pieces(normalise("The cat sat on the mat."))
    pieces = torch.from_numpy(ids)[None]
    whole = AutoModel.from_pretrained(assets.path("minilm")).eval()
    reference = whole(input_ids=pieces, output_hidden_states=True).hidden_states
    ours = encoder(pieces, everything(pieces))
    assert ours.shape == (1, len(ids), encoder.dim)
    torch.testing.assert_close(ours, reference[4])
    assert len(encoder.model.encoder.layer) == 4
    several = TextEncoder("minilm", layer=(2, 5)).eval()
    joined = torch.cat([reference[2], reference[5]], -1)
    torch.testing.assert_close(several(pieces, everything(pieces)), joined)


@torch.no_grad()
@pytest.mark.parametrize("name", FAMILIES)
def test_families_of_encoders_by_path_without_a_tokenizer(name: str, family: Callable[..., Path]):
    folder = family(name)
    encoder = TextEncoder(str(folder), layer=2).eval()
    pieces = torch.randint(5, 60, (1, encoder.limit))
    whole = AutoModel.from_pretrained(folder).eval()
    reference = whole(input_ids=pieces, output_hidden_states=True).hidden_states[2]
    torch.testing.assert_close(encoder(pieces, everything(pieces)), reference)


@torch.no_grad()
@pytest.mark.parametrize("name", ["Bert", "Roberta", "DistilBert"])
def test_texts_past_the_limit_are_read_in_windows(name: str, family: Callable[..., Path]):
    encoder = TextEncoder(str(family(name)), layer=3).eval()
    limit = encoder.limit
    long, short = torch.randint(5, 60, (3 * limit,)), torch.randint(5, 60, (limit,))
    pieces = torch.nn.utils.rnn.pad_sequence([long, short], batch_first=True, padding_value=1)
    mask = torch.arange(3 * limit)[None] < torch.tensor([3 * limit, limit])[:, None]
    states = encoder(pieces, mask)
    assert states.shape == (2, 3 * limit, encoder.dim)
    assert states.isfinite().all()
    assert not states[1, limit:].any()
    alone = encoder(short[None], everything(short[None]))
    torch.testing.assert_close(states[1, :limit], alone[0])
    first = torch.cat([long[: limit - 1], long[-1:]])[None]
    own = encoder(first, everything(first))[0]
    _, _, _, last = windows(3 * limit - 2, limit - 2)[0]
    torch.testing.assert_close(states[0, : 1 + last], own[: 1 + last])


@given(st.integers(1, 400), st.integers(4, 60))
def test_every_word_piece_comes_from_its_most_central_window(length: int, width: int):
    parts = windows(length, width)
    taken = [piece for _, _, first, last in parts for piece in range(first, last)]
    assert taken == list(range(length))
    for start, end, first, last in parts:
        assert end - start == min(width, length)
        for piece in range(first, last):
            own = min(_far(piece - start, start == 0), _far(end - piece, end == length))
            for a, b, *_ in parts:
                if a <= piece < b:
                    other = min(_far(piece - a, a == 0), _far(b - piece, b == length))
                    assert other <= own + 1


def _far(distance: int, text_ends_here: bool) -> float:
    return np.inf if text_ends_here else distance


@torch.no_grad()
def test_a_text_of_600_words_has_finite_states(encoder: TextEncoder):
    ids, owner = encoder.pieces(normalise("The rain in Spain stays mainly in the plain. " * 70))
    assert len(ids) > encoder.limit
    pieces = torch.from_numpy(ids)[None]
    states = encoder(pieces, everything(pieces))
    assert states.shape == (1, len(ids), encoder.dim)
    words = pool_units(states, torch.from_numpy(owner)[None], int(owner.max()) + 1)
    assert words.isfinite().all()
    assert words.any(-1).all()


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
    alone = encoder(short[None], everything(short[None]))
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


def test_many_texts_have_the_pieces_of_each_alone(encoder: TextEncoder):
    texts = [normalise(text) for text in ("Go home.", "A naïve café, unbelievably.", "No!")]
    for together, text in zip(encoder.tokenizer.many(texts), texts, strict=True):
        for ours, alone in zip(together, encoder.pieces(text), strict=True):
            np.testing.assert_array_equal(ours, alone)


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
    encoder(pieces, everything(pieces)).sum().backward()
    assert all(weight.grad is not None for weight in encoder.parameters())
    encoder.zero_grad()


def test_refusals(monkeypatch: pytest.MonkeyPatch, need: Callable[..., None]):
    need("minilm")
    with pytest.raises(UserError, match="layers 1 to 6, not 9"):
        TextEncoder("minilm", layer=9)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="neither an asset"):
        TextEncoder("no-such-author/no-such-model")


def test_an_unknown_name_is_asked_of_the_hub_only_once(monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(503)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        with pytest.raises(UserError, match="nor a model that the hub gives"):
            Pieces("no-such-author/no-such-model")
        server.shutdown()
    assert sum("no-such-model" in path for path in asked) == 1
