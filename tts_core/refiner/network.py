"""Network of the refiner. Shapes: see `tts_core.types`."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tts_core.models.facts import CorpusFacts, MelScale
from tts_core.refiner.config import RefinerRecipe

SLOPE = 0.2


class Block(nn.Module):
    """Residual block: a dilated convolution over time, then one of width 1.

    Args:
        width: channels. kernel: odd. dilation: frames between the taps.
    """

    def __init__(self, width: int, kernel: int, dilation: int) -> None:
        super().__init__()
        padding = kernel // 2 * dilation
        self.wide = nn.Conv1d(width, width, kernel, padding=padding, dilation=dilation)
        self.narrow = nn.Conv1d(width, width, 1)

    def forward(self, x: Tensor, keep: Tensor) -> Tensor:
        """Map x (B, C, T) under a mask (B, 1, T)."""
        y = F.leaky_relu(self.wide(F.leaky_relu(x, SLOPE)), SLOPE)
        return (x + self.narrow(y)) * keep


class Refiner(nn.Module):
    """Adds to a z-scored spectrogram what its prediction lacks.

    The noise lets it draw detail that no text decides. Its last layer starts at zero, so that it
    starts as the identity.

    Args:
        recipe: layout. facts: of the corpus whose spectrograms it reads.
    """

    def __init__(self, recipe: RefinerRecipe, facts: CorpusFacts) -> None:
        super().__init__()
        self.noise = recipe.noise
        self.scale = MelScale(facts)
        kernel, width, n_mels = recipe.kernel, recipe.width, facts.n_mels
        self.first = nn.Conv1d(n_mels + recipe.noise, width, kernel, padding=kernel // 2)
        self.blocks = nn.ModuleList(Block(width, kernel, d) for d in recipe.dilations)
        self.last = nn.Conv1d(width, n_mels, kernel, padding=kernel // 2)
        nn.init.zeros_(self.last.weight)
        assert self.last.bias is not None
        nn.init.zeros_(self.last.bias)

    def forward(self, mel: Tensor, noise: Tensor, mask: Tensor) -> Tensor:
        """Refine z-scored spectrograms.

        Args:
            mel: (B, T, M) z-scores. noise: (B, T, K). mask: (B, T), False at padding, which changes
                nothing and is returned as it is.

        Returns:
            (B, T, M) z-scores.
        """
        # Every convolution must see zeros beyond a sentence's end, as it does without padding.
        keep = mask[:, None].to(mel.dtype)
        x = torch.cat([mel, noise], -1).transpose(1, 2) * keep
        x = self.first(x) * keep
        for block in self.blocks:
            x = block(x, keep)
        residual = self.last(F.leaky_relu(x, SLOPE)) * keep
        return mel + residual.transpose(1, 2)

    def draw(self, lengths: Sequence[int], generators: Sequence[torch.Generator]) -> Tensor:
        """Draw the noise (B, T, K) of sentences, zero at padding.

        A sentence's noise depends on its own generator and length alone.

        Args:
            lengths: (B,) frames. generators: on the CPU, one a sentence.
        """
        # Drawn for the padded length, the first frames would differ: draws come in blocks.
        rows = [
            torch.randn(length, self.noise, generator=generator)
            for length, generator in zip(lengths, generators, strict=True)
        ]
        return nn.utils.rnn.pad_sequence(rows, batch_first=True)

    @torch.inference_mode()
    def refine(
        self, mel: Tensor, lengths: Sequence[int], generators: Sequence[torch.Generator]
    ) -> Tensor:
        """Refine log-mels (B, T, M), rows padded to T, the greatest length.

        Args:
            mel: natural log. lengths: (B,) frames. generators: see `draw`.
        """
        device = self.scale.mean.device
        mel = mel.to(device)
        mask = (
            torch.arange(mel.shape[1], device=device)
            < torch.tensor(lengths, device=device)[:, None]
        )
        noise = self.draw(lengths, generators).to(device)
        refined = self(self.scale.normalise(mel), noise, mask)
        return torch.where(mask[..., None], self.scale.restore(refined), mel)
