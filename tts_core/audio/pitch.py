"""Fundamental frequency with one tracker, search range and voicing rule."""

import warnings

import numpy as np

from tts_core.config import Features
from tts_core.units import samples_to_frames

F0_FLOOR_HZ = 60.0
F0_CEILING_HZ = 500.0


def f0(samples: np.ndarray, features: Features) -> np.ndarray:
    """Fundamental frequency per feature frame: WORLD's DIO refined by StoneMask.

    (Morise et al. 2009 and 2010, as in pyworld.) The search range is fixed at 60 to 500 Hz for
    every speaker, so that figures of different voices and systems compare. A frame is voiced
    where DIO finds a pitch (allowed_range 0.1); the value is read at the frame's centre,
    (t + 1/2) hop.

    Args:
        samples: (L,) at the features' rate.

    Returns:
        (T,) float32 Hz, T = L // hop; 0 where unvoiced.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # pyworld imports pkg_resources
        import pyworld

    rate, hop = features.sample_rate_hz, features.hop
    n_frames = samples_to_frames(len(samples), hop)
    # WORLD's frames lie at multiples of the period; half a hop earlier is our frame centre.
    signal = np.concatenate([np.zeros(hop - hop // 2), samples, np.zeros(hop)]).astype(np.float64)
    coarse, times = pyworld.dio(  # pyright: ignore[reportAttributeAccessIssue]
        signal,
        rate,
        f0_floor=F0_FLOOR_HZ,
        f0_ceil=F0_CEILING_HZ,
        frame_period=1000.0 * hop / rate,
    )
    stonemask = pyworld.stonemask  # pyright: ignore[reportAttributeAccessIssue]
    refined = stonemask(signal, coarse, times, rate)
    return refined[1 : n_frames + 1].astype(np.float32)
