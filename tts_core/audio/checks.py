"""Faults and doubts about a recording.

A fault makes a recording useless for training: it is left out, with the fault as the reason. A
doubt is for a person to look at: the recording is used.
"""

from typing import NamedTuple

import numpy as np

from tts_core.config import Features

SHORTEST_S = 0.2
LONGEST_S = 20.0
SILENT_PEAK = 0.01
"""-40 dBFS: no speech is quieter."""
CLIPPED_RUN = 3
CLIPPED_SHARE = 1e-4
"""Share of samples in clipped runs above which a recording is clipped.

A run is clipped if at least `CLIPPED_RUN` samples have the recording's largest magnitude.
"""
FRAME_S = 0.02
CUT_DB = -6.0
TIGHT_DB = -20.0
"""Levels of the first or last 20 ms, relative to the speech.

Above `CUT_DB` the speech is cut in its middle, above `TIGHT_DB` there is no silence around it.
"""
LOW_PEAK_DBFS = -30.0
NOISY_DB = 15.0
DC_OFFSET = 0.01
LENGTH_TOLERANCE = 0.02
LENGTH_TOLERANCE_S = 0.1


class Verdict(NamedTuple):
    """Result of the checks: a fault refuses the recording, doubts do not.

    fault: why the recording cannot be used, None if it can. doubts: warnings for the user.
    """

    fault: str | None
    doubts: tuple[str, ...] = ()


def judge(
    samples: np.ndarray, rate_hz: int, features: Features, stated_s: float | None = None
) -> Verdict:
    """Judge a recording.

    Args:
        samples: (L,) in [-1, 1], L > 0, finite.
        rate_hz: of the file.
        features: that will be computed from it.
        stated_s: length by the corpus' own table, None if it states none.
    """
    seconds = len(samples) / rate_hz
    fault = _length_fault(seconds, stated_s) or _rate_fault(rate_hz, features)
    if fault is None:
        fault = _level_fault(samples) or _edge_fault(samples, rate_hz)
    if fault is not None:
        return Verdict(fault)
    return Verdict(None, tuple(_doubts(samples, rate_hz, features, stated_s)))


def clipped_share(samples: np.ndarray) -> float:
    """Return the share of (L,) samples that are clipped, 0 to 1.

    These are in runs of `CLIPPED_RUN` or more at the largest magnitude.

    The largest magnitude, not full scale: what was clipped and then attenuated is still clipped.
    """
    at_limit = np.abs(samples) >= 0.999 * np.abs(samples).max()
    edges = np.flatnonzero(np.diff(at_limit, prepend=False, append=False))
    runs = edges[1::2] - edges[::2]
    return float(runs[runs >= CLIPPED_RUN].sum() / len(samples))


