"""When each phone is spoken.

Two aligners with one result, (P, 2) start and end times of an utterance's speech phones in order:

* viter trains the Montreal recipe on the corpus itself, for `VITER_MINIMUM_S` of speech and more;
* pocketsphinx brings its own acoustic model, for less speech and for single files.

Both are given our own phones, not words, so an alignment's phones equal the sentence's phones.
"""

import math
import os
import string
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import soundfile
import soxr

from tts_core.config import Features
from tts_core.corpus.progress import Progress, silent
from tts_core.text.tokens import TOKENS, duration_group
from tts_core.types import Sentence
from tts_core.units import end_times_to_durations

VITER_MINIMUM_S = 600.0
ALIGNER_RATE_HZ = 16000
_SPHINX_FRAME_S = 0.01
# Words of a corpus differ in loudness; the aligners' models were made at one level.
_PEAK = 0.6
_CLOSURES = frozenset(["B", "CH", "D", "G", "JH", "K", "P", "T"])


class AlignmentError(Exception):
    """The aligner found no path; says why."""


class Utterance(NamedTuple):
    """What an aligner needs: an audio file and, for each word unit, its phones with stress."""

    wav: Path
    words: tuple[tuple[str, ...], ...]


def phones_of(sentence: Sentence) -> tuple[tuple[str, ...], ...]:
    """The phones of each word unit, W entries less the punctuation."""
    return tuple(word.phones for word in sentence.words if not word.punctuation)


def for_aligners(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """(L,) samples at any rate as (L',) float32 at 16 kHz with one peak level."""
    resampled = soxr.resample(samples, rate_hz, ALIGNER_RATE_HZ)
    return (resampled * (_PEAK / max(1e-6, float(np.abs(resampled).max())))).astype(np.float32)


def align_with_viter(
    utterances: Mapping[str, Utterance], seed: int = 0, progress: Progress = silent
) -> dict[str, np.ndarray | AlignmentError]:
    """Train an acoustic model on the utterances and align them with it.

    Monophones, then triphones, without LDA, speaker adaptation and pronunciation probabilities:
    the measured compromise of time and accuracy for one speaker.

    Args:
        utterances: id to 16 kHz WAV and phones; about `VITER_MINIMUM_S` of speech or more.
        seed: of the training.
        progress: is told per mille of the training, then the utterances.

    Returns:
        id to (P, 2) start and end, s, or to why there is none.
    """
    import viter

    names = _pseudo_words(utterances)
    with tempfile.TemporaryDirectory(prefix="intone-align-") as scratch:
        corpus, dictionary = Path(scratch, "corpus"), Path(scratch, "dictionary.txt")
        corpus.mkdir()
        _write_dictionary(dictionary, names)
        texts = {}
        for name, utterance in utterances.items():
            texts[name] = " ".join(names[word] for word in utterance.words)
            (corpus / f"{name}.wav").symlink_to(utterance.wav.resolve())
            (corpus / f"{name}.txt").write_text(texts[name] + "\n", encoding="utf-8")
        try:
            model = viter.train(
                corpus,
                Path(scratch, "corpus.viter"),
                dict=dictionary,
                cpu=True,
                seed=seed,
                no_lda=True,
                no_sat=True,
                no_pron_probs=True,
                quiet=True,
                progress=lambda told: progress(
                    "training the aligner", round(1000 * told["fraction"]), 1000
                ),
            )
        except viter.ViterError as error:
            failure = AlignmentError(f"the aligner could not be trained: {error}")
            return dict.fromkeys(utterances, failure)
        ids = list(utterances)
        progress("aligning", 0, len(ids))
        # All at once: viter pools its feature normalisation over a speaker's utterances.
        with _quiet_standard_error():
            found = model.align_many([(utterances[name].wav, texts[name]) for name in ids])
        progress("aligning", len(ids), len(ids))
    return {
        name: _from_viter(alignment, utterances[name].words)
        for name, alignment in zip(ids, found, strict=True)
    }


def align_with_pocketsphinx(
    utterances: Mapping[str, Utterance], progress: Progress = silent
) -> dict[str, np.ndarray | AlignmentError]:
    """Align utterances with pocketsphinx's own US English model.

    Each phone is a word of its own dictionary, which aligns more utterances than whole words do.
    `bestpath` is off: measured on 40 demo sentences, the second search through the lattice loses
    7, the first alone none.

    Args:
        utterances: id to audio file and phones.
        progress: is told how many are done.

    Returns:
        id to (P, 2) start and end, s, or to why there is none.
    """
    decoder = _sphinx_decoder()
    found: dict[str, np.ndarray | AlignmentError] = {}
    for name, utterance in utterances.items():
        found[name] = _sphinx_align(decoder, utterance)
        progress("aligning", len(found), len(utterances))
    return found


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
    """Move (N,) end frames as little as a pass to either side needs for the minimum durations."""
    total = np.cumsum(minimum)
    # ends[i] - total[i] must not fall; and total[-1] - total[i] frames must remain after i.
    slack = np.maximum.accumulate(np.maximum(ends - total, 0))
    moved = np.minimum(slack, n_frames - total[-1]) + total
    moved[-1] = n_frames
    return np.diff(moved, prepend=0)


@contextmanager
def _quiet_standard_error() -> Iterator[None]:
    """Send the process' standard error nowhere: viter's Rust side writes there unasked."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _pseudo_words(utterances: Mapping[str, Utterance]) -> dict[tuple[str, ...], str]:
    """A made-up spelling for every distinct phone string, in letters that no normaliser touches."""
    strings = sorted({word for u in utterances.values() for word in u.words})
    width = max(1, math.ceil(math.log(max(len(strings), 2), 26)))
    return {phones: _letters(index, width) for index, phones in enumerate(strings)}


def _letters(index: int, width: int) -> str:
    out = []
    for _ in range(width):
        index, letter = divmod(index, 26)
        out.append(string.ascii_lowercase[letter])
    return "w" + "".join(out)


def _write_dictionary(path: Path, names: Mapping[tuple[str, ...], str]) -> None:
    lines = [f"{name}\t{' '.join(phones)}\n" for phones, name in names.items()]
    path.write_text("".join(lines), encoding="utf-8")


def _from_viter(alignment: Any, words: tuple[tuple[str, ...], ...]) -> np.ndarray | AlignmentError:
    if alignment is None:
        return AlignmentError("viter found no path from the text to the audio")
    spoken = [phone for phone in alignment.phones if phone.label not in ("", "sil", "sp", "spn")]
    expected = [phone for word in words for phone in word]
    if [phone.label for phone in spoken] != expected:
        return AlignmentError("viter aligned other phones than the text's")
    return np.array([(phone.start, phone.end) for phone in spoken])


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
            loglevel="FATAL",
        )


def _sphinx_align(decoder: Any, utterance: Utterance) -> np.ndarray | AlignmentError:
    phones = [phone.rstrip("012") for word in utterance.words for phone in word]
    if not phones:
        return AlignmentError("there is nothing to read in the text")
    samples = for_aligners(*soundfile.read(utterance.wav, dtype="float32"))
    times = _sphinx_pass(decoder, samples, phones)
    if times is None:
        return AlignmentError("pocketsphinx found no path from the text to the audio")
    times = np.minimum(times, len(samples) / ALIGNER_RATE_HZ)
    return _absorb_gaps_in_words(times, utterance.words)


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
    return frames * _SPHINX_FRAME_S


def _absorb_gaps_in_words(times: np.ndarray, words: tuple[tuple[str, ...], ...]) -> np.ndarray:
    """Give a silence inside a word to the stop whose closure it is, else to the phone before it."""
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
