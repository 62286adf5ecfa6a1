"""Miniature corpora, written by the tests that read them."""

from pathlib import Path

import numpy as np
import soundfile

from tts_core.corpus import readers


def sound(path: Path, seconds: float = 0.1, rate: int = 16000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(round(seconds * rate)) / rate)
    soundfile.write(path, tone, rate)
    return path


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def texts(found: readers.Found) -> dict[str, str]:
    return {r.utterance: r.text for r in found.readings}


def reasons(found: readers.Found) -> dict[str, str]:
    return {one.utterance: one.reason for one in found.left_out}
