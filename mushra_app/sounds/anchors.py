"""Anchors of ITU-R BS.1534-3 and the mask of their filters."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from intone.errors import UserError

CUT_OFFS = {"anchor_low": 3500.0, "anchor_mid": 7000.0}

# The mask has its steps 500 Hz and 1 kHz above the cut-off; the standard prints it for 3.5 kHz
# only, and the mid anchor takes the same shape.
_TRANSITION = 500.0
_ATTENUATION = 56.0


@dataclass(frozen=True)
class Mask:
    """Filter measured against the mask of the standard.

    The mask allows a ripple of 0.1 dB and requires attenuations of 25 and 50 dB.

    Attributes:
        ripple: largest deviation from 0 dB up to the cut-off, dB.
        first: smallest attenuation from 500 Hz above the cut-off on, dB.
        second: smallest attenuation from 1 kHz above the cut-off on, dB.
    """

    ripple: float
    first: float
    second: float

    @property
    def met(self) -> bool:
        """True if the filter stays inside the mask."""
        return self.ripple <= 0.1 and self.first >= 25.0 and self.second >= 50.0


def low_pass(cut_off: float, rate: int) -> NDArray[np.floating]:
    """Design a linear-phase Kaiser FIR of odd length.

    Its transition band is above `cut_off`.

    Args:
        cut_off: end of the pass band, Hz.
        rate: sampling rate, Hz; above twice the end of the transition band.

    Returns:
        Taps, symmetric.

    Raises:
        UserError: the sampling rate is too low for this anchor.
    """
    if rate / 2 <= cut_off + _TRANSITION:
        raise UserError(
            f"{cut_off / 1000:g} kHz anchor: needs a sampling rate above "
            f"{2 * (cut_off + _TRANSITION) / 1000:g} kHz, the recordings have {rate / 1000:g} kHz; "
            "turn that anchor off in the study file"
        )
    width = 2 * np.pi * _TRANSITION / rate
    taps = int(np.ceil((_ATTENUATION - 7.95) / (2.285 * width)) + 1) | 1
    beta = signal.kaiser_beta(_ATTENUATION)
    centre = cut_off + _TRANSITION / 2
    # scipy's stubs do not declare that a window may be a tuple.
    window: Any = ("kaiser", beta)
    return np.asarray(signal.firwin(taps, centre, window=window, fs=rate))


def measure(taps: NDArray[np.floating], cut_off: float, rate: int) -> Mask:
    """Measure a filter against the mask.

    The grid of frequencies is finer than 1 Hz.
    """
    frequency, response = signal.freqz(taps, worN=1 << 17, fs=rate)
    level = 20 * np.log10(np.maximum(np.abs(response), 1e-9))

    def attenuation(above: float) -> float:
        band = level[frequency >= cut_off + above]
        return float(-band.max()) if band.size else float("inf")

    ripple = float(np.abs(level[frequency <= cut_off]).max())
    return Mask(ripple, attenuation(_TRANSITION), attenuation(2 * _TRANSITION))


def anchor(
    samples: NDArray[np.floating], role: str, rate: int
) -> tuple[NDArray[np.floating], Mask]:
    """Low-pass a recording; same length, no delay.

    Args:
        samples: (frames, channels), amplitude.
        role: anchor_low or anchor_mid.
        rate: sampling rate, Hz.
    """
    cut_off = CUT_OFFS[role]
    taps = low_pass(cut_off, rate)
    delay = (len(taps) - 1) // 2
    filtered = signal.fftconvolve(samples, taps[:, None], axes=0)
    return filtered[delay : delay + len(samples)], measure(taps, cut_off, rate)
