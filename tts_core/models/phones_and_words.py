"""Text side of CAMP's baselines: phone encoder, with BERT as a control."""

import torch
from torch import Tensor, nn

from tts_core.config import ModelConfig
from tts_core.models.batch import Batch
from tts_core.models.blocks import PhoneEncoder, take
from tts_core.models.context import TextContext
from tts_core.models.facts import CorpusFacts
from tts_core.text.bert import pool_units


class PhonesAndWords(nn.Module):
    """Phone encodings, optionally joined with BERT's word vectors.

    A word's vector is the mean of its pieces; each phone reads that of its word.

    Hodari et al. 2021 gave DurIAN+ and s2s a fine-tuned BERT, upsampled from words to
    phones and concatenated, and heard no gain: a negative control of CAMP's prosody predictor.

    Args:
        config: widths. facts: inventory sizes. context: the text encoder, or None without.
    """

    def __init__(
        self, config: ModelConfig, facts: CorpusFacts, context: TextContext | None
    ) -> None:
        super().__init__()
        self.phones = PhoneEncoder.of(config, facts.n_tokens)
        self.context = context
        self.dim = config.encoder + (context.dim if context is not None else 0)

    def forward(self, batch: Batch) -> Tensor:
        """Map a batch's text to encodings (B, N, D)."""
        encodings = self.phones(batch.tokens, batch.token_mask, batch.token_lengths)
        if self.context is None:
            return encodings
        words = pool_units(self.context(batch), batch.piece_unit, batch.pos.shape[1])
        return torch.cat([encodings, take(words, batch.token_unit)], -1)
