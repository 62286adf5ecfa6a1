"""Prosody given by a user: a recording, or word vectors."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from pydantic import Field

from intone.documents import Closed, read
from intone.errors import UserError
from intone.files import write_whole
from tts_core.audio.io import read_audio
from tts_core.audio.mel import MelSpectrogram
from tts_core.config import Features
from tts_core.corpus.alignment.align import align_file, token_durations
from tts_core.corpus.alignment.types import AlignmentError
from tts_core.corpus.pauses import without_loud_boundaries
from tts_core.models.batch import collate
from tts_core.models.system import System
from tts_core.types import Sentence, Word

Number = Annotated[float, Field(allow_inf_nan=False)]


class WordVector(Closed):
    """Unit of a text, word or punctuation mark, with its vector (d,)."""

    text: str
    vector: list[Number]


class WordVectors(Closed):
    """File of CAMP's word vectors, to edit and to synthesize again."""

    version: int = 1
    weights_sha256: str = Field(description="of the system whose vectors these are")
    words: list[WordVector]


def recorded_prosody(
    model: System, features: Features, wav: Path, sentence: Sentence
) -> np.ndarray:
    """Return a recording's prosody, by the model's own encoder: `Synthesizer.prosody_of`."""
    if model.prosody_per == "none":
        raise UserError(
            f"{wav}: this system has no prosody latent that a recording could give; choose one "
            "that has, e.g. kathaka or camp"
        )
    mel = MelSpectrogram(features)(read_audio(wav, features.sample_rate_hz))
    batch = replace(
        collate([sentence.encoded]),
        mel=torch.from_numpy(mel)[None],
        frame_mask=torch.ones(1, len(mel), dtype=torch.bool),
        frame_lengths=torch.tensor([len(mel)]),
    )
    with torch.inference_mode():
        if model.prosody_per == "sentence":
            return model.oracle_prosody(batch).numpy()
        durations = torch.from_numpy(_durations(wav, sentence, mel, features))[None]
        return model.oracle_prosody(replace(batch, durations=durations))[0].numpy()


def _durations(wav: Path, sentence: Sentence, mel: np.ndarray, features: Features) -> np.ndarray:
    """Return frames per token (N,), aligned with pocketsphinx as in a preparation."""
    tokens = sentence.encoded.tokens
    try:
        durations = token_durations(tokens, align_file(wav, sentence), len(mel), features)
    except AlignmentError as error:
        raise UserError(f"{wav}: cannot be aligned with its text ({error})") from error
    return without_loud_boundaries(tokens, durations, mel)


def for_sentences(
    prosody: np.ndarray, sentences: Sequence[Sentence], model: System
) -> list[np.ndarray]:
    """Cut the prosody of a whole text into that of its sentences.

    Args:
        prosody: Kathaka: (1, Z) for all sentences or (S, Z). CAMP: (W, d).

    Returns:
        a row (1, Z), or the vectors of its units, for each of the S sentences.

    Raises:
        UserError: the sizes differ, or the system has no prosody latent.
    """
    rows, size = prosody.shape
    if model.prosody_per == "none":
        raise UserError(
            "this system has no prosody latent; give prosody to one that has, e.g. kathaka or camp"
        )
    _check_size(size, model.prosody_size)
    if model.prosody_per == "sentence":
        if rows not in (1, len(sentences)):
            raise UserError(f"prosody of {rows} sentences, but the text has {len(sentences)}")
        return [prosody[[position % rows]] for position in range(len(sentences))]
    counts = [len(sentence.words) for sentence in sentences]
    if rows != sum(counts):
        raise UserError(
            f"{rows} word vectors, but the text has {sum(counts)} words and punctuation marks"
        )
    return np.split(prosody, np.cumsum(counts)[:-1])


def _check_size(size: int, wanted: int) -> None:
    if size != wanted:
        raise UserError(f"prosody vectors of size {size}, but this system's have size {wanted}")


def require_same_units(wav: Path, recorded: Sequence[Word], wanted: Sequence[Word]) -> None:
    """Reject a recording of other words: CAMP has a vector per unit.

    Args:
        recorded: units of the recording's text. wanted: of the text to speak.
    """
    for position, (theirs, ours) in enumerate(zip(recorded, wanted, strict=False), 1):
        if (theirs.spoken.casefold(), theirs.punctuation) != (
            ours.spoken.casefold(),
            ours.punctuation,
        ):
            raise UserError(
                f"{wav}: unit {position} is {theirs.text!r} in the recording and {ours.text!r} in "
                "the text to speak; CAMP takes the prosody of the same words"
            )
    if len(recorded) != len(wanted):
        both = min(len(recorded), len(wanted))
        longer, name = (
            (recorded, "recording") if len(recorded) > both else (wanted, "text to speak")
        )
        raise UserError(
            f"{wav}: the {name} continues with {longer[both].text!r}; CAMP takes the prosody of "
            "the same words"
        )


def write_vectors(
    path: Path, texts: Sequence[str], vectors: np.ndarray, weights_sha256: str
) -> None:
    """Write word vectors (W, d) beside their units' texts.

    One unit a line.
    """
    rows = [
        WordVector(text=text, vector=[round(float(value), 5) for value in vector])
        for text, vector in zip(texts, vectors, strict=True)
    ]
    head = WordVectors(weights_sha256=weights_sha256, words=[]).model_dump_json()
    lines = ",\n".join(f"  {row.model_dump_json()}" for row in rows)
    write_whole(path, head.removesuffix("[]}") + f"[\n{lines}\n]}}\n")


def read_vectors(path: Path, words: Sequence[Word], weights_sha256: str) -> np.ndarray:
    """Read word vectors for a text, (W, d).

    Args:
        words: units of the text to speak. weights_sha256: of the system that will speak it.

    Raises:
        UserError: not such a file, of another system, or of other words; vectors of several sizes.
    """
    stored = read(path, WordVectors, "correct it, or write it again with --vectors-out")
    if stored.weights_sha256 != weights_sha256:
        raise UserError(
            f"{path}: these vectors are of other weights ({stored.weights_sha256[:12]} instead of "
            f"{weights_sha256[:12]}); each training has its own; write them again"
        )
    texts = [word.text for word in words]
    for position, (row, text) in enumerate(zip(stored.words, texts, strict=False)):
        if row.text != text:
            raise UserError(
                f"{path}: words.{position} is {row.text!r}, but the text has {text!r}; correct it"
            )
        if len(row.vector) != len(stored.words[0].vector):
            raise UserError(
                f"{path}: words.{position} ({row.text!r}) has {len(row.vector)} values, the first "
                f"word has {len(stored.words[0].vector)}"
            )
    if len(stored.words) != len(texts):
        raise UserError(f"{path}: {len(stored.words)} words, but the text has {len(texts)}")
    return np.array([row.vector for row in stored.words], np.float32)
