"""Facts of a model's training corpus, and the output of models."""

from dataclasses import dataclass

import torch
from pydantic import Field
from torch import Tensor, nn

from intone.documents import Closed
from tts_core.models.attention import AttentionReport


class CorpusFacts(Closed):
    """Inventory sizes and training-set statistics of a corpus.

    Stored with a checkpoint; enough to rebuild the model.
    """

    n_tokens: int = Field(description="phone inventory")
    n_pos: int = Field(description="part-of-speech tags")
    n_labels: int = Field(description="tree node labels")
    n_mels: int = Field(description="M")
    mel_mean: list[float] = Field(description="(M,) mean log-mel of the training set")
    mel_std: list[float] = Field(description="(M,) its standard deviation")
    duration_mean: list[float] = Field(description="frames, per duration group")
    duration_std: list[float] = Field(description="frames, per duration group")
    graph_passes: int = Field(description="Kathaka's N: 75th percentile of tree diameters")
    features_digest: str = Field(description="digest of the spectrogram settings")

    def duration_statistics(self) -> tuple[Tensor, Tensor]:
        """Return means and standard deviations per duration group, frames."""
        return torch.tensor(self.duration_mean), torch.tensor(self.duration_std)


class MelScale(nn.Module):
    """Global z-score per mel bin.

    Saved with the weights, so that a checkpoint is self-contained.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, facts: CorpusFacts) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(facts.mel_mean))
        self.register_buffer("std", torch.tensor(facts.mel_std).clamp(min=1e-3))

    def normalise(self, mel: Tensor) -> Tensor:
        """Map log-mel (..., M) to z-scores."""
        return (mel - self.mean) / self.std

    def restore(self, mel: Tensor) -> Tensor:
        """Map z-scores (..., M) to log-mel."""
        return mel * self.std + self.mean


@dataclass(frozen=True)
class ModelOutput:
    """Synthesized spectrogram.

    Attributes:
        mel: (B, T, M) log-mel, rows padded. durations: (B, N) frames, a row's sum is its T.
        attention: of systems with attention, how well it went.
    """

    mel: Tensor
    durations: Tensor
    attention: AttentionReport | None = None
