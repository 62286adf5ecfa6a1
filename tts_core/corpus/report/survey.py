"""Contents of a prepared corpus, gathered in one pass."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from intone.progress import Progress, silent
from tts_core.audio.pitch import F0_CEILING_HZ, F0_FLOOR_HZ
from tts_core.corpus.pauses import token_levels
from tts_core.corpus.shards import PreparedInfo, read_shard
from tts_core.text.tokens import TOKENS, duration_group
from tts_core.types import Prepared

F0_EDGES_HZ = np.geomspace(F0_FLOOR_HZ, F0_CEILING_HZ, 369)
"""Edges of bins of a tenth of a semitone.

The counts give quantiles of any corpus without its frames in memory.
"""


@dataclass(frozen=True)
class Row:
    """One utterance. phones and words: their numbers. text: as written."""

    utterance: str
    sentence: str
    speaker: str
    split: str
    text: str
    seconds: float
    words: int
    phones: int
    phone_seconds: float


@dataclass
class Survey:
    """A prepared corpus in numbers.

    Attributes:
        frame_s: seconds a feature frame.
        rows: the utterances, U, in the order of the corpus.
        tokens: U arrays (N,) of token ids. durations: U arrays (N,) of frames.
        levels: U arrays (N,) of `token_levels`.
        f0: speaker to the (368,) number of voiced frames between `F0_EDGES_HZ`.
        spectrum_count: (tokens,) how often each token lasts a frame or more.
        spectrum_mean, spectrum_std: (tokens, M) of the tokens' mean log-mel spectra.
    """

    frame_s: float
    rows: list[Row] = field(default_factory=list)
    tokens: list[np.ndarray] = field(default_factory=list)
    durations: list[np.ndarray] = field(default_factory=list)
    levels: list[np.ndarray] = field(default_factory=list)
    f0: dict[str, np.ndarray] = field(default_factory=dict)
    spectrum_count: np.ndarray = field(default_factory=lambda: np.zeros(len(TOKENS)))
    spectrum_mean: np.ndarray = field(default_factory=lambda: np.zeros((len(TOKENS), 1)))
    spectrum_std: np.ndarray = field(default_factory=lambda: np.ones((len(TOKENS), 1)))


def utterances(folder: Path, info: PreparedInfo) -> Iterator[Prepared]:
    """Yield all utterances in order, one shard in memory at a time."""
    for shard in info.shards:
        yield from read_shard(folder / "shards" / shard, info.features)


def survey(folder: Path, info: PreparedInfo, progress: Progress = silent) -> Survey:
    """Read a prepared corpus once.

    Raises:
        UserError: a shard is damaged.
    """
    features = info.features
    contents = Survey(features.hop / features.sample_rate_hz)
    total = np.zeros((len(TOKENS), features.n_mels))
    squares = np.zeros_like(total)
    expected = sum(side.utterances for side in info.splits.values())
    for row in utterances(folder, info):
        contents.rows.append(_row(row, contents.frame_s))
        contents.tokens.append(row.encoded.tokens.astype(np.int16))
        contents.durations.append(row.durations.astype(np.int32))
        contents.levels.append(token_levels(row.encoded.tokens, row.durations, row.mel))
        counts, _ = np.histogram(row.f0[row.f0 > 0], F0_EDGES_HZ)
        contents.f0[row.speaker] = contents.f0.get(row.speaker, 0) + counts
        lasting, means = token_spectra(row)
        np.add.at(contents.spectrum_count, lasting, 1)
        np.add.at(total, lasting, means)
        np.add.at(squares, lasting, means**2)
        progress("reading the shards", len(contents.rows), expected)
    count = np.maximum(contents.spectrum_count, 1)[:, None]
    contents.spectrum_mean = total / count
    variance = squares / count - contents.spectrum_mean**2
    contents.spectrum_std = np.sqrt(np.maximum(variance, 1e-2))
    return contents


def token_spectra(row: Prepared) -> tuple[np.ndarray, np.ndarray]:
    """Return tokens of a frame or more and their mean spectra.

    Ids (K,) and log-mel (K, M).
    """
    lasting = row.durations > 0
    starts = (np.cumsum(row.durations) - row.durations)[lasting]
    sums = np.add.reduceat(row.mel.astype(np.float64), starts, axis=0)
    return row.encoded.tokens[lasting], sums / row.durations[lasting][:, None]


def phones_by_word(row: Prepared) -> tuple[tuple[str, ...], ...]:
    """Return the phones of each word, as an aligner takes them."""
    is_phone = duration_group(row.encoded.tokens) == 0
    words: dict[int, list[str]] = {}
    owners = row.encoded.token_unit[is_phone].tolist()
    for token, unit in zip(row.encoded.tokens[is_phone].tolist(), owners, strict=True):
        words.setdefault(unit, []).append(TOKENS[token])
    return tuple(tuple(word) for word in words.values())


def phone_starts(row: Prepared, frame_s: float) -> np.ndarray:
    """(P,) start of each speech phone, s."""
    starts = np.cumsum(row.durations) - row.durations
    return starts[duration_group(row.encoded.tokens) == 0] * frame_s


def _row(row: Prepared, frame_s: float) -> Row:
    is_phone = duration_group(row.encoded.tokens) == 0
    return Row(
        utterance=row.utterance,
        sentence=row.sentence,
        speaker=row.speaker,
        split=row.split,
        text=row.text,
        seconds=len(row.mel) * frame_s,
        words=int((row.encoded.punctuation == 0).sum()),
        phones=int(is_phone.sum()),
        phone_seconds=float(row.durations[is_phone].sum()) * frame_s,
    )
