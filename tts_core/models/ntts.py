"""NTTS: the baseline of Kathaka, a modified DurIAN.

Karlapati et al. 2021, section 2.

Published: phone encodings Y are replicated by their durations to Y-up and decoded frame by frame
(reduction factor 1) without a post-net; a separately trained duration model (`durations`). From the
same group's next paper with this baseline (Abbas et al. 2021): the encoder is convolutions and a
BiLSTM, both losses are L2. Unpublished, and after Tacotron 2 (Shen et al. 2018): the decoder and
all widths; LSTM zoneout is left out. From DurIAN (Yu et al. 2020), unsaid in the paper: the
position of a frame in its phone.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from tts_core.config import ModelConfig, StageConfig
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
from tts_core.models.context import TextContext
from tts_core.models.durations import DurationModel, DurationScale
from tts_core.models.facts import CorpusFacts, ModelOutput
from tts_core.models.frame_controls import frame_controls
from tts_core.models.randomness import Randomness
from tts_core.models.stage import Stage
from tts_core.models.stepping import SteppedLayer
from tts_core.models.system import System

BLOCK = 64
"""Frames of a synthesis whose share of the gates is computed together."""


class AutoregressiveDecoder(nn.Module):
    """Decoder of X from Y-up (section 2), frame by frame.

    Previous frame and upsampled encodings give the next frame.

    h_t = LSTM([prenet(x_{t-1}) ; c_t]) and x_t = W [h_t ; c_t] + b, where the condition c_t is y_t,
    the position in the phone, and for Kathaka z. x_{-1} is zero, the mean of normalised mel.

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
        """Predict frames (B, T, M), teacher-forced.

        condition: y (B, T, D). mel: true frames (B, T, M).
        """
        previous = nn.functional.pad(mel, (0, 0, 1, 0))[:, :-1]
        hidden, _ = self.lstm(torch.cat([self.prenet(previous), condition], -1))
        return self.output(torch.cat([hidden, condition], -1))

    def generate(self, condition: Tensor, generator: Randomness = None) -> Tensor:
        """Generate frames (B, T, M) from y (B, T, D), running free.

        All that is linear in y is computed for many frames at once: its share of the first layer's
        gates and of the output. What is left per frame depends on the frame before.
        """
        width = condition.shape[2]
        first = SteppedLayer(self.lstm, 0, condition, width)
        above = [SteppedLayer(self.lstm, i, condition) for i in range(1, self.lstm.num_layers)]
        of_hidden, of_condition = self.output.weight.split([self.lstm.hidden_size, width], 1)
        of_hidden = of_hidden.T.contiguous()
        frame = condition.new_zeros(condition.shape[0], self.output.out_features)
        frames: list[Tensor] = []
        for block in condition.split(BLOCK, 1):
            gates = (block @ first.skipped.T).unbind(1)
            shares = nn.functional.linear(block, of_condition, self.output.bias).unbind(1)
            for gate, share in zip(gates, shares, strict=True):
                hidden = first.step(self.prenet(frame, generator), gate)
                for layer in above:
                    hidden = layer.step(hidden)
                frame = torch.addmm(share, hidden, of_hidden)
                frames.append(frame)
        return torch.stack(frames, 1)


def upsample(
    encodings: Tensor, durations: Tensor, n_frames: int, z: Tensor | None = None
) -> Tensor:
    """Return Y-up (section 2): Y replicated by durations, with positions.

    Joined: the position of a frame in its phone and, if any, z.

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


class NTTS(System):
    """NTTS, the whole system.

    Stage 1 trains encoder and decoder, stage 2 the duration model.

    Args:
        config: widths. facts: inventory sizes and statistics of the training corpus.
    """

    def __init__(
        self, config: ModelConfig, facts: CorpusFacts, context: TextContext | None = None
    ) -> None:
        super().__init__(config, facts, context)
        self.encoder = PhoneEncoder.of(config, facts.n_tokens)
        self.decoder = AutoregressiveDecoder(config.encoder + 1, facts.n_mels, config)
        scale = DurationScale(*facts.duration_statistics())
        self.duration_model = DurationModel(
            facts.n_tokens, config.embedding, config.duration, scale
        )

    def forward(self, batch: Batch) -> Tensor:
        """Predict the recordings, teacher-forced: normalised mel (B, T, M)."""
        encodings = self.encoder(batch.tokens, batch.token_mask, batch.token_lengths)
        condition = upsample(encodings, batch.durations, batch.n_frames)
        return self.decoder(condition, self.mel_scale.normalise(batch.mel))

    def acoustic_loss(self, batch: Batch) -> dict[str, Tensor]:
        """Return stage 1's mean squared error of the normalised mel.

        Per frame and bin.
        """
        error = (self(batch) - self.mel_scale.normalise(batch.mel)).square()
        return {"mel": mean_of_valid(error, batch.frame_mask)}

    def duration_loss(self, batch: Batch) -> dict[str, Tensor]:
        """Return stage 2's Eq. 1, with durations from forced alignment."""
        return {"duration": self.duration_model.loss(batch)}

    def stages(self, configs: Mapping[int, StageConfig]) -> dict[int, Stage]:  # noqa: ARG002
        """Return stage 1, encoder and decoder, and stage 2, the duration model."""
        return {
            1: Stage(
                "acoustic model",
                ("encoder", "decoder"),
                lambda batch, _: self.acoustic_loss(batch),
                lambda _: {"mel": 1.0},
                criterion="mel",
                timing="recording",
                measures=lambda rows, *_: frame_controls(rows, self.mel_scale, 2),
            ),
            2: Stage(
                "duration model",
                ("duration_model",),
                lambda batch, _: self.duration_loss(batch),
                lambda _: {"duration": 1.0},
                criterion="duration",
            ),
        }

    def teacher_forced(self, batch: Batch) -> Tensor:
        """Predict the recordings: log-mel (B, T, M)."""
        return self.mel_scale.restore(self(batch))

    def decode(
        self, batch: Batch, durations: Tensor, prosody: Tensor | None, generator: Randomness = None
    ) -> Tensor:
        """Synthesize under given durations (B, N), frames: log-mel (B, T, M)."""
        self.refuse_prosody(prosody)
        encodings = self.encoder(batch.tokens, batch.token_mask, batch.token_lengths)
        condition = upsample(encodings, durations, int(durations.sum(1).max()))
        return self.mel_scale.restore(self.decoder.generate(condition, generator))

    @torch.inference_mode()
    def synthesize(
        self,
        batch: Batch,
        generator: Randomness = None,
        rate: float = 1.0,
        prosody: Tensor | None = None,
    ) -> ModelOutput:
        """Synthesize text: log-mel (B, T, M) with predicted durations."""
        durations = self.duration_model.predict(batch, rate=rate)
        return ModelOutput(self.decode(batch, durations, prosody, generator), durations)
