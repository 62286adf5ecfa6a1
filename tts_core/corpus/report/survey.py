"""What stands in a prepared corpus, gathered in one pass over its shards."""

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
"""Bins of a tenth of a semitone: quantiles of any corpus without its frames in memory."""


@dataclass(frozen=True)
class Row:
    """One utterance. phones and words: how many. worded: as written."""

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
    """All utterances of a prepared corpus in order, one shard in memory at a time."""
    for shard in info.shards:
        yield from read_shard(folder / "shards" / shard, info.features)


def survey(folder: Path, info: PreparedInfo, progress: Progress = silent) -> Survey:
    """Read a prepared corpus once.

    Raises:
        UserError: a shard is damaged.
    """
    features = info.features
    found = Survey(features.hop / features.sample_rate_hz)
    total = np.zeros((len(TOKENS), features.n_mels))
    squares = np.zeros_like(total)
    expected = sum(side.utterances for side in info.splits.values())
    for one in utterances(folder, info):
        found.rows.append(_row(one, found.frame_s))
        found.tokens.append(one.encoded.tokens.astype(np.int16))
        found.durations.append(one.durations.astype(np.int32))
        found.levels.append(token_levels(one.encoded.tokens, one.durations, one.mel))
        counts, _ = np.histogram(one.f0[one.f0 > 0], F0_EDGES_HZ)
        found.f0[one.speaker] = found.f0.get(one.speaker, 0) + counts
        lasting, means = token_spectra(one)
        np.add.at(found.spectrum_count, lasting, 1)
        np.add.at(total, lasting, means)
        np.add.at(squares, lasting, means**2)
        progress("reading the shards", len(found.rows), expected)
    count = np.maximum(found.spectrum_count, 1)[:, None]
    found.spectrum_mean = total / count
    variance = squares / count - found.spectrum_mean**2
    found.spectrum_std = np.sqrt(np.maximum(variance, 1e-2))
    return found


def token_spectra(one: Prepared) -> tuple[np.ndarray, np.ndarray]:
    """The tokens that last a frame or more, (K,) ids, and their mean log-mel spectra, (K, M)."""
    lasting = one.durations > 0
    starts = (np.cumsum(one.durations) - one.durations)[lasting]
    sums = np.add.reduceat(one.mel.astype(np.float64), starts, axis=0)
    return one.encoded.tokens[lasting], sums / one.durations[lasting][:, None]


def phones_by_word(one: Prepared) -> tuple[tuple[str, ...], ...]:
    """The phones of each word, as an aligner takes them."""
    is_phone = duration_group(one.encoded.tokens) == 0
    words: dict[int, list[str]] = {}
    owners = one.encoded.token_unit[is_phone].tolist()
    for token, unit in zip(one.encoded.tokens[is_phone].tolist(), owners, strict=True):
        words.setdefault(unit, []).append(TOKENS[token])
    return tuple(tuple(word) for word in words.values())


def phone_starts(one: Prepared, frame_s: float) -> np.ndarray:
    """(P,) start of each speech phone, s."""
    starts = np.cumsum(one.durations) - one.durations
    return starts[duration_group(one.encoded.tokens) == 0] * frame_s


def _row(one: Prepared, frame_s: float) -> Row:
    is_phone = duration_group(one.encoded.tokens) == 0
    return Row(
        utterance=one.utterance,
        sentence=one.sentence,
        speaker=one.speaker,
        split=one.split,
        text=one.text,
        seconds=len(one.mel) * frame_s,
        words=int((one.encoded.punctuation == 0).sum()),
        phones=int(is_phone.sum()),
        phone_seconds=float(one.durations[is_phone].sum()) * frame_s,
    )