def frame_levels(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """Return the levels of whole 20 ms frames of (L,) samples.

    Levels are dBFS RMS without offset; there is at least one frame.
    """
    size = min(max(1, round(FRAME_S * rate_hz)), len(samples))
    frames = (samples - samples.mean())[: len(samples) // size * size].reshape(-1, size)
    return _db(np.sqrt(np.mean(np.square(frames), axis=1)))


def _length_fault(seconds: float, stated_s: float | None) -> str | None:
    if stated_s is not None and seconds < stated_s - _tolerance_s(stated_s):
        return f"truncated: {seconds:.2f} s of audio where the corpus states {stated_s:.2f} s"
    if seconds > LONGEST_S:
        return f"too long: {seconds:.1f} s, more than {LONGEST_S:.0f} s"
    if seconds < SHORTEST_S:
        return f"too short: {seconds:.2f} s, less than {SHORTEST_S} s"
    return None


def _tolerance_s(stated_s: float) -> float:
    return max(LENGTH_TOLERANCE_S, LENGTH_TOLERANCE * stated_s)


def _rate_fault(rate_hz: int, features: Features) -> str | None:
    if rate_hz < features.sample_rate_hz:
        return (
            f"wrong rate: {rate_hz} Hz, below the {features.sample_rate_hz} Hz of the features "
            f"{features.name}; nothing above {rate_hz / 2000:.1f} kHz is in the recording"
        )
    return None


def _level_fault(samples: np.ndarray) -> str | None:
    peak = float(np.abs(samples).max())
    if peak < SILENT_PEAK:
        return f"silent: peak {20 * np.log10(max(peak, 1e-9)):.0f} dBFS"
    share = clipped_share(samples)
    if share > CLIPPED_SHARE:
        return f"clipped: {100 * share:.2f} % of the samples have the largest magnitude"
    return None


def _edge_fault(samples: np.ndarray, rate_hz: int) -> str | None:
    if _contrast_db(samples, rate_hz) < NOISY_DB:
        return None  # noise as loud as speech is at every edge
    for where, below_db in _edges(samples, rate_hz).items():
        if below_db > CUT_DB:
            return f"truncated: the speech is cut at the {where} ({below_db:+.0f} dB of its level)"
    return None


def _edges(samples: np.ndarray, rate_hz: int) -> dict[str, float]:
    """Return the levels of both 20 ms edges relative to speech, dB."""
    loud = float(np.percentile(frame_levels(samples, rate_hz), 95))
    size = round(FRAME_S * rate_hz)
    edges = {"start": samples[:size], "end": samples[-size:]}
    return {
        name: float(_db(np.sqrt(np.mean(np.square(part - samples.mean()))))) - loud
        for name, part in edges.items()
    }


def _contrast_db(samples: np.ndarray, rate_hz: int) -> float:
    """Return the level of the loudest frames over the quietest, dB."""
    levels = frame_levels(samples, rate_hz)
    return float(np.percentile(levels, 95) - np.percentile(levels, 5))


def _doubts(
    samples: np.ndarray, rate_hz: int, features: Features, stated_s: float | None
) -> list[str]:
    doubts = []
    seconds = len(samples) / rate_hz
    if stated_s is not None and seconds > stated_s + _tolerance_s(stated_s):
        doubts.append(f"longer than stated: {seconds:.2f} s, the corpus states {stated_s:.2f} s")
    peak_db = float(_db(np.abs(samples).max()))
    if peak_db < LOW_PEAK_DBFS:
        doubts.append(f"low level: peak {peak_db:.0f} dBFS")
    offset = float(samples.mean())
    if abs(offset) > DC_OFFSET:
        doubts.append(f"DC offset: {offset:+.3f} of full scale")
    contrast = _contrast_db(samples, rate_hz)
    if contrast < NOISY_DB:
        doubts.append(f"noise: the quietest frames are only {contrast:.0f} dB below the loudest")
    for where, below_db in _edges(samples, rate_hz).items():
        if below_db > TIGHT_DB:
            doubts.append(f"no silence at the {where}: it is only {-below_db:.0f} dB below speech")
    highest = _highest_hz(samples, rate_hz)
    if highest < 0.75 * min(features.fmax_hz, features.sample_rate_hz / 2):
        doubts.append(
            f"band-limited: nothing above {highest / 1000:.1f} kHz in a {rate_hz} Hz file"
        )
    return doubts


def _highest_hz(samples: np.ndarray, rate_hz: int) -> float:
    """Return the highest frequency within 80 dB of the strongest, Hz."""
    size = min(1024, len(samples))
    frames = samples[: len(samples) // size * size].reshape(-1, size) * np.hanning(size)
    power = np.mean(np.abs(np.fft.rfft(frames.astype(np.float32), axis=1)) ** 2, axis=0)
    present = np.flatnonzero(power > 1e-8 * power.max())
    return float(present[-1] * rate_hz / size)


def _db(amplitude: np.ndarray | float) -> np.ndarray:
    return 20 * np.log10(np.maximum(amplitude, 1e-9))
