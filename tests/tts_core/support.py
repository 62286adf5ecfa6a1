"""Prepared corpus of invented speech for tests of systems and benchmarks."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tts_core.config import Features
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.corpus.shards import (
    VERSION,
    PreparedInfo,
    SplitCounts,
    inventory_digest,
    write_info,
    write_shard,
)
from tts_core.corpus.sources import CorpusInfo
from tts_core.models.facts import CorpusFacts
from tts_core.text.tokens import DURATION_GROUPS
from tts_core.types import Prepared


def write_corpus(folder: Path, rows: Sequence[Prepared], facts: CorpusFacts) -> PreparedCorpus:
    """Write `rows` as a one-shard corpus with the statistics `facts`."""
    write_shard(folder / "shards" / "000.parquet", rows, Features())
    counts = Counter(row.split for row in rows)
    info = PreparedInfo(
        version=VERSION,
        inputs_digest="0" * 16,
        corpus=CorpusInfo(
            name="invented", speaker="invented", licence="none", stand_in=True, source="test"
        ),
        corpus_folder="",
        features=Features(),
        features_digest=Features().digest(),
        encoder="minilm",
        inventory_digest=inventory_digest(),
        speakers={"invented": len(rows)},
        lexicon_digest=None,
        aligner="invented",
        parsers={},
        split_seed=0,
        splits={
            name: SplitCounts(utterances=count, sentences=count, hours=0.0)
            for name, count in counts.items()
        },
        mel_mean=facts.mel_mean,
        mel_std=facts.mel_std,
        duration_groups=list(DURATION_GROUPS),
        duration_mean=facts.duration_mean,
        duration_std=facts.duration_std,
        graph_passes=facts.graph_passes,
        hours=0.0,
        shards=["000.parquet"],
        left_out=[],
        warnings=[],
    )
    write_info(folder, info)
    return PreparedCorpus(folder)
