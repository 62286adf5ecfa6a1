"""Spectrogram to waveform: HiFi-GAN where its weights fit, else Griffin-Lim by name."""

import logging
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from intone import assets
from intone.errors import UserError
from tts_core.audio.mel import MelSpectrogram
from tts_core.config import Features
from tts_core.units import frames_to_samples
from tts_core.vocoder.generator import read_description, trained_folder
from tts_core.vocoder.hifigan import load_generator, read_config

HIFIGAN = "hifigan-universal"
GRIFFIN_LIM = "griffin-lim"
ITERATIONS = 60
MOMENTUM = 0.99


class Vocoder(Protocol):
    """Vocoder: from log-mel spectrograms to audio.

    Attributes:
        name: what it is, as written into stimulus sets. sample_rate_hz: of its output.
    """

    name: str
    sample_rate_hz: int

    def __call__(self, mel: Tensor | np.ndarray) -> np.ndarray:
        """Return the waveform of a log-mel, float32 in [-1, 1].

        (T, M) or (B, T, M) to (L,) or (B, L), L = T * hop.
        """
        ...


class Hifigan:
    """HiFi-GAN: the universal V1 (asset `hifigan-universal`), or one that was trained here.

    Args:
        device: where it runs. folder: what `intone vocoder train` wrote; None: the universal one.
    """

    def __init__(self, device: str = "cpu", folder: Path | None = None) -> None:
        if folder is None:
            folder = assets.path(HIFIGAN)
            self.name = HIFIGAN
            self.features = read_config(folder).features()
        else:
            described = read_description(folder)
            self.name, self.features = described.called, described.features
        self.sample_rate_hz = self.features.sample_rate_hz
        self.device = torch.device(device)
        self.generator = load_generator(folder).to(self.device)

    def __call__(self, mel: Tensor | np.ndarray) -> np.ndarray:
        """See `Vocoder`."""
        batch, single = _as_batch(mel, self.features)
        with torch.inference_mode():
            samples = self.generator(batch.to(self.device).transpose(1, 2)).cpu().numpy()
        return samples[0] if single else samples


