"""NTTS: the baseline of Kathaka, a modified DurIAN (Karlapati et al. 2021, section 2.1).

Phone encodings are replicated by their durations and decoded frame by frame (reduction factor 1),
with an L2 loss and without a post-net. Durations come from a separately trained model.
"""

import torch
from torch import Tensor, nn

from tts_core.config import ModelConfig
from tts_core.models.batch import Batch
from tts_core.models.blocks import (
    PhoneEncoder,
    Prenet,
    SteppedLSTM,
    frame_index,
    mean_of_valid,
    position_in_token,
    take,
)
from tts_core.models.durations import DurationModel, DurationScale
from tts_core.models.facts import CorpusFacts, MelScale, ModelOutput


class AutoregressiveDecoder(nn.Module):
    """Previous frame and upsampled encodings to the next frame.

    Input is [prenet(x_{t-1}) ; y_t ; position ; z], then LSTM layers, then Linear([h_t ; y_t]).

    Args:
        condition: D of the upsampled encodings y, position and latent included.
        n_mels: M.
    """

    def __init__(self, condition: int, n_mels: int, config: ModelConfig) -> None:
        super().__init__()
        self.prenet = Prenet(n_mels, config.prenet, config.prenet_dropout)
        self.lstm = SteppedLSTM(config.prenet + condition, config.decoder, config.decoder_layers)
        self.output = nn.Linear(config.decoder + condition, n_mels)

    def forward(self, condition: Tensor, mel: Tensor) -> Tensor:
        """Teacher forcing: y (B, T, D) and true frames (B, T, M) to predicted frames (B, T, M)."""
        previous = nn.functional.pad(mel, (0, 0, 1, 0))[:, :-1]
        hidden, _ = self.lstm(torch.cat([self.prenet(previous), condition], -1))
        return self.output(torch.cat([hidden, condition], -1))

    def generate(self, condition: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Free running: y (B, T, D) to frames (B, T, M)."""
        states = self.lstm.start(condition)
        frame = condition.new_zeros(condition.shape[0], self.output.out_features)
        frames: list[Tensor] = []
        for y in condition.unbind(1):
            hidden = self.lstm.step(torch.cat([self.prenet(frame, generator), y], -1), states)
            frame = self.output(torch.cat([hidden, y], -1))
            frames.append(frame)
        return torch.stack(frames, 1)


def upsample(
    encodings: Tensor, durations: Tensor, n_frames: int, z: Tensor | None = None
) -> Tensor:
    """Replicate Y by durations, add DurIAN's position in the phone and, if there is one, the
    latent.

    Args:
        encodings: (B, N, D). durations: (B, N) frames. n_frames: T. z: (B, Z).

    Returns:
        (B, T, D + 1 + Z).
    """
    index = frame_index(durations, n_frames)
    parts = [take(encodings, index), position_in_token(durations, index)]
    if z is not None:
        parts.append(z[:, None].expand(-1, n_frames, -1))
    return torch.cat(parts, -1)


class NTTS(nn.Module):
    """The baseline. Stage 1 trains encoder and decoder, stage 2 the duration model.

    Args:
        config: widths. facts: inventory sizes and statistics of the training corpus.
    """

    def __init__(self, config: ModelConfig, facts: CorpusFacts) -> None:
        super().__init__()
        self.mel_scale = MelScale(facts)
        self.encoder = PhoneEncoder(
            facts.n_tokens, config.embedding, config.encoder, config.encoder_kernel, config.dropout
        )
        self.decoder = AutoregressiveDecoder(config.encoder + 1, facts.n_mels, config)
        scale = DurationScale(*facts.duration_statistics())
        self.duration_model = DurationModel(
            facts.n_tokens, config.embedding, config.duration, scale
        )

    def forward(self, batch: Batch) -> Tensor:
        """Teacher-forced, with the recordings' durations: normalised mel (B, T, M)."""
        encodings = self.encoder(batch.tokens, batch.token_mask, batch.token_lengths)
        condition = upsample(encodings, batch.durations, batch.n_frames)
        return self.decoder(condition, self.mel_scale.normalise(batch.mel))

    def acoustic_loss(self, batch: Batch) -> dict[str, Tensor]:
        """Stage 1: mean squared error of the normalised mel, per frame and bin."""
        error = (self(batch) - self.mel_scale.normalise(batch.mel)).square()
        return {"mel": mean_of_valid(error, batch.frame_mask)}

    def duration_loss(self, batch: Batch) -> dict[str, Tensor]:
        """Stage 2: Kathaka Eq. 1."""
        return {"duration": self.duration_model.loss(batch)}

    @torch.inference_mode()
    def synthesize(
        self, batch: Batch, generator: torch.Generator | None = None, rate: float = 1.0
    ) -> ModelOutput:
        """Text to log-mel (B, T, M) with predicted durations."""
        durations = self.duration_model.predict(batch, rate=rate)
        encodings = self.encoder(batch.tokens, batch.token_mask, batch.token_lengths)
        n_frames = int(durations.sum(1).max())
        mel = self.decoder.generate(upsample(encodings, durations, n_frames), generator)
        return ModelOutput(self.mel_scale.restore(mel), durations)
