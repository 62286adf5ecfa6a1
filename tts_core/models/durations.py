"""Duration model of NTTS (Kathaka section 2, Eq. 1) and Kathaka (3.3)."""

import torch
from torch import Tensor, nn

from tts_core.models.batch import Batch
from tts_core.models.blocks import PhoneEncoder, mean_of_valid

PHONE_GROUP = 0


class DurationScale(nn.Module):
    """Normalisation per group, Eq. 1: (d_p - mu_m) / sigma_m.

    m is the group G_m that token p belongs to.

    The paper has one group for each mode of the durations and names none. Here: speech phones,
    punctuation and utterance silences, word boundaries (the modes that Abbas et al. 2022 report).

    Args:
        means, deviations: per group, frames, from the training set.
    """

    means: Tensor
    deviations: Tensor

    def __init__(self, means: Tensor, deviations: Tensor) -> None:
        super().__init__()
        self.register_buffer("means", means)
        self.register_buffer("deviations", deviations.clamp(min=1e-3))

    def normalise(self, durations: Tensor, groups: Tensor) -> Tensor:
        """Map (B, N) frames to (B, N) normalised."""
        return (durations - self.means[groups]) / self.deviations[groups]

    def to_frames(self, normalised: Tensor, groups: Tensor, mask: Tensor, rate: float) -> Tensor:
        """Map (B, N) normalised to whole frames.

        Phones have at least 1, pauses at least 0, padding 0.
        """
        frames = (normalised * self.deviations[groups] + self.means[groups]) / rate
        return whole_frames(frames, groups, mask)


def whole_frames(frames: Tensor, groups: Tensor, mask: Tensor) -> Tensor:
    """Round (B, N) predicted frames.

    Phones have at least 1, pauses at least 0, padding 0.
    """
    least = (groups == PHONE_GROUP).long()
    return torch.maximum(frames.round().long(), least) * mask


class DurationModel(nn.Module):
    """Duration model: phones, for Kathaka also z, to normalised durations.

    An encoder of its own like the acoustic model's, then a linear layer (Lajszczak et al. 2022;
    here with dropout 0.1; width 256: Shah et al. 2021). For Kathaka z joins every phone embedding
    (section 3.3). Section 3.4 calls these embeddings "Y", the name of the acoustic model's
    encodings; that this model reads phones through an encoder of its own follows section 2, d =
    f(p).

    Args:
        latent: Z, or 0 for the baseline.
    """

    def __init__(
        self, n_tokens: int, embedding: int, channels: int, scale: DurationScale, latent: int = 0
    ) -> None:
        super().__init__()
        self.encoder = PhoneEncoder(n_tokens, embedding, channels, dropout=0.1, condition=latent)
        self.output = nn.Linear(channels, 1)
        self.scale = scale

    def forward(self, batch: Batch, z: Tensor | None = None) -> Tensor:
        """Predict normalised durations (B, N).

        z: (B, Z), for Kathaka.
        """
        encodings = self.encoder(batch.tokens, batch.token_mask, batch.token_lengths, z)
        return self.output(encodings)[..., 0]

    def loss(self, batch: Batch, z: Tensor | None = None) -> Tensor:
        """Return Kathaka's Eq. 1, the squared error of normalised durations.

        A mean over all tokens.

        Squared, because the text says "L2 loss"; the norm as printed would be the absolute error.
        """
        target = self.scale.normalise(batch.durations.float(), batch.groups)
        error = (self(batch, z) - target).square()
        return mean_of_valid(error[..., None], batch.token_mask)

    def predict(self, batch: Batch, z: Tensor | None = None, rate: float = 1.0) -> Tensor:
        """Predict whole frames per token, (B, N). `rate` > 1 speaks faster."""
        return self.scale.to_frames(self(batch, z), batch.groups, batch.token_mask, rate)
