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

Not in the paper, and off by default: a channel vector (`ModelConfig.channel`). On small corpora z
is mostly the recording session, which no text predicts. With it the reference encoder reads spectra
without the recording's mean, and the decoder gets that mean beside z. The mean of one recording
says at least as much as that of its session, and needs no knowledge of sessions: so it works for
any corpus, and for a single recording whose prosody is copied. Synthesis speaks with the corpus's
mean channel.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from tts_core.config import ModelConfig, StageConfig
from tts_core.models.batch import Batch
from tts_core.models.blocks import PhoneEncoder, mean_of_valid
from tts_core.models.context import TextContext
from tts_core.models.durations import DurationModel, DurationScale
from tts_core.models.facts import CorpusFacts, ModelOutput
from tts_core.models.frame_controls import frame_controls
from tts_core.models.frozen_cache import Cached, cached_gaussian, over
from tts_core.models.latent import (
    Gaussian,
    active_units,
    kl_per_dimension,
    standard_normal,
    with_free_bits,
)
from tts_core.models.mode import ORACLE, SAMPLED, TEXT, Mode
from tts_core.models.ntts import AutoregressiveDecoder, upsample
from tts_core.models.randomness import Randomness
from tts_core.models.reference_encoder import ReferenceEncoder, mean_spectrum
from tts_core.models.sampler import Sampler
from tts_core.models.sampler_stage import sampler_stage
from tts_core.models.stage import Stage
from tts_core.models.system import LatentView, System
from tts_core.types import Prepared


def kl_weight(step: int, config: StageConfig) -> float:
    """Return alpha of Eq. 2 at a step.

    It is 0, then grows linearly to its full value, and counts only once in `kl_every` steps.

    The paper writes "annealed" and no more. 0 to 1 between steps 25,000 and 150,000 and once in 200
    steps: Klimkov et al. 2019. A constant weight (Babianski et al. 2023): kl_start = kl_end = 0 and
    kl_every = 1.
    """
    if step % config.kl_every:
        return 0.0
    start, end = config.kl_start * config.steps, config.kl_end * config.steps
    if step >= end:
        return config.kl_weight
    return config.kl_weight * max(0.0, (step - start) / (end - start))


