"""A prepared corpus that stays for all tests of the scripts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.workload import facts, recording
from tts_core.config import Features
from tts_core.corpus.shards import (
    VERSION,
    PreparedInfo,
    SplitCounts,
    inventory_digest,
    write_info,
    write_shard,
)
from tts_core.corpus.sources import CorpusInfo


@pytest.fixture(scope="session")
def small_corpus(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    random = np.random.default_rng(0)
    rows = [recording(random, i, 20) for i in range(12)]
    rows += [replace(recording(random, 20 + i, 20), split="validation") for i in range(3)]
    write_shard(folder / "shards" / "000.parquet", rows, Features())
    known = facts()
    info = PreparedInfo(
        version=VERSION,
        inputs_digest="0" * 16,
        corpus=CorpusInfo(
            name="invented", speaker="nobody", licence="none", stand_in=True, source="test"
        ),
        corpus_folder="",
        features=Features(),
        features_digest=Features().digest(),
        encoder="minilm",
        inventory_digest=inventory_digest(),
        speakers={"nobody": 15},
        lexicon_digest=None,
        aligner="invented",
        parsers={},
        split_seed=0,
        splits={"train": SplitCounts(utterances=12, sentences=12, hours=0.0)},
        mel_mean=known.mel_mean,
        mel_std=known.mel_std,
        duration_groups=["phone", "punctuation", "boundary"],
        duration_mean=[6.0, 6.0, 6.0],
        duration_std=[1.0, 1.0, 1.0],
        graph_passes=4,
        hours=0.0,
        shards=["000.parquet"],
        left_out=[],
        warnings=[],
    )
    write_info(folder, info)
    return folder
