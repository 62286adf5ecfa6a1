"""Readers and writers of audio files: any libsndfile format, lossless output."""

import re
from pathlib import Path

import numpy as np
import soundfile
import soxr

from intone.errors import UserError

_LOSSLESS = {".wav", ".flac"}
_UNKNOWN_BYTES = 0x7FFFF000


def read_channels(path: Path | str) -> tuple[np.ndarray, int]:
    """Read a file at its own sampling rate, every channel.

    Returns:
        (L, channels) float32 samples in [-1, 1], L > 0, and the rate in Hz.

    Raises:
        UserError: no such file, not audio, empty, or with values that are not numbers.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such audio file; check the path")
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        # libsndfile has no words for a FLAC stream that breaks off.
        why = error.error_string or "damaged or cut off in its middle"
        raise UserError(
            f"{path}: not audio that can be read ({why}); convert it to WAV or FLAC"
        ) from error
    if not len(samples):
        raise UserError(f"{path}: holds no samples; record or export it again")
    if not np.isfinite(samples).all():
        raise UserError(f"{path}: holds values that are not numbers; export it again")
    return samples, int(rate)


def read_audio_and_rate(path: Path | str) -> tuple[np.ndarray, int]:
    """Read a file at its own sampling rate; channels are averaged.

    Returns:
        (L,) float32 samples in [-1, 1], and the rate in Hz.

    Raises:
        UserError: as `read_channels`.
    """
    samples, rate = read_channels(path)
    return to_mono(samples), rate


def to_mono(samples: np.ndarray) -> np.ndarray:
    """(L, channels) samples to their average, (L,) float32."""
    mono = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1)
    return np.ascontiguousarray(mono, dtype=np.float32)


def missing_share(path: Path | str) -> float:
    """Return the share of sample bytes that a WAV file lacks.

    Its header promises more bytes than the file has.

    libsndfile reads the rest and only logs the fault. 0 for other formats (a FLAC file
    that breaks off cannot be read at all) and for streamed files, whose header knows no length.
    """
    with soundfile.SoundFile(path) as file:
        match = re.search(r"^data : (\d+) \(should be (\d+)\)", file.extra_info, re.MULTILINE)
    if match is None or int(match[1]) >= _UNKNOWN_BYTES:
        return 0.0
    return max(0.0, 1 - int(match[2]) / int(match[1]))


def read_audio(path: Path | str, sample_rate_hz: int | None = None) -> np.ndarray:
    """Read a file as mono float32 samples.

    The rate is `sample_rate_hz` if given (soxr, very high quality), else the file's.

    Returns:
        (L,) float32 samples; resampling may overshoot [-1, 1] slightly.

    Raises:
        UserError: as `read_audio_and_rate`.
    """
    samples, rate = read_audio_and_rate(path)
    if sample_rate_hz is None:
        return samples
    return resample(samples, rate, sample_rate_hz)


def resample(samples: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    """Resample (L,) samples to another rate, float32.

    Equal rates return the same samples.
    """
    if from_hz == to_hz:
        return samples
    return soxr.resample(samples, from_hz, to_hz, quality="VHQ").astype(np.float32)


def write_audio(path: Path | str, samples: np.ndarray, sample_rate_hz: int) -> Path:
    """Write mono samples as WAV or FLAC, 24 bit, never clipped.

    24 bit because a float32 signal below full scale survives it exactly enough (error 6e-8) to be
    read back, digested and measured as what was made. The file appears whole or not at all.

    Args:
        path: ends in .wav or .flac.
        samples: (L,) in [-1, 1].

    Raises:
        UserError: another ending, an empty signal, values that are not numbers, or a peak above 1.
    """
    path = Path(path)
    if path.suffix.lower() not in _LOSSLESS:
        raise UserError(f"{path}: only lossless .wav and .flac are written; change the ending")
    signal = np.asarray(samples)
    if signal.ndim != 1 or not len(signal):
        raise UserError(
            f"{path}: one channel with at least one sample is needed, got {signal.shape}"
        )
    if not np.isfinite(signal).all():
        raise UserError(
            f"{path}: the signal holds values that are not numbers; nothing was written"
        )
    peak = float(np.abs(signal).max())
    if peak > 1:
        raise UserError(
            f"{path}: the signal peaks at {peak:.3f} and would clip at 1; attenuate it first "
            "(`tts_core.audio.io.attenuate`)"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    kind = "WAV" if path.suffix.lower() == ".wav" else "FLAC"
    # Full scale +1.0 has no code in two's complement: libsndfile scales by 2^23 and would wrap.
    limited = np.minimum(signal.astype(np.float64), 1 - 2.0**-23)
    soundfile.write(part, limited, sample_rate_hz, subtype="PCM_24", format=kind)
    part.replace(path)
    return path


def attenuate(samples: np.ndarray, peak: float = 0.999) -> tuple[np.ndarray, float]:
    """Scale a signal that would clip, and say by how much.

    Args:
        samples: (L,) any finite values.
        peak: largest magnitude wanted when the signal exceeds 1.

    Returns:
        The signal and the gain applied in dB: the same samples and 0.0 if nothing exceeds 1.
    """
    loudest = float(np.abs(samples).max(initial=0.0))
    if loudest <= 1:
        return samples, 0.0
    gain = peak / loudest
    return (samples * gain).astype(samples.dtype), float(20 * np.log10(gain))