class Kathaka(System):
    """Kathaka, the whole system.

    Args:
        config: widths. facts: inventory sizes and statistics. context: text encoder, or None for
            the sampler "graph".
    """

    modes = (TEXT, SAMPLED, ORACLE)
    prosody_per = "sentence"

    def __init__(
        self, config: ModelConfig, facts: CorpusFacts, context: TextContext | None = None
    ) -> None:
        super().__init__(config, facts, context)
        self.prosody_size = config.latent
        self.encoder = PhoneEncoder.of(config, facts.n_tokens)
        self.reference_encoder = ReferenceEncoder(facts.n_mels, config.reference, config.latent)
        width = config.encoder + 1 + config.latent + config.channel
        self.decoder = AutoregressiveDecoder(width, facts.n_mels, config)
        self.sampler = Sampler(config, facts, context)
        scale = DurationScale(*facts.duration_statistics())
        self.duration_model = DurationModel(
            facts.n_tokens, config.embedding, config.duration, scale, config.latent
        )
        # Without a bias: the corpus's mean spectrum, 0 in z-scores, is the zero channel.
        self.channel = None
        if config.channel:
            self.channel = nn.Linear(facts.n_mels, config.channel, bias=False)

    def posterior(self, batch: Batch) -> Gaussian:
        """Return q(z | X) of the recordings in the batch."""
        mel = self.mel_scale.normalise(batch.mel)
        if self.channel is not None:
            mel = mel - mean_spectrum(mel, batch.frame_mask)[:, None]
        return self.reference_encoder(mel, batch.frame_mask, batch.frame_lengths)

    def oracle_prosody(self, batch: Batch) -> Tensor:
        """Return z (B, Z) of Kathaka-Oracle: the posterior mean of the recordings.

        Whether the paper's oracle is the mean or a sample is unpublished. Its durations come from
        the duration model conditioned on this z (unpublished too): with those of the recording, it
        would copy the rhythm past the latent.
        """
        return self.posterior(batch).mean

    def forward(self, batch: Batch, z: Tensor) -> Tensor:
        """Predict normalised mel (B, T, M) with z (B, Z).

        Teacher-forced, with the recordings' durations and channels.
        """
        mel = self.mel_scale.normalise(batch.mel)
        if self.channel is not None:
            z = torch.cat([z, self.channel(mean_spectrum(mel, batch.frame_mask))], -1)
        return self.decoder(self._condition(batch, batch.durations, batch.n_frames, z), mel)

    def _condition(self, batch: Batch, durations: Tensor, n_frames: int, z: Tensor) -> Tensor:
        """Return what the decoder reads: phones, positions, and z with any channel."""
        encodings = self.encoder(batch.tokens, batch.token_mask, batch.token_lengths)
        return upsample(encodings, durations, n_frames, z)

    def acoustic_loss(self, batch: Batch, free_bits: float = 0.0) -> dict[str, Tensor]:
        """Return the parts of stage 1's negative ELBO (section 3.1, Eq. 2).

        "mel", the reconstruction from one z ~ q: mean squared error over frames and bins. "kl":
        KL(q || N(0, I)), nats per utterance, weighted by alpha (`kl_weight`). With free bits,
        "free_bits_kl", which is weighted in its place (`with_free_bits`).
        """
        posterior = self.posterior(batch)
        predicted = self(batch, posterior.sample())
        error = (predicted - self.mel_scale.normalise(batch.mel)).square()
        kl = kl_per_dimension(posterior, standard_normal(posterior.mean))
        parts = {"mel": mean_of_valid(error, batch.frame_mask), "kl": kl.sum(-1).mean()}
        if free_bits:
            parts["free_bits_kl"] = with_free_bits(kl, free_bits)
        return parts

    def duration_loss(self, batch: Batch, sampler: Gaussian) -> dict[str, Tensor]:
        """Return the loss of stage 3 (section 3.3): Eq. 1.

        z is drawn from s(z | text) and not from the recording.
        """
        return {"duration": self.duration_model.loss(batch, sampler.sample())}

    def stages(self, configs: Mapping[int, StageConfig]) -> dict[int, Stage]:
        """Return stage 1 (section 3.1), stage 2 (3.2) and stage 3 (3.3)."""
        channel = () if self.channel is None else ("channel",)
        punished = "free_bits_kl" if configs[1].free_bits else "kl"
        return {
            1: Stage(
                "acoustic model and reference encoder",
                ("encoder", "decoder", "reference_encoder", *channel),
                lambda batch, _: self.acoustic_loss(batch, configs[1].free_bits),
                lambda step: {"mel": 1.0, "kl": 0.0, punished: kl_weight(step, configs[1])},
                criterion="mel",
                mode=ORACLE,
                timing="recording",
                measures=self._measures,
            ),
            2: sampler_stage(self.sampler, self.posterior, configs[2]),
            3: Stage(
                "duration model on sampled latents",
                ("duration_model",),
                lambda batch, cached: self.duration_loss(
                    batch, cached_gaussian(batch, cached["sampler"])
                ),
                lambda _: {"duration": 1.0},
                criterion="duration",
                remember=lambda rows, device: {"sampler": over(rows, device, self.sampler)},
            ),
        }

    def _measures(
        self, rows: Sequence[Prepared], _: Cached, device: torch.device
    ) -> dict[str, float]:
        means = torch.cat(over(rows, device, self.oracle_prosody))
        return {"active_units": active_units(means), **frame_controls(rows, self.mel_scale, 2)}

    def teacher_forced(self, batch: Batch) -> Tensor:
        """Predict the recordings, with z their posterior mean: log-mel (B, T, M)."""
        return self.mel_scale.restore(self(batch, self.oracle_prosody(batch)))

    def prosody(
        self, batch: Batch, mode: Mode, generator: Randomness = None, temperature: float = 1.0
    ) -> Tensor:
        """Return z (B, Z).

        Args:
            mode: `ORACLE`, the posterior mean; `SAMPLED`, drawn from s(z | text), as section 3.4
                writes; `TEXT`, the mean of s(z | text).
            temperature: with `SAMPLED`, factor of the deviation; 0 takes the mean, too.
        """
        if mode == ORACLE:
            return self.oracle_prosody(batch)
        return self.sampler(batch).sample(0.0 if mode == TEXT else temperature, generator)

    def latent_views(self, row: Prepared, batch: Batch, mode: Mode) -> list[LatentView]:  # noqa: ARG002
        """Return one picture: posterior, and the sampler once it is learnt."""
        gaussians = {"posterior": self.posterior(batch)}
        if mode == TEXT:
            gaussians["sampler"] = self.sampler(batch)
        values = [v for mean, log in gaussians.values() for v in (mean[0], (log[0] / 2).exp())]
        names = tuple(f"{name} {value}" for name in gaussians for value in ("mean", "deviation"))
        return [LatentView(" and ".join(gaussians), torch.stack(values).cpu().numpy(), names)]

    def decode(
        self, batch: Batch, durations: Tensor, prosody: Tensor | None, generator: Randomness = None
    ) -> Tensor:
        """Synthesize under given durations and z: log-mel (B, T, M).

        durations: (B, N) frames. prosody: z (B, Z).
        """
        if prosody is None:
            prosody = self.prosody(batch, SAMPLED, generator)
        if self.channel is not None:
            # The mean channel, also with a recording's z, so that z alone tells of the recording.
            prosody = nn.functional.pad(prosody, (0, self.channel.out_features))
        condition = self._condition(batch, durations, int(durations.sum(1).max()), prosody)
        return self.mel_scale.restore(self.decoder.generate(condition, generator))

    @torch.inference_mode()
    def synthesize(
        self,
        batch: Batch,
        generator: Randomness = None,
        rate: float = 1.0,
        prosody: Tensor | None = None,
    ) -> ModelOutput:
        """Synthesize text: z, then durations that follow it, then frames (section 3.4).

        Args:
            generator: seeds z and the pre-net. rate: above 1 is faster.
            prosody: z (B, Z) instead of a sampled one; that of `oracle_prosody` is Kathaka-Oracle.

        Returns:
            log-mel (B, T, M) and durations (B, N).
        """
        if prosody is None:
            prosody = self.prosody(batch, SAMPLED, generator)
        durations = self.duration_model.predict(batch, prosody, rate)
        return ModelOutput(self.decode(batch, durations, prosody, generator), durations)
