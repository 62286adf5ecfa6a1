"""Text encoder inside a prosody model: fine-tuned, or frozen and cached."""

import torch
from torch import Tensor, nn

from tts_core.models.batch import Batch
from tts_core.text.bert import TextEncoder


class TextContext(nn.Module):
    """Word-piece states of a pre-trained text encoder.

    Args:
        encoder: the pre-trained encoder.
        finetune: whether it is trained with the rest. If not, it stays in evaluation mode, has no
            gradient, and batches may bring its states along (`Batch.text_states`).
    """

    def __init__(self, encoder: TextEncoder, finetune: bool) -> None:
        super().__init__()
        self.encoder = encoder
        self.finetune = finetune
        self.dim = encoder.dim
        self.encoder.requires_grad_(finetune)

    def train(self, mode: bool = True) -> "TextContext":
        """Set training mode, in the encoder only if it is fine-tuned."""
        super().train(mode)
        self.encoder.train(mode and self.finetune)
        return self

    def forward(self, batch: Batch) -> Tensor:
        """Map pieces (B, S) to states (B, S, D)."""
        if self.finetune:
            return self.encoder(batch.pieces, batch.piece_mask)
        if batch.text_states is not None:
            return batch.text_states
        with torch.no_grad():
            return self.encoder(batch.pieces, batch.piece_mask)
