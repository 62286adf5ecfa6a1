"""The pre-trained text encoder and its word pieces ("BERT" in the papers)."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

from intone import assets
from intone.errors import UserError
from tts_core.text.encoder_layers import keep_layers, longest_input
from tts_core.text.windows import windows

ENCODER_ASSETS = ("minilm", "mpnet")
HUB_TIMEOUT_S = 10.0


class HasText(Protocol):
    """Object with a written form: a `Word` or a normaliser's unit."""

    @property
    def text(self) -> str:
        """Written form."""
        ...


def resolve(name: str) -> str:
    """Return what transformers loads for an encoder's name.

    It is an asset's folder, a local folder or a hub name.

    Raises:
        UserError: an asset that is not fetched, a path where no folder is, or a name that neither
            the hub's cache nor the hub knows.
    """
    if name in ENCODER_ASSETS:
        return str(assets.path(name))
    path = Path(name).expanduser()
    if path.is_dir():
        return str(path)
    if name.startswith((".", "/", "~")) or not _on_hub(name):
        raise UserError(_missing(name))
    return name


def _on_hub(name: str) -> bool:
    """Return whether the hub has the model.

    It asks once: transformers asks for each file six times, which takes many minutes.
    """
    from huggingface_hub import HfApi, try_to_load_from_cache

    try:
        if isinstance(try_to_load_from_cache(name, "config.json"), str):
            return True
        HfApi().model_info(name, timeout=HUB_TIMEOUT_S)
    except Exception:  # What its client raises depends on its HTTP library.
        return False
    return True


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
            # RoBERTa's tokenizer takes separate words only when told that spaces part them.
            self._tokenizer: Any = AutoTokenizer.from_pretrained(
                resolve(name), use_fast=True, add_prefix_space=True
            )
        except (OSError, ValueError) as error:
            raise UserError(_missing(name)) from error
        if not self._tokenizer.is_fast:
            raise UserError(
                f"text encoder {name}: has no fast tokenizer, which word spans need; choose another"
                " encoder"
            )
        # Long texts are read in windows (`TextEncoder`), so no length is worth a warning.
        self._tokenizer.model_max_length = 10**9
        self.name = name

    def __call__(self, words: Sequence[HasText]) -> tuple[np.ndarray, np.ndarray]:
        """Return the word pieces of a text, with special tokens.

        Args:
            words: the units, W.

        Returns:
            pieces: (S,) int64 ids. piece_unit: (S,) int64 unit of each piece, -1 for special
            tokens. Every unit has at least one piece.
        """
        return self.many([words])[0]

    def many(self, texts: Sequence[Sequence[HasText]]) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the word pieces of many texts, faster than one by one.

        The result is the same.

        Args:
            texts: the units of each text.

        Returns:
            For each text what `__call__` gives.
        """
        if not texts:
            return []
        written = [[word.text for word in words] for words in texts]
        encoded = self._encode(written)
        for row, words in enumerate(written):
            # Symbols that the tokenizer drops still are units and need a piece.
            for unit in set(range(len(words))) - set(encoded.word_ids(row)):
                words[unit] = self._tokenizer.unk_token
        if any(self._tokenizer.unk_token in words for words in written):
            encoded = self._encode(written)
        return [
            (
                np.array(ids, np.int64),
                np.array([-1 if u is None else u for u in encoded.word_ids(row)], np.int64),
            )
            for row, ids in enumerate(encoded["input_ids"])
        ]

    def _encode(self, written: list[list[str]]) -> Any:
        return self._tokenizer(written, is_split_into_words=True, truncation=False)


def load_encoder(name: str) -> nn.Module:
    """Load the whole encoder in eval mode.

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
    """Contextual embeddings of word pieces from hidden layers of a pre-trained encoder.

    Middle layers of sentence-tuned encoders hold more of the context of a word than the top. Layers
    above the highest chosen one are dropped.

    A text of more pieces than the encoder reads is read in windows that overlap by half; each piece
    is taken from the window in which it is most central.

    Args:
        name: asset name, local folder or hub name.
        layer: hidden layer whose states are returned, or several whose states are joined channel
            by channel; 1 is the first above the embeddings.

    Raises:
        UserError: no such encoder or no such layer.
    """

    def __init__(self, name: str = "minilm", layer: int | Sequence[int] = 4) -> None:
        super().__init__()
        model: Any = load_encoder(name)
        self.layers = (layer,) if isinstance(layer, int) else tuple(layer)
        keep_layers(model, name, self.layers)
        model.pooler = None
        self.name = name
        self.model = model
        self.dim = int(model.config.hidden_size) * len(self.layers)
        self.limit = longest_input(model)

    @cached_property
    def tokenizer(self) -> Pieces:
        """Tokenizer of the encoder.

        It is loaded at first use, because stored pieces need no tokenizer.
        """
        return Pieces(self.name)

    def forward(self, pieces: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Embed word pieces.

        Args:
            pieces: (B, S) ids. mask: (B, S) true where a piece is real; padding is at the end.

        Returns:
            (B, S, D) states; 0 where masked.
        """
        if pieces.shape[1] <= self.limit:
            return self._states(pieces, mask) * mask.unsqueeze(-1)
        rows = [
            self._long(row[real]) for row, real in zip(pieces, mask.bool().unbind(0), strict=True)
        ]
        states = pad_sequence(rows, batch_first=True)
        return nn.functional.pad(states, (0, 0, 0, pieces.shape[1] - states.shape[1]))

    def _long(self, pieces: torch.Tensor) -> torch.Tensor:
        """Embed the pieces of one text, (S,) to (S, D)."""
        if len(pieces) <= self.limit:
            row = pieces.unsqueeze(0)
            return self._states(row, torch.ones_like(row))[0]
        parts = windows(len(pieces) - 2, self.limit - 2)
        inputs = [torch.cat([pieces[:1], pieces[1 + a : 1 + b], pieces[-1:]]) for a, b, *_ in parts]
        batch = pad_sequence(inputs, batch_first=True)
        mask = pad_sequence([torch.ones_like(row) for row in inputs], batch_first=True)
        states = self._states(batch, mask)
        kept = [
            row[1 + first - a : 1 + last - a]
            for row, (a, _, first, last) in zip(states, parts, strict=True)
        ]
        end = states[-1, len(inputs[-1]) - 1 : len(inputs[-1])]
        return torch.cat([states[0, :1], *kept, end])

    def _states(self, pieces: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        out = self.model(
            input_ids=pieces,
            attention_mask=self._attention_mask(mask),
            output_hidden_states=len(self.layers) > 1,
        )
        if len(self.layers) == 1:
            return out.last_hidden_state
        return torch.cat([out.hidden_states[layer] for layer in self.layers], -1)

    def _attention_mask(self, mask: torch.Tensor) -> torch.Tensor:
        """Return the mask in the form that the encoder takes.

        (B, S); in fine-tuning (B, 1, 1, S), the form of attention itself.

        Of a (B, S) mask transformers reads the values, so that the CPU would wait for the GPU.
        """
        config = self.model.config
        wide = mask.bool()[:, None, None]
        if self.training and config._attn_implementation == "sdpa":
            return wide
        if self.training and config.model_type == "mpnet":
            lowest = torch.finfo(self.model.dtype).min
            return torch.zeros_like(wide, dtype=self.model.dtype).masked_fill(~wide, lowest)
        return mask.long()

    def pieces(self, words: Sequence[HasText]) -> tuple[np.ndarray, np.ndarray]:
        """See `Pieces.__call__`."""
        return self.tokenizer(words)

    @property
    def digest(self) -> str:
        """Digest of layers and weights; equal digests mean equal outputs."""
        sha = hashlib.sha256(",".join(map(str, self.layers)).encode())
        for key, value in sorted(self.model.state_dict().items()):
            sha.update(key.encode())
            sha.update(value.detach().cpu().contiguous().numpy().data)
        return sha.hexdigest()[:16]


def pool_units(states: torch.Tensor, piece_unit: torch.Tensor, n_units: int) -> torch.Tensor:
    """Average the word pieces of each unit (CAMP 3.2).

    Args:
        states: (B, S, D). piece_unit: (B, S), -1 where a piece belongs to no unit. n_units: W.

    Returns:
        (B, W, D); zeros for a unit without pieces.
    """
    member = piece_unit[:, None, :] == torch.arange(n_units, device=states.device)[None, :, None]
    weight = member.to(states.dtype)
    return weight @ states / weight.sum(-1, keepdim=True).clamp(min=1.0)
