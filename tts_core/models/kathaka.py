"""Kathaka: a variational sentence-level prosody model with a sampler from text.

Karlapati et al., "Prosodic representation learning and contextual sampling for neural
text-to-speech", ICASSP 2021 (arXiv 2011.02252). Stage 1 learns a latent z of a sentence's prosody
from its spectrogram; stage 2 learns to predict its distribution from the text; stage 3 makes
durations follow it.
"""

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tts_core.config import ModelConfig
from tts_core.models.batch import Batch
from tts_core.models.blocks import (
    MaskedBatchNorm,
    PhoneEncoder,
    Recurrent,
    first_and_last,
    last_state,
    mean_of_valid,
)
from tts_core.models.context import TextContext
from tts_core.models.durations import DurationModel, DurationScale
from tts_core.models.facts import CorpusFacts, MelScale, ModelOutput
from tts_core.models.graph import TreeEncoder
from tts_core.models.ntts import AutoregressiveDecoder, upsample

LOG_VARIANCE_RANGE = (-8.0, 4.0)


class Gaussian(NamedTuple):
    """A diagonal Gaussian over the latent: mean and log variance, (B, Z) each."""

    mean: Tensor
    log_variance: Tensor

    def sample(self, temperature: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
        """z = mu + temperature * sigma * eps; temperature 0 gives the mean."""
        if temperature == 0:
            return self.mean
        noise = torch.randn(self.mean.shape, generator=generator, device=self.mean.device)
        return self.mean + temperature * (0.5 * self.log_variance).exp() * noise


def kl_divergence(p: Gaussian, q: Gaussian) -> Tensor:
    """KL(p || q) of diagonal Gaussians in closed form, nats per utterance (B,). Kathaka Eq. 3.

    1/2 sum_i [ log s_q,i^2 - log s_p,i^2 + s_p,i^2 / s_q,i^2 + (m_q,i - m_p,i)^2 / s_q,i^2 ] - Z/2
    """
    ratio = (p.log_variance - q.log_variance).exp()
    distance = (q.mean - p.mean).square() * (-q.log_variance).exp()
    return 0.5 * (q.log_variance - p.log_variance + ratio + distance - 1).sum(-1)


def standard_normal(like: Tensor) -> Gaussian:
    """The prior N(0, I) in the shape of `like` (B, Z)."""
    return Gaussian(torch.zeros_like(like), torch.zeros_like(like))


class ReferenceEncoder(nn.Module):
    """q(z | X): six strided 2-D convolutions, a GRU, two linear heads (Zhang et al. 2019).

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
        self.gru = nn.GRU(self.CHANNELS[-1] * bins, units, batch_first=True)
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
        return Gaussian(self.mean(state), self.log_variance(state).clamp(*LOG_VARIANCE_RANGE))


class Sampler(nn.Module):
    """s(z | text): sentence vectors of BERT, of the parse tree, or of both, to a Gaussian (2.2).

    BERT's word-piece states pass a BiLSTM whose first and last states are concatenated; the tree
    passes graph attention (`TreeEncoder`). Both vectors concatenated pass one linear layer each for
    mu, log sigma^2.

    Args:
        config: widths and which inputs. facts: inventory sizes and N. context: None for the graph
        alone.
    """

    def __init__(
        self, config: ModelConfig, facts: CorpusFacts, context: TextContext | None
    ) -> None:
        super().__init__()
        width = 0
        self.context = context
        if context is not None:
            self.sentence = Recurrent(context.dim, config.sampler_width)
            width += 4 * config.sampler_width
        self.tree = None
        if "graph" in config.sampler:
            self.tree = TreeEncoder(
                facts.n_labels,
                config.node_embedding,
                config.graph,
                facts.graph_passes,
                config.sampler_width,
            )
            width += 4 * config.sampler_width
        self.mean = nn.Linear(width, config.latent)
        self.log_variance = nn.Linear(width, config.latent)

    def forward(self, batch: Batch) -> Gaussian:
        """Text of B sentences to s(z | text)."""
        vectors: list[Tensor] = []
        if self.context is not None:
            states = self.sentence(self.context(batch), batch.piece_lengths)
            vectors.append(first_and_last(states, batch.piece_lengths))
        if self.tree is not None:
            vectors.append(
                self.tree(batch.nodes, batch.adjacency, batch.leaves, batch.leaf_lengths)
            )
        vector = torch.cat(vectors, -1)
        # sigma of the posterior is small and the gradient of Eq. 3 grows as 1 / sigma^2.
        return Gaussian(self.mean(vector), self.log_variance(vector).clamp(*LOG_VARIANCE_RANGE))


class Kathaka(nn.Module):
    """The whole system.

    Args:
        config: widths. facts: inventory sizes and statistics. context: text encoder, or None for
        the
            sampler "graph".
    """

    def __init__(
        self, config: ModelConfig, facts: CorpusFacts, context: TextContext | None
    ) -> None:
        super().__init__()
        self.mel_scale = MelScale(facts)
        self.encoder = PhoneEncoder(
            facts.n_tokens, config.embedding, config.encoder, config.encoder_kernel, config.dropout
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

    def forward(self, batch: Batch, z: Tensor) -> Tensor:
        """Teacher-forced, with the recordings' durations and z (B, Z): normalised mel (B, T, M)."""
        encodings = self.encoder(batch.tokens, batch.token_mask, batch.token_lengths)
        condition = upsample(encodings, batch.durations, batch.n_frames, z)
        return self.decoder(condition, self.mel_scale.normalise(batch.mel))

    def acoustic_loss(self, batch: Batch) -> dict[str, Tensor]:
        """Stage 1, the negative ELBO's parts (section 2.1): reconstruction and KL(q || N(0, I)).

        "mel" is a mean over frames and bins; "kl" is in nats per utterance, summed over Z.
        """
        posterior = self.posterior(batch)
        predicted = self(batch, posterior.sample())
        error = (predicted - self.mel_scale.normalise(batch.mel)).square()
        kl = kl_divergence(posterior, standard_normal(posterior.mean))
        return {"mel": mean_of_valid(error, batch.frame_mask), "kl": kl.mean()}

    def sampler_loss(self, batch: Batch, posterior: Gaussian) -> dict[str, Tensor]:
        """Stage 2, Eq. 3: KL(s(z | text) || q(z | X)), nats per utterance; q is fixed."""
        return {"sampler_kl": kl_divergence(self.sampler(batch), posterior).mean()}

    def duration_loss(self, batch: Batch, sampler: Gaussian) -> dict[str, Tensor]:
        """Stage 3: Eq. 1, the latent drawn from s(z | text) and not from the recording."""
        return {"duration": self.duration_model.loss(batch, sampler.sample())}

    @torch.inference_mode()
    def synthesize(
        self,
        batch: Batch,
        generator: torch.Generator | None = None,
        rate: float = 1.0,
        temperature: float = 1.0,
        z: Tensor | None = None,
    ) -> ModelOutput:
        """Text to log-mel (B, T, M).

        Args:
            temperature: 1 samples z from the sampler, 0 takes its mean.
            z: (B, Z) instead of a sampled one; the posterior mean of a recording is Kathaka-Oracle.
        """
        if z is None:
            z = self.sampler(batch).sample(temperature, generator)
        durations = self.duration_model.predict(batch, z, rate)
        encodings = self.encoder(batch.tokens, batch.token_mask, batch.token_lengths)
        n_frames = int(durations.sum(1).max())
        mel = self.decoder.generate(upsample(encodings, durations, n_frames, z), generator)
        return ModelOutput(self.mel_scale.restore(mel), durations)
