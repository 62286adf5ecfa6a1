"""CAMP: context-aware prosody, one vector per word, predicted from BERT and syntax.

Hodari et al., "CAMP: a two-stage approach to modelling prosody in context", ICASSP 2021 (arXiv
2011.01175), and chapter 6 of Hodari's thesis. Stage 1 (ORA) learns word-level prosody vectors from
the spectrogram; stage 2 predicts them from the text (`prosody_predictor`). Units are words and
punctuation.

Published: the modules (CAMP 3.1 and Fig. 2) and their layers (thesis Fig. 6.2), the L1 losses
(4.2), what is upsampled by which durations (thesis). Unpublished and chosen here: all widths and
dropouts, the size of a word's vector (8, Babianski et al. 2023), the weight of the duration loss
(0.025, Shah et al. 2021), targets in frames, a pause without punctuation as part of the word before
it, and a unit of zero frames reading the frame before it.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tts_core.config import ModelConfig
from tts_core.models.batch import Batch
from tts_core.models.blocks import (
    ConvStack,
    PhoneEncoder,
    Recurrent,
    frame_index,
    mean_of_valid,
    take,
)
from tts_core.models.durations import PHONE_GROUP, whole_frames
from tts_core.models.facts import CorpusFacts, MelScale, ModelOutput
from tts_core.models.precision import full
from tts_core.models.prosody_predictor import ProsodyPredictor
from tts_core.models.randomness import Randomness


def unit_durations(durations: Tensor, token_unit: Tensor, n_units: int) -> Tensor:
    """Frames per unit, (B, W), from frames per token, (B, N)."""
    out = durations.new_zeros(durations.shape[0], n_units)
    return out.scatter_add_(1, token_unit, durations)


VECTOR_LOSSES: dict[str, Callable[..., Tensor]] = {
    "huber": partial(F.huber_loss, delta=1.0), "l1": F.l1_loss, "l2": F.mse_loss
}  # fmt: skip
"""Huber with rho = 1 was "marginally better than L1 or L2" (4.2), so those are ablations."""


def last_frame_of_units(frames: Tensor, unit_frames: Tensor) -> Tensor:
    """The temporal bottleneck: keep the last frame of each unit.

    Args:
        frames: (B, T, D). unit_frames: (B, W) frames per unit.

    Returns:
        (B, W, D). A unit of zero frames reads the frame before it.
    """
    return take(frames, (unit_frames.cumsum(1) - 1).clamp(min=0))


class WordReferenceEncoder(nn.Module):
    """Spectrogram and upsampled phone embeddings to one vector per unit (CAMP Fig. 2a).

    3 convolutions, 2 BiLSTMs, then two bottlenecks: few channels per frame, and of a unit's frames
    only the last (3.1). It is deterministic. Phones are given so that the vectors need not carry
    them (thesis; the authors' slides of July 2020 draw the spectrogram alone:
    `reference_phones=False`).

    Args:
        n_mels: M. phones: D of the phone embeddings.
    """

    def __init__(self, n_mels: int, phones: int, config: ModelConfig) -> None:
        super().__init__()
        self.reads_phones = config.reference_phones
        inputs = n_mels + phones if self.reads_phones else n_mels
        self.convs = ConvStack(inputs, config.encoder, 3, 5, config.dropout)
        self.lstm = Recurrent(config.encoder, config.encoder // 2, layers=2)
        self.output = nn.Linear(config.encoder, config.word_vector)

    def forward(self, mel: Tensor, phone_frames: Tensor, batch: Batch, units: Tensor) -> Tensor:
        """Mel (B, T, M), phones (B, T, D), unit durations (B, W) to vectors (B, W, d)."""
        x = torch.cat([mel, phone_frames], -1) if self.reads_phones else mel
        x = self.convs(x, batch.frame_mask)
        return last_frame_of_units(self.output(self.lstm(x, batch.frame_lengths)), units)


class DurationPredictor(nn.Module):
    """Phone embeddings and word prosody to frames per phone (CAMP Fig. 2c).

    Prosody repeated on phones through a BiLSTM, joined with the phones, 3 convolutions, one LSTM.
    The LSTM is drawn without a direction and taken to run forwards.

    Args:
        phones: D of the phone embeddings. mean: frames of the average phone, where training starts.
    """

    def __init__(self, phones: int, config: ModelConfig, mean: float) -> None:
        super().__init__()
        self.smooth = Recurrent(config.word_vector, config.duration // 2)
        self.convs = ConvStack(phones + config.duration, config.duration, 3, 5, config.dropout)
        self.lstm = Recurrent(config.duration, config.duration, both_ways=False)
        self.output = nn.Linear(config.duration, 1)
        nn.init.constant_(self.output.bias, mean)

    def forward(self, phones: Tensor, prosody: Tensor, batch: Batch) -> Tensor:
        """Phones (B, N, D), prosody upsampled to phones (B, N, d) to frames (B, N)."""
        smoothed = self.smooth(prosody, batch.token_lengths)
        x = self.convs(torch.cat([phones, smoothed], -1), batch.token_mask)
        return self.output(self.lstm(x, batch.token_lengths))[..., 0]


class ParallelDecoder(nn.Module):
    """Non-autoregressive decoder (CAMP Fig. 2d), without a post-net.

    Two BiLSTMs smooth what was repeated on frames, phones and prosody, which "improved performance"
    (thesis; `smoothing=False` leaves them out); joined, 3 convolutions and 3 LSTMs, drawn without a
    direction and taken to run forwards.

    Args:
        phones: D of the phone embeddings. n_mels: M.
    """

    def __init__(self, phones: int, n_mels: int, config: ModelConfig) -> None:
        super().__init__()
        width = config.encoder
        self.smooth_phones = self.smooth_prosody = None
        joined = phones + config.word_vector
        if config.smoothing:
            self.smooth_phones = Recurrent(phones, width // 2)
            self.smooth_prosody = Recurrent(config.word_vector, width // 2)
            joined = 2 * width
        self.convs = ConvStack(joined, width, 3, 5, config.dropout)
        self.lstm = Recurrent(width, width, layers=3, both_ways=False)
        self.output = nn.Linear(width, n_mels)

    def forward(self, phones: Tensor, prosody: Tensor, mask: Tensor, lengths: Tensor) -> Tensor:
        """Phones (B, T, D) and prosody (B, T, d), both upsampled to frames, to mel (B, T, M)."""
        if self.smooth_phones is not None and self.smooth_prosody is not None:
            phones = self.smooth_phones(phones, lengths)
            prosody = self.smooth_prosody(prosody, lengths)
        x = self.convs(torch.cat([phones, prosody], -1), mask)
        return self.output(self.lstm(x, lengths))


class CAMP(nn.Module):
    """The whole system.

    Args:
        config: widths and context. facts: inventory sizes and statistics of the training corpus.
        predictor: stage 2's prosody predictor.
    """

    def __init__(
        self, config: ModelConfig, facts: CorpusFacts, predictor: ProsodyPredictor
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
        self.reference_encoder = WordReferenceEncoder(facts.n_mels, config.encoder, config)
        self.duration_predictor = DurationPredictor(
            config.encoder, config, facts.duration_mean[PHONE_GROUP]
        )
        self.decoder = ParallelDecoder(config.encoder, facts.n_mels, config)
        self.prosody_predictor = predictor
        self._vector_loss = VECTOR_LOSSES[config.prosody_loss]

    def encode(self, batch: Batch) -> Tensor:
        """Phone embeddings (B, N, D)."""
        return self.encoder(batch.tokens, batch.token_mask, batch.token_lengths)

    def oracle_prosody(self, batch: Batch, phones: Tensor | None = None) -> Tensor:
        """Word vectors of the recordings, (B, W, d): stage 2's targets."""
        phones = self.encode(batch) if phones is None else phones
        upsampled = take(phones, frame_index(batch.durations, batch.n_frames))
        units = unit_durations(batch.durations, batch.token_unit, batch.pos.shape[1])
        return self.reference_encoder(self.mel_scale.normalise(batch.mel), upsampled, batch, units)

    def decode(
        self, phones: Tensor, prosody: Tensor, batch: Batch, durations: Tensor, n_frames: int
    ) -> Tensor:
        """Phones (B, N, D), word vectors (B, W, d), durations (B, N) to z-scored mel (B, T, M)."""
        index = frame_index(durations, n_frames)
        lengths = durations.sum(1)
        mask = torch.arange(n_frames, device=phones.device) < lengths[:, None]
        on_phones = take(prosody, batch.token_unit)
        return self.decoder(take(phones, index), take(on_phones, index), mask, lengths)

    def acoustic_loss(self, batch: Batch) -> dict[str, Tensor]:
        """Stage 1 (ORA, 3.1): L1 of the normalised mel and L1 of the durations in frames (4.2).

        The recordings' durations do the upsampling. The duration loss reaches the reference
        encoder, so that a word's vector carries its rhythm.
        """
        phones = self.encode(batch)
        prosody = self.oracle_prosody(batch, phones)
        mel = self.decode(phones, prosody, batch, batch.durations, batch.n_frames)
        frames = self.duration_predictor(phones, take(prosody, batch.token_unit), batch)
        mel_error = (mel - self.mel_scale.normalise(batch.mel)).abs()
        duration_error = (full(frames) - batch.durations).abs()[..., None]
        return {
            "mel": mean_of_valid(mel_error, batch.frame_mask),
            "duration": mean_of_valid(duration_error, batch.token_mask),
        }

    def prosody_loss(
        self, batch: Batch, target: Tensor, context: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Stage 2 (3.2), teacher-forced.

        The vectors are standardised per dimension, so that Huber's rho is one standard deviation;
        that is our choice.

        Args:
            target: (B, W, d) vectors of the recordings.
            context: (B, W, D) instead of the text's own, for a control.
        """
        predictor = self.prosody_predictor
        target = predictor.standardise(target)
        predicted = predictor(predictor.encode(batch) if context is None else context, target)
        return {"prosody": self.vector_loss(predicted, target, batch.unit_mask)}

    def vector_loss(self, predicted: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """Stage 2's loss of standardised vectors (B, W, d), by default Huber with rho = 1 (4.2).

        A scalar: mean over dimensions and over the units of a (B, W) mask.
        """
        return mean_of_valid(
            self._vector_loss(full(predicted), full(target), reduction="none"), mask
        )

    @torch.inference_mode()
    def synthesize(
        self,
        batch: Batch,
        generator: Randomness = None,
        rate: float = 1.0,
        prosody: Tensor | None = None,
    ) -> ModelOutput:
        """Text to log-mel (B, T, M); durations are always predicted, also with ORA's vectors.

        Args:
            generator: seeds the predictor's pre-net. rate: above 1 is faster.
            prosody: (B, W, d) word vectors instead of predicted ones; a recording's are ORA.
        """
        phones = self.encode(batch)
        if prosody is None:
            prosody = self.prosody_predictor.generate(batch, generator)
        frames = self.duration_predictor(phones, take(prosody, batch.token_unit), batch) / rate
        durations = whole_frames(frames.clamp(min=0), batch.groups, batch.token_mask)
        n_frames = int(durations.sum(1).max())
        mel = self.decode(phones, prosody, batch, durations, n_frames)
        return ModelOutput(self.mel_scale.restore(mel), durations)
