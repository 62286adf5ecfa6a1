"""Alignment without training: pocketsphinx and the US English model that it brings."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from intone.progress import Progress, silent
from tts_core.corpus.alignment.types import (
    ALIGNER_RATE_HZ,
    AlignmentError,
    Utterance,
    for_aligners,
)
from tts_core.text.tokens import TOKENS

_FRAME_S = 0.01
_SILENCE_PROBABILITY = 0.5
"""Probability of a silence between two phones.

With pocketsphinx's default of 0.005, half as many of Kathleen's pauses are found.
"""
_CLOSURES = frozenset(["B", "CH", "D", "G", "JH", "K", "P", "T"])


def align_with_pocketsphinx(
    utterances: Mapping[str, Utterance], progress: Progress = silent
) -> dict[str, np.ndarray | AlignmentError]:
    """Align utterances with pocketsphinx's own US English model.

    Args:
        utterances: id to audio file and phones.
        progress: receives how many are done.

    Returns:
        id to (P, 2) start and end, s, or to why there is none.
    """
    decoder = _sphinx_decoder()
    times: dict[str, np.ndarray | AlignmentError] = {}
    for name, utterance in utterances.items():
        samples = for_aligners(*soundfile.read(utterance.wav, dtype="float32"))
        try:
            times[name] = align_samples(samples, utterance.words, decoder)
        except AlignmentError as error:
            times[name] = error
        progress("aligning", len(times), len(utterances))
    return times


def align_samples(
    samples: np.ndarray, words: tuple[tuple[str, ...], ...], decoder: Any = None
) -> np.ndarray:
    """Align one recording.

    Each phone is a word of its own dictionary, which aligns more utterances than whole words do.
    `bestpath` is off: measured on 40 demo sentences, the second search through the lattice loses
    7, the first alone none; nor does it lose any of 300 recordings of Kathleen. What then has no
    path lacks part of its text: silence put around it would only hide that.

    Args:
        samples: (L,) from `for_aligners`.
        words: phones of each word.
        decoder: from an earlier call; made anew if None.

    Returns:
        (P, 2) start and end, s.

    Raises:
        AlignmentError: no path was found.
    """
    decoder = decoder or _sphinx_decoder()
    phones = [phone.rstrip("012") for word in words for phone in word]
    times = _sphinx_pass(decoder, samples, phones)
    if times is None:
        raise AlignmentError("pocketsphinx found no path from the text to the audio")
    inside = np.minimum(times, len(samples) / ALIGNER_RATE_HZ)
    return _absorb_gaps_in_words(inside, words)


def _sphinx_decoder() -> Any:
    import pocketsphinx

    model = Path(pocketsphinx.get_model_path("en-us"))
    phones = sorted({token.rstrip("012") for token in TOKENS if token[0].isalpha()})
    with tempfile.NamedTemporaryFile("w", suffix=".dict") as dictionary:
        dictionary.writelines(f"ph{phone.lower()} {phone}\n" for phone in phones)
        dictionary.flush()
        return pocketsphinx.Decoder(
            hmm=str(model / "en-us"),
            dict=dictionary.name,
            lm=None,
            bestpath=False,
            silprob=_SILENCE_PROBABILITY,
            loglevel="FATAL",
        )


def _sphinx_pass(decoder: Any, samples: np.ndarray, phones: list[str]) -> np.ndarray | None:
    pcm = (samples * 32767).astype("<i2").tobytes()
    try:
        decoder.set_align_text(" ".join(f"ph{phone.lower()}" for phone in phones))
        decoder.start_utt()
        decoder.process_raw(pcm, full_utt=True)
        decoder.end_utt()
        segments = [s for s in decoder.seg() or () if s.word.startswith("ph")]
    except RuntimeError:
        return None
    if [s.word for s in segments] != [f"ph{phone.lower()}" for phone in phones]:
        return None
    frames = np.array([(s.start_frame, s.end_frame + 1) for s in segments], dtype=float)
    return frames * _FRAME_S


def _absorb_gaps_in_words(times: np.ndarray, words: tuple[tuple[str, ...], ...]) -> np.ndarray:
    """Give silences inside words to a phone.

    A stop gets the silence of its closure; else the phone before it.
    """
    times = times.copy()
    index = 0
    for word in words:
        for inner in range(index + 1, index + len(word)):
            if word[inner - index].rstrip("012") in _CLOSURES:
                times[inner, 0] = times[inner - 1, 1]
            else:
                times[inner - 1, 1] = times[inner, 0]
        index += len(word)
    return times
