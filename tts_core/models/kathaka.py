"""Kathaka: a variational sentence-level prosody model with a sampler from text.

Karlapati et al., "Prosodic representation learning and contextual sampling for neural
text-to-speech", ICASSP 2021 (arXiv 2011.02252). Stage 1 learns a latent z of a sentence's prosody
from its spectrogram; stage 2 learns to predict its distribution from the text; stage 3 makes
durations follow it.

Published: the three stages and what each freezes, both objectives, the three samplers and their
readouts. Unpublished, and after systems of the same family: Z = 64 (Tyagi et al. 2019), the squared
error as reconstruction (Abbas et al. 2021), the reference encoder (the one that the paper cites,
Zhang et al. 2019), how z enters the decoder (joined to every upsampled frame, Shah et al. 2021),
the schedule of the KL term (Klimkov et al. 2019), all widths.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tts_core.config import ModelConfig
from tts_core.models.batch import Batch
from tts_core.models.blocks import (
    MaskedBatchNorm,
    PhoneEncoder,
    last_state,
    mean_of_valid,
)
from tts_core.models.context import TextContext
from tts_core.models.durations import DurationModel, DurationScale
from tts_core.models.facts import CorpusFacts, MelScale, ModelOutput
from tts_core.models.latent import (
    Gaussian,
    active_units,
    best_constant_sampler,
    gaussian_of,
    kl_divergence,
    standard_normal,
)
from tts_core.models.ntts import AutoregressiveDecoder, upsample
from tts_core.models.precision import FullGRU
from tts_core.models.randomness import Randomness
from tts_core.models.sampler import Sampler

__all__ = [
    "Gaussian",
    "Kathaka",
    "ReferenceEncoder",
    "Sampler",
    "active_units",
    "best_constant_sampler",
    "kl_divergence",
    "standard_normal",
]


class ReferenceEncoder(nn.Module):
    """q(z | X), section 3.1: six strided 2-D convolutions, a GRU, two linear heads.

    The text names Zhang et al. 2019 and draws the rest; theirs is the stack of Skerry-Ryan et al.
    2018: 3 x 3, stride 2 x 2, batch norm, ReLU, and the GRU's state at the last true frame.

    Args:
        n_mels: M. units: GRU units. latent: Z.
    """

    CHANNELS = (32, 32, 64, 64, 128, 128)

    def __init__(self, n_mels: int, units: int, latent: int) -> None:
        super().__init__()
        sizes = (1, *self.CHANNELS)
        self.convs = nn.ModuleList(
            nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairwise(sizes)
        )
        self.norms = nn.ModuleList(MaskedBatchNorm(channels) for channels in self.CHANNELS)
        bins = n_mels
        for _ in self.CHANNELS:
            bins = (bins + 1) // 2
        self.gru = FullGRU(self.CHANNELS[-1] * bins, units, batch_first=True)
        self.mean = nn.Linear(units, latent)
        self.log_variance = nn.Linear(units, latent)

    def forward(self, mel: Tensor, mask: Tensor, lengths: Tensor) -> Gaussian:
        """Normalised mel (B, T, M), mask (B, T), lengths (B,) to q(z | X)."""
        x = mel[:, None]
        keep = mask[:, None, :, None]
        for conv, norm in zip(self.convs, self.norms, strict=True):
            # A stride of 2 keeps frames 0, 2, 4, ..., so that the mask is thinned alike.
            x = conv(x * keep)
            keep, lengths = keep[:, :, ::2], (lengths + 1) // 2
            x = F.relu(norm(x, keep))
        x = x.permute(0, 2, 1, 3).flatten(2)
        state = last_state(self.gru(x)[0], lengths)
        return gaussian_of(state, self.mean, self.log_variance)


class Kathaka(nn.Module):
    """The whole system.

    Args:
        config: widths. facts: inventory sizes and statistics. context: text encoder, or None for
            the sampler "graph".
    """

    def __init__(
        self, config: ModelConfig, facts: CorpusFacts, context: TextContext | None
    ) -> None:
        super().__init__()
        self.mel_scale = MelScale(facts)
        self.encoder = PhoneEncoder(
            facts.n_tokens,
            config.embedding,
            config.encoder,
            config.encoder_kernel,
            config.dropout,
            layers=config.encoder_layers,
        )
        self.reference_encoder = ReferenceEncoder(facts.n_mels, config.reference, config.latent)
        self.decoder = AutoregressiveDecoder(
            config.encoder + 1 + config.latent, facts.n_mels, config
        )
        self.sampler = Sampler(config, facts, context)
        scale = DurationScale(*facts.duration_statistics())
        self.duration_model = DurationModel(
            facts.n_tokens, config.embedding, config.duration, scale, config.latent
        )

    def posterior(self, batch: Batch) -> Gaussian:
        """q(z | X) of the recordings in the batch."""
        mel = self.mel_scale.normalise(batch.mel)
        return self.reference_encoder(mel, batch.frame_mask, batch.frame_lengths)

    def oracle_prosody(self, batch: Batch) -> Tensor:
        """The z (B, Z) of Kathaka-Oracle: the posterior mean of the recordings in the batch.

        Whether the paper's oracle is the mean or a sample is unpublished. Its durations come from
        the duration model conditioned on this z (unpublished too): with those of the recording, it
        would copy the rhythm past the latent.
        """
        return self.posterior(batch).mean

    def forward(self, batch: Batch, z: Tensor) -> Tensor:
        """Teacher-forced, with the recordings' durations and z (B, Z): normalised mel (B, T, M)."""
        encodings = self.encoder(batch.tokens, batch.token_mask, batch.token_lengths)
        condition = upsample(encodings, batch.durations, batch.n_frames, z)
        return self.decoder(condition, self.mel_scale.normalise(batch.mel))

    def acoustic_loss(self, batch: Batch) -> dict[str, Tensor]:
        """Stage 1, the parts of the negative ELBO (section 3.1, Eq. 2).

        "mel", the reconstruction from one z ~ q: mean squared error over frames and bins. "kl":
        KL(q || N(0, I)), nats per utterance, weighted by alpha (`training.stages.kl_weight`).
        """
        posterior = self.posterior(batch)
        predicted = self(batch, posterior.sample())
        error = (predicted - self.mel_scale.normalise(batch.mel)).square()
        kl = kl_divergence(posterior, standard_normal(posterior.mean))
        return {"mel": mean_of_valid(error, batch.frame_mask), "kl": kl.mean()}

    def sampler_loss(self, batch: Batch, posterior: Gaussian) -> dict[str, Tensor]:
        """Stage 2 (section 3.2, Eq. 3): KL(s(z | text) || q(z | X)), nats, with q fixed."""
        return {"sampler_kl": kl_divergence(self.sampler(batch), posterior).mean()}

    def duration_loss(self, batch: Batch, sampler: Gaussian) -> dict[str, Tensor]:
        """Stage 3 (section 3.3): Eq. 1, z drawn from s(z | text) and not from the recording."""
        return {"duration": self.duration_model.loss(batch, sampler.sample())}

    @torch.inference_mode()
    def synthesize(
        self,
        batch: Batch,
        generator: Randomness = None,
        rate: float = 1.0,
        temperature: float = 1.0,
        z: Tensor | None = None,
    ) -> ModelOutput:
        """Text to log-mel (B, T, M): z, then durations that follow it, then frames (section 3.4).

        Args:
            temperature: 1 samples z from the sampler, 0 takes its mean. The paper writes a sample.
            z: (B, Z) instead of a sampled one; that of `oracle_prosody` is Kathaka-Oracle.
        """
        if z is None:
            z = self.sampler(batch).sample(temperature, generator)
        durations = self.duration_model.predict(batch, z, rate)
        encodings = self.encoder(batch.tokens, batch.token_mask, batch.token_lengths)
        n_frames = int(durations.sum(1).max())
        mel = self.decoder.generate(upsample(encodings, durations, n_frames, z), generator)
        return ModelOutput(self.mel_scale.restore(mel), durations)
