"""Shards return their content or refuse with one sentence."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from intone.errors import UserError
from tts_core.config import Features, preset
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.corpus.prepare import prepare
from tts_core.corpus.shards import VERSION, read_info, read_shard, write_shard


@pytest.fixture
def prepared(corpus, tmp_path) -> Path:
    prepare(corpus, tmp_path / "out", workers=1)
    return tmp_path / "out"


def damage(folder: Path, **changes) -> None:
    path = folder / "prepared.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_shards_give_back_what_was_written(utterance, tmp_path):
    utterances = [utterance(seed) for seed in range(3)]
    path = tmp_path / "shards" / "000.parquet"
    write_shard(path, utterances, Features())
    for one, other in zip(read_shard(path, Features()), utterances, strict=True):
        for name in ("utterance", "sentence", "text", "speaker", "split", "audio", "words"):
            assert getattr(one, name) == getattr(other, name)
        for name in ("paragraph", "position", "previous", "next"):
            assert getattr(one, name) == getattr(other, name)
        for name, value in vars(other.encoded).items():
            np.testing.assert_array_equal(getattr(one.encoded, name), value)
            assert getattr(one.encoded, name).dtype == np.int64
        np.testing.assert_allclose(one.mel, other.mel, atol=0.004)
        for name in ("f0", "durations"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert [p.name for p in path.parent.iterdir()] == ["000.parquet"]


def test_one_sentence_for_what_is_wrong_with_a_shard(prepared, utterance):
    shard = prepared / "shards" / "000.parquet"
    other = preset("paper24k")
    write_shard(shard, [utterance(0)], other)
    with pytest.raises(UserError, match=f"{other.digest()}.*{Features().digest()}"):
        PreparedCorpus(prepared).split("train")
    table = pq.read_table(shard)
    pq.write_table(table.replace_schema_metadata({"intone_version": "1"}), shard)
    with pytest.raises(UserError, match=f"shard of version 1, this program reads .* {VERSION};"):
        PreparedCorpus(prepared).split("train")
    shard.write_bytes(b"PAR1")
    with pytest.raises(UserError, match=r"000\.parquet: this shard is damaged"):
        PreparedCorpus(prepared).split("train")
    shard.unlink()
    with pytest.raises(UserError, match=r"000\.parquet: this shard is missing"):
        PreparedCorpus(prepared).split("train")


def test_a_cut_off_shard_is_damaged_wherever_it_is_cut(utterance, tmp_path):
    path = tmp_path / "000.parquet"
    write_shard(path, [utterance(seed) for seed in range(20)], Features())
    whole = path.read_bytes()
    for share in (0.1, 0.5, 0.99):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(UserError, match="damaged"):
            list(read_shard(path, Features()))


def test_other_version_and_changed_digest_are_reported_with_both_values(prepared):
    damage(prepared, version=1)
    with pytest.raises(UserError, match=f"version 1, this program reads version {VERSION}"):
        read_info(prepared)
    damage(prepared, version=VERSION, features_digest="0" * 16)
    with pytest.raises(UserError, match=f"{'0' * 16}, but its features give {Features().digest()}"):
        read_info(prepared)
    (prepared / "prepared.json").write_text("{")
    with pytest.raises(UserError, match=r"prepared\.json, line 1: not valid JSON"):
        read_info(prepared)
