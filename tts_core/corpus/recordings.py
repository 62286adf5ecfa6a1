"""Work on the recordings of one piece of a corpus."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from intone.errors import UserError
from intone.files import write_whole
from tts_core.audio.checks import judge
from tts_core.audio.io import missing_share, read_audio, read_channels, to_mono
from tts_core.config import Features
from tts_core.corpus.alignment.align import token_durations
from tts_core.corpus.alignment.types import ALIGNER_RATE_HZ, AlignmentError, for_aligners
from tts_core.corpus.pauses import without_loud_boundaries
from tts_core.corpus.pool import Piece
from tts_core.corpus.shards import write_shard
from tts_core.types import Encoded, Prepared, Recording

CANCELLING = -0.9
"""Correlation of two channels below which their average is mostly silence."""


class Checked(NamedTuple):
    """Result of checking a recording: reason of refusal, and doubts."""

    utterance: str
    seconds: float
    fault: str | None
    doubts: Sequence[str]


class Draft(NamedTuple):
    """Utterance before its features are computed.

    times: (P, 2) of its phones, s.
    """

    recording: Recording
    split: str
    previous: str | None
    next: str | None
    encoded: Encoded
    words: tuple[str, ...]
    times: np.ndarray


def check_piece(piece: Piece, features: Features, wavs: Path) -> None:
    """Check recordings; write good ones to `wavs` at 16 kHz."""
    rows = [check(recording, features, wavs) for recording in piece.items]
    write_whole(piece.done, json.dumps(rows))


def read_checked(pieces: Iterable[Piece]) -> list[Checked]:
    """Read the results of `check_piece`."""
    return [
        Checked(*row)
        for piece in pieces
        for row in json.loads(piece.done.read_text(encoding="utf-8"))
    ]


def check(recording: Recording, features: Features, wavs: Path) -> Checked:
    """Judge one recording, whatever is wrong with it."""
    name = recording.utterance
    if not recording.text:
        return Checked(name, 0.0, "text missing", ())
    try:
        channels, rate = read_channels(recording.path)
        missing = missing_share(recording.path)
    except UserError as error:
        return Checked(name, 0.0, f"unreadable: {error}", ())
    seconds = len(channels) / rate
    if missing > 0:
        fault = f"truncated: the file lacks {100 * missing:.0f} % of the audio that it announces"
        return Checked(name, seconds, fault, ())
    fault, about_channels = _channels(channels)
    samples = to_mono(channels)
    if fault is None:
        fault, doubts = judge(samples, rate, features, recording.seconds)
        about_channels += doubts
    if fault is None:
        wav = wavs / f"{name}.wav"
        soundfile.write(wav, for_aligners(samples, rate), ALIGNER_RATE_HZ, subtype="PCM_16")
    return Checked(name, seconds, fault, about_channels)


def _channels(samples: np.ndarray) -> tuple[str | None, tuple[str, ...]]:
    """Check (L, channels) samples whose average will be used."""
    n_channels = samples.shape[1]
    if n_channels == 1:
        return None, ()
    spread = samples - samples.mean(axis=0)
    energy = np.sqrt(np.sum(np.square(spread[:, :2]), axis=0, dtype=np.float64))
    together = float(np.sum(spread[:, 0] * spread[:, 1], dtype=np.float64))
    if energy.min() > 0 and together / energy.prod() < CANCELLING:
        return "stereo: the channels cancel each other when they are averaged", ()
    return None, (f"{n_channels} channels: their average is used",)


def make_shard(piece: Piece, folder: Path, features: Features, mend: bool) -> None:
    """Compute features and durations of drafts and write their shard.

    `mend` takes loud pauses from the alignment. `done` says why drafts were left out; it is written
    after the shard: where it is, both are.
    """
    from tts_core.audio.mel import MelSpectrogram
    from tts_core.audio.pitch import f0

    spectrogram = MelSpectrogram(features)
    utterances, left_out = [], {}
    for draft in piece.items:
        recording = draft.recording
        samples = read_audio(recording.path, features.sample_rate_hz)
        mel = spectrogram(samples)
        try:
            tokens = draft.encoded.tokens
            durations = token_durations(tokens, draft.times, len(mel), features)
        except AlignmentError as error:
            left_out[recording.utterance] = f"alignment failed: {error}"
            continue
        if mend:
            durations = without_loud_boundaries(tokens, durations, mel)
        utterances.append(
            Prepared(
                utterance=recording.utterance,
                sentence=recording.sentence,
                text=recording.text,
                speaker=recording.speaker,
                split=draft.split,
                encoded=draft.encoded,
                durations=durations,
                mel=mel,
                f0=f0(samples, features),
                audio=_in_corpus(recording.path),
                words=draft.words,
                paragraph=recording.paragraph,
                position=recording.position,
                previous=draft.previous,
                next=draft.next,
            )
        )
    write_shard(shard_path(piece, folder), utterances, features)
    write_whole(piece.done, json.dumps(left_out))


def shard_path(piece: Piece, folder: Path) -> Path:
    """Return the path of a piece's shard."""
    return folder / f"{piece.done.stem}.parquet"


def _in_corpus(path: str) -> str:
    """Return a recording's file as seen from the corpus folder."""
    return "/".join(Path(path).parts[-2:])
