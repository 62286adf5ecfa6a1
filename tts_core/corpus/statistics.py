"""Statistics of a corpus that a model needs, in one pass."""

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

import numpy as np

from intone.errors import UserError
from tts_core.config import Features
from tts_core.corpus.shards import SplitCounts, read_shard
from tts_core.corpus.splits import SPLITS
from tts_core.text.syntax import diameter
from tts_core.text.tokens import DURATION_GROUPS, duration_group
from tts_core.units import frames_to_seconds

PERCENTILE = 75
"""Kathaka section 3.2.2."""


class Statistics(TypedDict):
    """The fields of `PreparedInfo` that are computed here."""

    splits: dict[str, SplitCounts]
    speakers: dict[str, int]
    mel_mean: list[float]
    mel_std: list[float]
    duration_groups: list[str]
    duration_mean: list[float]
    duration_std: list[float]
    graph_passes: int
    hours: float


class _Moments:
    """Mean and standard deviation of a stream of rows."""

    def __init__(self, size: int) -> None:
        self.count = 0
        self.total, self.squares = np.zeros(size), np.zeros(size)

    def add(self, rows: np.ndarray) -> None:
        rows = rows.astype(np.float64)
        self.count += len(rows)
        self.total += rows.sum(axis=0)
        self.squares += (rows**2).sum(axis=0)

    def mean(self) -> np.ndarray:
        return self.total / max(self.count, 1)

    def std(self) -> np.ndarray:
        """1 where nothing varies, so that dividing by it is safe."""
        variance = np.maximum(self.squares / max(self.count, 1) - self.mean() ** 2, 0.0)
        return np.where(variance > 1e-10, np.sqrt(variance), 1.0)


def statistics(paths: Sequence[Path], features: Features) -> Statistics:
    """Count every split; compute means and deviations of the training split.

    Raises:
        UserError: the training split is empty.
    """
    mel = _Moments(features.n_mels)
    durations = [_Moments(1) for _ in DURATION_GROUPS]
    diameters: list[int] = []
    speakers = Counter[str]()
    seconds: dict[str, float] = dict.fromkeys(SPLITS, 0.0)
    sentences: dict[str, set[str]] = {name: set() for name in SPLITS}
    utterances: dict[str, int] = dict.fromkeys(SPLITS, 0)
    for utterance in (u for path in paths for u in read_shard(path, features)):
        side = utterance.split
        utterances[side] += 1
        speakers[utterance.speaker] += 1
        sentences[side].add(utterance.sentence)
        seconds[side] += frames_to_seconds(
            len(utterance.mel), features.hop, features.sample_rate_hz
        )
        if side != "train":
            continue
        mel.add(utterance.mel)
        diameters.append(diameter(utterance.encoded.node_parents))
        group = duration_group(utterance.encoded.tokens)
        for index, moments in enumerate(durations):
            moments.add(utterance.durations[group == index][:, None])
    if not diameters:
        raise UserError("no recording is left to train on; add recordings to the corpus")
    return {
        "splits": {
            name: SplitCounts(
                utterances=utterances[name],
                sentences=len(sentences[name]),
                hours=seconds[name] / 3600,
            )
            for name in SPLITS
        },
        "speakers": dict(sorted(speakers.items())),
        "mel_mean": mel.mean().tolist(),
        "mel_std": mel.std().tolist(),
        "duration_groups": list(DURATION_GROUPS),
        "duration_mean": [float(moments.mean()[0]) for moments in durations],
        "duration_std": [float(moments.std()[0]) for moments in durations],
        "graph_passes": max(1, math.ceil(np.percentile(diameters, PERCENTILE))),
        "hours": sum(seconds.values()) / 3600,
    }
