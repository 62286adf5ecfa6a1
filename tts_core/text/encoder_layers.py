"""Layers and longest input of a pre-trained text encoder."""

from collections.abc import Sequence
from typing import Any

from torch import nn

from intone.errors import UserError


def keep_layers(model: Any, name: str, wanted: Sequence[int]) -> None:
    """Drop the layers above the highest wanted one.

    Raises:
        UserError: the model has no stack of layers that we know, or not so many.
    """
    for stack, field in (("encoder", "layer"), ("transformer", "layer")):
        holder = getattr(model, stack, None)
        layers = getattr(holder, field, None)
        if layers:
            break
    else:
        raise UserError(
            f"text encoder {name}: a {type(model).__name__} has no BERT-like stack of layers; "
            "choose a BERT, RoBERTa, MPNet, ELECTRA, DeBERTa or DistilBERT model"
        )
    for layer in wanted:
        if not 1 <= layer <= len(layers):
            raise UserError(
                f"text encoder {name} has layers 1 to {len(layers)}, not {layer}; "
                "choose one of them"
            )
    setattr(holder, field, nn.ModuleList(layers[: max(wanted)]))


def longest_input(model: Any) -> int:
    """Most pieces the encoder reads at once, special tokens included.

    RoBERTa and MPNet count positions from after their padding's.
    """
    positions = int(getattr(model.config, "max_position_embeddings", 512))
    reserved = getattr(getattr(model, "embeddings", None), "padding_idx", None)
    return positions - (0 if reserved is None else int(reserved) + 1)
