"""The pre-trained text encoder and its word pieces ("BERT" in the papers)."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from intone import assets
from intone.errors import UserError

ENCODER_ASSETS = ("minilm", "mpnet")


class HasText(Protocol):
    """Anything with a written form: a `Word`, or a unit of the normaliser."""

    @property
    def text(self) -> str: ...


def resolve(name: str) -> str:
    """What transformers loads for an encoder's name: an asset's folder, a local folder, a hub name.

    Raises:
        UserError: an asset that is not fetched.
    """
    return str(assets.path(name)) if name in ENCODER_ASSETS else str(Path(name).expanduser())


class Pieces:
    """Splits units into word pieces.

    Args:
        name: asset name, local folder or hub name of the encoder.

    Raises:
        UserError: no such encoder.
    """

    def __init__(self, name: str = "minilm") -> None:
        from transformers import AutoTokenizer

        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(resolve(name), use_fast=True)
        except (OSError, ValueError) as error:
            raise UserError(_missing(name)) from error
        if not self._tokenizer.is_fast:
            raise UserError(f"text encoder {name}: it has no fast tokenizer, which word spans need")
        self.name = name
        # Tokenizers without a known limit say 10^30.
        stated = int(self._tokenizer.model_max_length)
        self.limit = stated if stated < 10**6 else 512

    def __call__(self, words: Sequence[HasText]) -> tuple[np.ndarray, np.ndarray]:
        """Word pieces of a sentence, with the encoder's special tokens.

        Args:
            words: the units, W.

        Returns:
            pieces: (S,) int64 ids. piece_unit: (S,) int64 unit of each piece, -1 for special
            tokens. Every unit has at least one piece.

        Raises:
            UserError: more pieces than the encoder can read.
        """
        written = [word.text for word in words]
        encoded = self._tokenizer(written, is_split_into_words=True, truncation=False)
        empty = set(range(len(written))) - set(encoded.word_ids())
        if empty:
            for unit in empty:
                written[unit] = self._tokenizer.unk_token
            encoded = self._tokenizer(written, is_split_into_words=True, truncation=False)
        ids = np.array(encoded["input_ids"], np.int64)
        if len(ids) > self.limit:
            raise UserError(
                f"the text starting {' '.join(written[:6])!r} has {len(ids)} word pieces, but "
                f"{self.name} reads at most {self.limit}; split it into sentences"
            )
        owners = [-1 if unit is None else unit for unit in encoded.word_ids()]
        return ids, np.array(owners, np.int64)


def load_encoder(name: str) -> nn.Module:
    """The whole encoder in eval mode.

    Raises:
        UserError: no such encoder.
    """
    from transformers import AutoModel
    from transformers.utils import logging

    # Weights of heads that are not used here are no news to a listener-test author.
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    bar = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        return AutoModel.from_pretrained(resolve(name), dtype=torch.float32).eval()
    except (OSError, ValueError) as error:
        raise UserError(_missing(name)) from error
    finally:
        logging.set_verbosity(verbosity)
        if bar:
            logging.enable_progress_bar()


def _missing(name: str) -> str:
    return (
        f"text encoder {name}: neither an asset ({', '.join(ENCODER_ASSETS)}), nor a model folder, "
        "nor a model that the hub gives; check the name, or HF_HUB_OFFLINE"
    )


class TextEncoder(nn.Module):
    """Contextual embeddings of word pieces from one hidden layer of a pre-trained encoder.

    Middle layers of sentence-tuned encoders hold more of the context of a word than the top. Layers
    above the chosen one are dropped.

    Args:
        name: asset name, local folder or hub name.
        layer: hidden layer whose states are returned; 1 is the first above the embeddings.

    Raises:
        UserError: no such encoder or no such layer.
    """

    def __init__(self, name: str = "minilm", layer: int = 4) -> None:
        super().__init__()
        model: Any = load_encoder(name)
        layers = getattr(getattr(model, "encoder", None), "layer", ())
        if not layers:
            raise UserError(
                f"text encoder {name}: a {type(model).__name__} has no BERT-like stack of layers; "
                "choose a BERT, RoBERTa, MPNet, ELECTRA or DeBERTa model"
            )
        if not 1 <= layer <= len(layers):
            raise UserError(f"text encoder {name} has layers 1 to {len(layers)}, not {layer}")
        model.encoder.layer = nn.ModuleList(layers[:layer])
        model.pooler = None
        self.name, self.layer = name, layer
        self.model = model
        self.dim = int(model.config.hidden_size)
        self.tokenizer = Pieces(name)

    def forward(self, pieces: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Embed word pieces.

        Args:
            pieces: (B, S) ids. mask: (B, S) true where a piece is real.

        Returns:
            (B, S, D) states; 0 where masked.
        """
        states = self.model(input_ids=pieces, attention_mask=mask.long()).last_hidden_state
        return states * mask.unsqueeze(-1)

    def pieces(self, words: Sequence[HasText]) -> tuple[np.ndarray, np.ndarray]:
        """See `Pieces.__call__`."""
        return self.tokenizer(words)

    @property
    def digest(self) -> str:
        """Digest of the layer and the present weights: equal digests mean equal outputs."""
        sha = hashlib.sha256(str(self.layer).encode())
        for key, value in sorted(self.model.state_dict().items()):
            sha.update(key.encode())
            sha.update(value.detach().cpu().numpy().tobytes())
        return sha.hexdigest()[:16]
