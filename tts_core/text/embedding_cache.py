"""Cache of a frozen text encoder's outputs."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from intone.errors import UserError
from tts_core.text.bert import TextEncoder


class EmbeddingCache:
    """States of word pieces, one file for each (encoder's digest, texts) pair.

    The digest covers the weights, so another encoder, another layer or one step of fine-tuning
    never finds older states. An encoder in training is refused.

    Args:
        folder: of the files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def states(self, encoder: TextEncoder, texts: Sequence[np.ndarray]) -> list[Tensor]:
        """States of texts, from the file if these texts were read before.

        Each text is read alone, so that its states do not depend on its neighbours' lengths.

        Args:
            encoder: frozen: in evaluation mode, no weight with a gradient.
            texts: (S,) int64 word pieces of each.

        Returns:
            (S, D) float32 states of each text on the encoder's device, the same bits whether read
            or computed.

        Raises:
            UserError: the encoder is not frozen.
        """
        if encoder.training or any(weight.requires_grad for weight in encoder.parameters()):
            raise UserError(
                f"text encoder {encoder.name}: it is being trained, so its outputs cannot be kept; "
                "freeze it (text_encoder.finetune=false)"
            )
        device = next(encoder.parameters()).device
        path = self._folder / f"{_key(encoder, texts)}.safetensors"
        lengths = [len(text) for text in texts]
        embeddings = _read(path)
        if embeddings is None:
            embeddings = _compute(encoder, texts, device)
            _write(embeddings, path)
        return list(embeddings.to(device).split(lengths))


def _key(encoder: TextEncoder, texts: Sequence[np.ndarray]) -> str:
    sha = hashlib.sha256(encoder.digest.encode())
    for text in texts:
        sha.update(len(text).to_bytes(8, "little"))
        sha.update(np.ascontiguousarray(text, np.int64).data)
    return sha.hexdigest()[:32]


@torch.no_grad()
def _compute(encoder: TextEncoder, texts: Sequence[np.ndarray], device: torch.device) -> Tensor:
    rows = []
    for text in texts:
        pieces = torch.from_numpy(text).to(device).unsqueeze(0)
        rows.append(encoder(pieces, torch.ones_like(pieces, dtype=torch.bool))[0].cpu())
    return torch.cat(rows) if rows else torch.zeros(0, encoder.dim)


def _read(path: Path) -> Tensor | None:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)["states"]
    except (FileNotFoundError, SafetensorError, KeyError):
        # A damaged file is worth no more than none: it is computed anew and replaced.
        return None


def _write(states: Tensor, path: Path) -> None:
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    save_file({"states": states.contiguous()}, scratch)
    scratch.rename(path)
