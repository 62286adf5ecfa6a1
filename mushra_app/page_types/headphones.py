"""Headphone check: in each round, name one of three sounds.

Antiphase (Woods et al. 2017): three tones, one of them quieter. Another one has opposite signs at
the two ears; loudspeakers cancel it in the air, so that it seems to be the quiet one. Huggins pitch
(Milne et al. 2021): three noises, one of them with a narrow band turned round at one ear; two ears
together hear a faint tone there, while each sound by itself, and the mixture that loudspeakers
make, is mere noise.
"""

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mushra_app.http.errors import RefusedError
from mushra_app.page_types.base import PageContext, UnratedType
from mushra_app.study.steps import HeadphonesStep

RATE = 22050
SECONDS, RAMP_S = 1.0, 0.1
# Woods et al.: 200 Hz, the quiet tone 6 dB down.
TONE_HZ, TONE_PEAK, QUIETER = 200.0, 0.2, 10 ** (-6 / 20)
# Milne et al.: 180 degrees within 6 % of 600 Hz.
BAND_HZ, BAND_SHARE, NOISE_RMS = 600.0, 0.06, 0.06
EACH = 3


class Headphones(UnratedType[HeadphonesStep]):
    """Rounds of one method, or of both, one after the other."""

    name = "headphones"

    def asked(self, page: PageContext[HeadphonesStep]) -> dict[str, Any]:
        """Return the method of each round, without the right answers."""
        return {"rounds": [method for method, _ in _rounds(page.step)], "each": EACH}

    def sounds(self, step: HeadphonesStep) -> int:
        """Return three for each round."""
        return EACH * len(_rounds(step))

    def sound(self, page: PageContext[HeadphonesStep], slot: int, folder: Path) -> bytes:
        """Return one of the three sounds; all files have one size."""
        del folder
        number, position = divmod(slot, EACH)
        method, _ = _rounds(page.step)[number]
        order = _order(page.seed, number)
        noise = np.random.default_rng([page.seed, number, position, 1])
        return _wav((_tone if method == "antiphase" else _noise)(order[position], noise))

    def check(
        self, page: PageContext[HeadphonesStep], answers: Mapping[str, Any], opened_s: float
    ) -> bool:
        """Check whether each method has enough right answers."""
        del opened_s
        rounds = _rounds(page.step)
        right: dict[str, int] = {}
        for number, (method, name) in enumerate(rounds):
            answer = answers.get(name)
            if answer is None:
                raise RefusedError(409, f"round {number + 1} of {len(rounds)} has no answer")
            if type(answer) is not int or answer not in range(EACH):
                raise RefusedError(422, f"round {number + 1}: answer with 0, 1 or 2")
            right[method] = right.get(method, 0) + (_order(page.seed, number)[answer] == 0)
        if len(answers) > len(rounds):
            raise RefusedError(422, f"this page has only {len(rounds)} rounds")
        return all(count >= page.step.needed for count in right.values())

    def remembered(self, answers: Mapping[str, Any], passed: bool | None) -> dict[str, Any]:
        """Return the result of the check, "passed" or "failed"."""
        del answers
        return {"headphones": "passed" if passed else "failed"}


def _rounds(step: HeadphonesStep) -> list[tuple[str, str]]:
    """Return the method of each round and its name in the answers."""
    methods = ("antiphase", "huggins") if step.method == "both" else (step.method,)
    return [(m, f"{m}_{i + 1}") for m in methods for i in range(step.rounds)]


def _order(seed: int, number: int) -> list[int]:
    """Return the roles of the sounds: 0 target, 1 decoy, 2 neither."""
    return np.random.default_rng([seed, number]).permutation(EACH).tolist()


def _tone(role: int, generator: np.random.Generator) -> np.ndarray:
    """Return two channels of a tone: 0 quieter, 1 antiphase, 2 plain."""
    times = np.arange(round(SECONDS * RATE)) / RATE
    wave = np.sin(2 * np.pi * (TONE_HZ * times + generator.random()))
    wave *= TONE_PEAK * (QUIETER if role == 0 else 1)
    return np.stack([wave, -wave if role == 1 else wave])


def _noise(role: int, generator: np.random.Generator) -> np.ndarray:
    """Return two channels of noise; role 0 has an inverted band."""
    frames = round(SECONDS * RATE)
    left = generator.standard_normal(frames)
    spectrum = np.fft.rfft(left)
    away = np.abs(np.fft.rfftfreq(frames, 1 / RATE) / BAND_HZ - 1)
    if role == 0:
        spectrum[away <= BAND_SHARE] *= -1
    right = np.fft.irfft(spectrum, frames)
    return NOISE_RMS * np.stack([left, right])


def _wav(channels: np.ndarray) -> bytes:
    """Return a 16-bit WAV file with faded edges and no metadata."""
    ramp = 0.5 - 0.5 * np.cos(np.linspace(0, np.pi, round(RAMP_S * RATE)))
    shaped = channels.copy()
    shaped[:, : len(ramp)] *= ramp
    shaped[:, -len(ramp) :] *= ramp[::-1]
    data = np.clip(np.rint(shaped * 32767), -32768, 32767).astype("<i2").T.tobytes()
    form = struct.pack("<HHIIHH", 1, 2, RATE, RATE * 4, 4, 16)
    head = (
        b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data))
    )
    return b"RIFF" + struct.pack("<I", len(head) + len(data)) + head + data
