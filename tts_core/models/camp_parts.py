"""Modules of CAMP's stage 1, the auto-encoder "ORA" (3.1, Fig. 2).

Layers: Hodari's thesis, Fig. 6.2. Widths and dropouts are unpublished: see `camp`.
"""

import torch
from torch import Tensor, nn

from tts_core.config import ModelConfig
from tts_core.models.batch import Batch
from tts_core.models.blocks import ConvStack, Recurrent, take


def unit_durations(durations: Tensor, token_unit: Tensor, n_units: int) -> Tensor:
    """Return frames per unit (B, W) from frames per token (B, N)."""
    out = durations.new_zeros(durations.shape[0], n_units)
    return out.scatter_add_(1, token_unit, durations)


def last_frame_of_units(frames: Tensor, unit_frames: Tensor) -> Tensor:
    """Keep the last frame of each unit: the temporal bottleneck (3.1).

    Args:
        frames: (B, T, D). unit_frames: (B, W) frames per unit.

    Returns:
        (B, W, D). A unit of zero frames reads the frame before it.
    """
    return take(frames, (unit_frames.cumsum(1) - 1).clamp(min=0))


class WordReferenceEncoder(nn.Module):
    """Reference encoder: one vector per unit (CAMP Fig. 2a).

    It reads the spectrogram and the upsampled phone embeddings: 3 convolutions, 2 BiLSTMs, then two
    bottlenecks: few channels per frame, and of a unit's frames only the last (3.1). It is
    deterministic. Phones are given so that the vectors need not carry them (thesis; the authors'
    slides of July 2020 draw the spectrogram alone: `reference_phones=False`).

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
        """Map mel and phones on frames to vectors (B, W, d).

        mel: (B, T, M). phone_frames: (B, T, D). units: (B, W) frames.
        """
        x = torch.cat([mel, phone_frames], -1) if self.reads_phones else mel
        x = self.convs(x, batch.frame_mask)
        return last_frame_of_units(self.output(self.lstm(x, batch.frame_lengths)), units)


class DurationPredictor(nn.Module):
    """Duration predictor: phones and word prosody to frames (CAMP Fig. 2c).

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
        """Map phones and prosody on phones to frames (B, N).

        phones: (B, N, D). prosody: (B, N, d).
        """
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
        """Map phones and prosody on frames to mel (B, T, M).

        phones: (B, T, D). prosody: (B, T, d).
        """
        if self.smooth_phones is not None and self.smooth_prosody is not None:
            phones = self.smooth_phones(phones, lengths)
            prosody = self.smooth_prosody(prosody, lengths)
        x = self.convs(torch.cat([phones, prosody], -1), mask)
        return self.output(self.lstm(x, lengths))
