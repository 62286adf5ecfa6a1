"""Alignment of phones with recordings.

Every source has one result, (P, 2) start and end times of an utterance's speech phones in order:

* viter trains the Montreal recipe on the corpus itself, for `VITER_MINIMUM_S` of speech and more;
* pocketsphinx brings its own acoustic model, for less speech and for single files;
* TextGrid and CTM files bring an alignment that was made elsewhere.

Aligners are given our own phones, not words, and imported phones are compared with ours, so an
alignment's phones equal the sentence's phones.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import soundfile

from intone.errors import UserError
from intone.progress import Progress, silent
from tts_core.audio.io import read_audio_and_rate
from tts_core.config import Features
from tts_core.corpus.alignment.imports import import_alignment
from tts_core.corpus.alignment.sphinx import align_samples, align_with_pocketsphinx
from tts_core.corpus.alignment.types import (
    Alignment,
    AlignmentError,
    Utterance,
    for_aligners,
    phones_of,
)
from tts_core.corpus.alignment.viter import align_with_viter
from tts_core.text.tokens import duration_group
from tts_core.types import Sentence
from tts_core.units import end_times_to_durations

VITER_MINIMUM_S = 600.0


def align(
    source: str,
    utterances: Mapping[str, Utterance],
    seed: int = 0,
    progress: Progress = silent,
) -> Alignment:
    """Align a corpus, or import an existing alignment of it.

    Args:
        source: `viter`, `pocketsphinx`, `auto` (viter from `VITER_MINIMUM_S` of speech on, else
            pocketsphinx), or the path of a folder of Praat TextGrids or of a CTM file.
        utterances: id to 16 kHz WAV and phones.
        seed: of viter's training.
        progress: receives the stage and the units done.

    Raises:
        UserError: no such source, or nothing in its files is of these utterances.
    """
    if source == "auto":
        total_s = sum(soundfile.info(utterance.wav).duration for utterance in utterances.values())
        source = "viter" if total_s >= VITER_MINIMUM_S else "pocketsphinx"
    unspoken = {
        name: AlignmentError("there is nothing to read in the text")
        for name, utterance in utterances.items()
        if not utterance.phones
    }
    spoken = {name: utterance for name, utterance in utterances.items() if name not in unspoken}
    name = source
    if source == "viter":
        times = align_with_viter(spoken, seed, progress)
    elif source == "pocketsphinx":
        times = align_with_pocketsphinx(spoken, progress)
    else:
        name, times = import_alignment(Path(source), spoken, progress)
    times = unspoken | times
    return Alignment(
        aligner=name,
        times={n: t for n, t in times.items() if isinstance(t, np.ndarray)},
        failures={n: str(e) for n, e in times.items() if isinstance(e, AlignmentError)},
    )


def align_file(wav: str | Path, sentence: Sentence) -> np.ndarray:
    """Align one recording with its text by pocketsphinx, without training.

    Args:
        wav: audio of any rate that holds the sentence and nothing else.
        sentence: the text that is spoken.

    Returns:
        (P, 2) start and end of the sentence's speech phones, s.

    Raises:
        UserError: the file cannot be read, or its text was not found in it.
    """
    samples, rate = read_audio_and_rate(wav)
    try:
        return align_samples(for_aligners(samples, rate), phones_of(sentence))
    except AlignmentError as error:
        raise UserError(
            f"{wav}: cannot be aligned with its text ({error}); check that "
            f"{sentence.text!r} is what is spoken there"
        ) from error


def token_durations(
    tokens: np.ndarray, times: np.ndarray, n_frames: int, features: Features
) -> np.ndarray:
    """Frames per token of the layout in `tts_core.types`.

    The silence between two words goes to the first token between them, the silence before and after
    the speech to `<s>` and `</s>`. Cumulated end times are rounded; then phones get at least 1
    frame, at the cost of their neighbours.

    Args:
        tokens: (N,) ids.
        times: (P, 2) start and end of the speech phones, s.
        n_frames: T.

    Returns:
        (N,) int64, sum T.

    Raises:
        AlignmentError: there are other phones than the tokens', or more than T.
    """
    is_phone = duration_group(tokens) == 0
    if int(is_phone.sum()) != len(times):
        raise AlignmentError(f"{len(times)} phones aligned, {int(is_phone.sum())} in the text")
    if int(is_phone.sum()) > n_frames:
        raise AlignmentError(f"{int(is_phone.sum())} phones do not fit into {n_frames} frames")
    ends = np.zeros(len(tokens))
    ends[is_phone] = times[:, 1]
    starts = np.append(times[:, 0], np.inf)
    # Of several tokens between two phones all end where the next phone starts: the first
    # one spans the silence and the others last nothing.
    following = np.cumsum(is_phone)
    ends[~is_phone] = starts[following[~is_phone]]
    ends[(following == len(times)) & ~is_phone] = times[-1, 1]
    rounded = np.cumsum(
        end_times_to_durations(ends, n_frames, features.hop, features.sample_rate_hz)
    )
    return _with_minimum(rounded, is_phone.astype(np.int64), n_frames)


def _with_minimum(ends: np.ndarray, minimum: np.ndarray, n_frames: int) -> np.ndarray:
    """Move end frames (N,) until durations reach the minimum.

    A pass to either side moves them as little as possible.
    """
    total = np.cumsum(minimum)
    # ends[i] - total[i] must not fall; and total[-1] - total[i] frames must remain after i.
    slack = np.maximum.accumulate(np.maximum(ends - total, 0))
    moved = np.minimum(slack, n_frames - total[-1]) + total
    moved[-1] = n_frames
    return np.diff(moved, prepend=0)
