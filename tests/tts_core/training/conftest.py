"""Prepared corpus of many shards for streaming tests."""

from dataclasses import replace

import pytest

from tests.tts_core.training.support import N_SHARDS
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.corpus.shards import write_info, write_shard


@pytest.fixture
def sharded(corpus, utterance) -> PreparedCorpus:
    """Return 41 training shards, four of them with validation utterances."""
    names = [f"{number:03d}.parquet" for number in range(N_SHARDS)]
    for number, name in enumerate(names):
        size, slope = 2 + number // 2 % 2, float(number % 5)
        rows = [utterance(3 * number + i, 3 + i, slope) for i in range(size)]
        if number < 4:
            rows.insert(1, replace(utterance(900 + number), split="validation"))
        write_shard(corpus.path / "shards" / name, rows, corpus.info.features)
    write_info(corpus.path, corpus.info.model_copy(update={"shards": names}))
    return PreparedCorpus(corpus.path)
