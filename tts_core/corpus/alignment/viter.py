"""Alignment by viter: a model trained on the corpus itself."""

import math
import os
import string
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from intone.progress import Progress, silent
from tts_core.corpus.alignment.types import AlignmentError, Utterance


def align_with_viter(
    utterances: Mapping[str, Utterance], seed: int = 0, progress: Progress = silent
) -> dict[str, np.ndarray | AlignmentError]:
    """Train an acoustic model on the utterances and align them with it.

    Monophones, then triphones, without LDA, speaker adaptation and pronunciation probabilities:
    the measured compromise of time and accuracy for one speaker.

    Args:
        utterances: id to 16 kHz WAV and phones; about `VITER_MINIMUM_S` of speech or more.
        seed: of the training.
        progress: receives per mille of the training, then the utterances.

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
                progress=lambda report: progress(
                    "training the aligner", round(1000 * report["fraction"]), 1000
                ),
            )
        except viter.ViterError as error:
            failure = AlignmentError(f"the aligner could not be trained: {error}")
            return dict.fromkeys(utterances, failure)
        ids = list(utterances)
        progress("aligning", 0, len(ids))
        # All at once: viter pools its feature normalisation over a speaker's utterances.
        with _quiet_standard_error():
            alignments = model.align_many([(utterances[name].wav, texts[name]) for name in ids])
        progress("aligning", len(ids), len(ids))
    return {
        name: _from_viter(alignment, utterances[name].words)
        for name, alignment in zip(ids, alignments, strict=True)
    }


@contextmanager
def _quiet_standard_error() -> Iterator[None]:
    """Discard the process' standard error, where viter's Rust side writes."""
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
    """Return a unique spelling for every distinct phone string.

    Its letters are left alone by every normaliser.
    """
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
