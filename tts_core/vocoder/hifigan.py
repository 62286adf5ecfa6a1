"""HiFi-GAN generator with weight normalisation fused (Kong, Kim and Bae 2020)."""

from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict, Field
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from intone.documents import read
from tts_core.config import Features

SLOPE = 0.1
CONFIG = "config.json"
GENERATOR = "generator.safetensors"


class HifiganConfig(BaseModel):
    """Keys of the published configuration that generator and mel need."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    upsample_rates: list[int] = Field(description="k_u's strides; their product is the hop")
    upsample_kernel_sizes: list[int] = Field(description="k_u, kernels of the upsampling")
    upsample_initial_channel: int = Field(description="h_u, channels before the upsampling")
    resblock_kernel_sizes: list[int] = Field(description="k_r, kernels of the residual blocks")
    resblock_dilation_sizes: list[list[int]] = Field(description="D_r, dilations of each block")
    num_mels: int = Field(description="mel bins")
    n_fft: int = Field(description="FFT size of the mel, samples")
    hop_size: int = Field(description="frame shift of the mel, samples")
    win_size: int = Field(description="window of the mel, samples")
    sampling_rate: int = Field(description="Hz")
    fmin: float = Field(description="lower edge of the mel, Hz")
    fmax: float = Field(description="upper edge of the mel, Hz")

    def features(self) -> Features:
        """Return the spectrogram settings that these weights read."""
        return Features(
            name="hifigan22k",
            sample_rate_hz=self.sampling_rate,
            n_mels=self.num_mels,
            n_fft=self.n_fft,
            window=self.win_size,
            hop=self.hop_size,
            fmin_hz=self.fmin,
            fmax_hz=self.fmax,
        )


class ResidualBlock(nn.Module):
    """Dilated convolutions with skips: one row of multi-receptive field fusion (Figure 1)."""

    def __init__(self, channels: int, kernel: int, dilations: list[int]) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(
            nn.Conv1d(channels, channels, kernel, dilation=d, padding=(kernel - 1) * d // 2)
            for d in dilations
        )
        self.convs2 = nn.ModuleList(
            nn.Conv1d(channels, channels, kernel, padding=(kernel - 1) // 2) for _ in dilations
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, D, L) to (B, D, L)."""
        for dilated, plain in zip(self.convs1, self.convs2, strict=True):
            x = x + plain(F.leaky_relu(dilated(F.leaky_relu(x, SLOPE)), SLOPE))
        return x


class Generator(nn.Module):
    """Log-mel to waveform by upsampling and multi-receptive field fusion (section 2.2)."""

    def __init__(self, config: HifiganConfig) -> None:
        super().__init__()
        width = config.upsample_initial_channel
        self.conv_pre = nn.Conv1d(config.num_mels, width, 7, padding=3)
        self.ups = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        self.n_kernels = len(config.resblock_kernel_sizes)
        for rate, kernel in zip(config.upsample_rates, config.upsample_kernel_sizes, strict=True):
            up = nn.ConvTranspose1d(width, width // 2, kernel, rate, padding=(kernel - rate) // 2)
            self.ups.append(up)
            width //= 2
            for size, dilations in zip(
                config.resblock_kernel_sizes, config.resblock_dilation_sizes, strict=True
            ):
                self.resblocks.append(ResidualBlock(width, size, dilations))
        self.conv_post = nn.Conv1d(width, 1, 7, padding=3)

    def forward(self, mel: Tensor) -> Tensor:
        """Return the waveform of a log-mel.

        (B, M, T) to (B, T * hop) samples in (-1, 1).
        """
        x = self.conv_pre(mel)
        for level, up in enumerate(self.ups):
            x = up(F.leaky_relu(x, SLOPE))
            blocks = list(self.resblocks)[level * self.n_kernels : (level + 1) * self.n_kernels]
            x = torch.stack([block(x) for block in blocks]).mean(0)
        # The published generator leaves the last slope at PyTorch's default of 0.01.
        return torch.tanh(self.conv_post(F.leaky_relu(x)))[:, 0]


def read_config(folder: Path) -> HifiganConfig:
    """Read `config.json` of the weights' folder."""
    return read(folder / CONFIG, HifiganConfig, "copy the weights' folder again")


def load_generator(folder: Path) -> Generator:
    """Load the generator from `config.json` and `generator.safetensors`."""
    generator = Generator(read_config(folder))
    generator.load_state_dict(load_file(folder / GENERATOR))
    return generator.eval().requires_grad_(False)