class GriffinLim:
    """Phase reconstruction by projection, with momentum.

    Griffin and Lim 1984; Perraudin et al. 2013.

    Magnitudes come from the mel by a pseudo-inverse. Metallic, but it exists for every spectrogram.
    The phase starts from a seeded draw, so that the same spectrogram always sounds the same.

    Args:
        features: of the spectrograms. name: how it calls itself.
    """

    def __init__(self, features: Features, name: str = GRIFFIN_LIM) -> None:
        self.name = name
        self.features = features
        self.sample_rate_hz = features.sample_rate_hz
        self._mel = MelSpectrogram(features)
        self._window = torch.hann_window(features.window)

    def __call__(self, mel: Tensor | np.ndarray) -> np.ndarray:
        """See `Vocoder`. Louder than full scale is scaled back to it."""
        batch, single = _as_batch(mel, self.features)
        with torch.inference_mode():
            rows = [self._one(row[None]) for row in batch.cpu()]
        samples = np.stack(rows)
        return samples[0] if single else samples

    def _one(self, mel: Tensor) -> np.ndarray:
        magnitude = self._mel.to_magnitude(mel)
        draw = torch.Generator().manual_seed(0)
        phase = torch.rand(magnitude.shape, generator=draw) * 2 * torch.pi
        angles = torch.polar(torch.ones_like(magnitude), phase)
        before = torch.zeros_like(angles)
        length = frames_to_samples(mel.shape[1], self.features.hop)
        for _ in range(ITERATIONS):
            rebuilt = self._stft(self._istft(magnitude * angles, length))
            angles = rebuilt - before * (MOMENTUM / (1 + MOMENTUM))
            angles = angles / angles.abs().clamp(min=1e-16)
            before = rebuilt
        samples = self._istft(magnitude * angles, length)[0].numpy()
        return (samples / max(1.0, float(np.abs(samples).max()))).astype(np.float32)

    @property
    def _pad(self) -> int:
        return (self.features.n_fft - self.features.hop) // 2

    def _stft(self, samples: Tensor) -> Tensor:
        f = self.features
        padded = torch.nn.functional.pad(samples, (self._pad, self._pad))
        return torch.stft(
            padded, f.n_fft, f.hop, f.window, self._window, center=False, return_complex=True
        )

    def _istft(self, spectrum: Tensor, length: int) -> Tensor:
        """Overlap and add on the uncentred grid.

        torch.istft refuses this grid at the edges.
        """
        f = self.features
        gap = f.n_fft - f.window
        window = torch.nn.functional.pad(self._window, (gap // 2, gap - gap // 2))
        frames = torch.fft.irfft(spectrum, n=f.n_fft, dim=1) * window[:, None]
        total = (spectrum.shape[2] - 1) * f.hop + f.n_fft
        weight = (window.square()[:, None]).expand(1, f.n_fft, spectrum.shape[2])

        def add(pieces: Tensor) -> Tensor:
            return torch.nn.functional.fold(pieces, (1, total), (1, f.n_fft), stride=(1, f.hop))

        summed = add(frames) / add(weight).clamp(min=1e-8)
        return summed[:, 0, 0, self._pad : self._pad + length]


def load_vocoder(features: Features, name: str = "auto", device: str = "cpu") -> Vocoder:
    """Load the vocoder for spectrograms made with `features`.

    Args:
        features: of the spectrograms that it will be given.
        name: "hifigan-universal", "griffin-lim", "auto": HiFi-GAN where its weights are here and
            were trained on this very spectrogram, else Griffin-Lim with a warning and with the
            reason in its name; or the folder of a vocoder that `intone vocoder train` wrote.
        device: where a network runs.

    Raises:
        UserError: unknown name; HiFi-GAN asked for by name but absent, or trained on another mel.
    """
    if name == GRIFFIN_LIM:
        return GriffinLim(features)
    if name not in ("auto", HIFIGAN):
        return _trained(features, Path(name), device)
    reason = _unfit(features)
    if reason is None:
        return Hifigan(device)
    if name == HIFIGAN:
        raise UserError(f"{HIFIGAN}: {reason}")
    logging.getLogger(__name__).warning("%s: %s; using Griffin-Lim (metallic)", HIFIGAN, reason)
    return GriffinLim(features, f"{GRIFFIN_LIM} (instead of {HIFIGAN})")


def _trained(features: Features, path: Path, device: str) -> Hifigan:
    """Load a trained vocoder if it reads these spectrograms."""
    if not path.is_dir():
        raise UserError(
            f"{path}: no such vocoder; choose auto, {HIFIGAN}, {GRIFFIN_LIM} or the folder of an "
            "`intone vocoder train`"
        )
    vocoder = Hifigan(device, trained_folder(path))
    if vocoder.features.digest() != features.digest():
        raise UserError(
            f"{path}: reads another spectrogram than {features.name!r} "
            f"({features.against(vocoder.features)}); choose a vocoder that was trained on this "
            f"one, or {GRIFFIN_LIM}"
        )
    return vocoder


def _unfit(features: Features) -> str | None:
    """Return the reason why HiFi-GAN cannot be used, None if it can."""
    if not assets.available(HIFIGAN):
        return f"its weights are not here; fetch them with `intone assets {HIFIGAN}`"
    expected = read_config(assets.path(HIFIGAN)).features()
    if expected.digest() == features.digest():
        return None
    return (
        f"it reads another spectrogram than {features.name!r} ({features.against(expected)}); "
        f"prepare the corpus with the features {expected.name!r} or choose {GRIFFIN_LIM}"
    )


def _as_batch(mel: Tensor | np.ndarray, features: Features) -> tuple[Tensor, bool]:
    tensor = torch.as_tensor(mel, dtype=torch.float32).detach()
    single = tensor.dim() == 2
    batch = tensor[None] if single else tensor
    if batch.dim() != 3 or batch.shape[2] != features.n_mels or not batch.shape[1]:
        raise ValueError(f"(T, {features.n_mels}) log-mel is needed, got {tuple(tensor.shape)}")
    return batch, single
