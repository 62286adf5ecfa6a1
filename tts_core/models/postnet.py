"""Tacotron 2's post-net."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tts_core.models.blocks import MaskedBatchNorm


class PostNet(nn.Module):
    """Residual of 5 convolutions (Shen et al. 2018, 2.2).

    Width 5, tanh on all but the last.

    Args:
        n_mels: M. channels: D of the inner layers.
    """

    def __init__(self, n_mels: int, channels: int, dropout: float = 0.5, layers: int = 5) -> None:
        super().__init__()
        sizes = [n_mels, *[channels] * (layers - 1), n_mels]
        self.convs = nn.ModuleList(nn.Conv1d(a, b, 5, padding=2) for a, b in pairwise(sizes))
        self.norms = nn.ModuleList(MaskedBatchNorm(size) for size in sizes[1:])
        self.dropout = dropout

    def forward(self, mel: Tensor, mask: Tensor) -> Tensor:
        """Return mel + residual (B, T, M), zero at padding.

        mel: (B, T, M). mask: (B, T).
        """
        keep = mask[:, None]
        x = mel.transpose(1, 2) * keep
        for number, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True), 1):
            x = norm(conv(x), keep)
            if number < len(self.convs):
                x = torch.tanh(x)
            x = F.dropout(x, self.dropout, self.training)
        return (mel + x.transpose(1, 2)) * mask[..., None]
