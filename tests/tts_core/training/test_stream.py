"""Streaming: bounded memory, and every utterance once."""

import weakref
from itertools import islice, takewhile

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from intone.errors import UserError
from tests.tts_core.training.support import FRAMES, N_SHARDS, recipe_of, together
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.corpus.stream import StreamedSplit
from tts_core.models.build import build
from tts_core.training.batches import Share
from tts_core.training.data import of_all_processes, read_data
from tts_core.training.loop import train
from tts_core.training.shard_pools import POOL, streamed_batches
from tts_core.training.validate import batch_of


def unread(frames):
    return StreamedSplit([np.array(shard) for shard in frames], lambda _: [])


shards = st.lists(st.lists(st.integers(20, 100), min_size=4, max_size=12), min_size=1, max_size=30)


@settings(max_examples=30, deadline=None)
@given(st.lists(shards, min_size=1, max_size=4), st.integers(50, 1500), st.integers(0, 9))
def test_every_utterance_comes_once_an_epoch_without_waiting(frames, budget, seed):
    """All processes take as many batches each epoch, or all refuse."""
    shares = [unread(one) for one in frames]
    drawn = together(
        shares, lambda found: list(takewhile(lambda one: one[0] < 3, found)), budget, (seed,)
    )
    refused = [isinstance(one, UserError) for one in drawn]
    assert all(refused) or not any(refused)
    assume(not any(refused))
    assert len({tuple(epoch for epoch, _ in one) for one in drawn}) == 1
    for rows, batches in zip(shares, drawn, strict=True):
        lengths = np.concatenate(rows.frames)
        for epoch in range(3):
            positions = [i for e, batch in batches if e == epoch for i in batch]
            assert sorted(positions) == list(range(len(rows)))
        sizes = [len(batch) * lengths[batch].max() for _, batch in batches]
        assert all(len(b) == 1 or n <= budget for n, (_, b) in zip(sizes, batches, strict=True))
        assert sizes[0] == max(n for n, (e, _) in zip(sizes, batches, strict=True) if e == 0)


def test_batches_at_one_time_are_of_like_length():
    """Batches of one step have similar lengths on two processes."""
    random = np.random.default_rng(0)
    shares = [unread(random.integers(50, 1500, (24, 50))) for _ in range(2)]
    drawn = together(shares, lambda found: list(takewhile(lambda one: one[0] < 2, found)), 8000)
    longest = [
        [np.concatenate(rows.frames)[batch].max() for epoch, batch in one if epoch == 1]
        for rows, one in zip(shares, drawn, strict=True)
    ]
    apart = np.abs(np.subtract(*longest)).mean()
    assert apart < 0.3 * np.abs(longest[0] - random.permutation(longest[1])).mean()


def test_too_uneven_shards_are_refused_by_all_before_the_first_batch():
    shares = [unread([[90] * 40] * 9), unread([[90]] * 9)]
    for error in together(shares, next, 100):
        assert isinstance(error, UserError)
        assert "raise batch_frames, start fewer processes, or read the corpus whole" in str(error)


def test_shares_are_the_whole_split_read_in_order_once(sharded):
    whole = sharded.split("train")
    shares = [sharded.stream("train", rank, 3) for rank in range(3)]
    found = {row.utterance: row for rows in shares for row in rows}
    assert sum(map(len, shares)) == len(found) == len(whole)
    for row in whole:
        other = found[row.utterance]
        np.testing.assert_array_equal(other.mel, row.mel)
        np.testing.assert_array_equal(other.encoded.pieces, row.encoded.pieces)
        assert (other.text, other.audio) == (row.text, row.audio)
    frames = [n for rows in shares for shard in rows.frames for n in shard]
    assert frames == [len(row.mel) for rows in shares for row in rows]
    one, read = sharded.stream("train"), []
    counted = StreamedSplit(one.frames, lambda number: read.append(number) or one._read(number))
    assert [row.utterance for row in counted] == [row.utterance for row in whole]
    assert read == list(range(N_SHARDS))
    assert [counted[i].utterance for i in (80, 0)] == [whole[i].utterance for i in (80, 0)]
    with pytest.raises(IndexError):
        counted[len(whole)]


def test_nothing_is_read_of_what_is_skipped(sharded):
    one, read = sharded.stream("train"), []
    rows = StreamedSplit(one.frames, lambda number: read.append(number) or one._read(number))
    unbroken = streamed_batches(rows, FRAMES, (3,))
    before = list(islice(unbroken, 60))
    assert {epoch for epoch, _ in before} == {0, 1}
    for skip in (0, 1, 20, 59):
        del read[:]
        [(epoch, batch)] = islice(streamed_batches(rows, FRAMES, (3,), skip), 1)
        assert (epoch, batch) == before[skip]
        assert batch_of(rows, batch).index.tolist() == batch
        assert len(set(read)) <= 2 * POOL


def test_memory_holds_two_pools_and_no_more(sharded, tiny, tmp_path, monkeypatch):
    """Through all stages, what is remembered and validated included."""
    inside, shards = PreparedCorpus._read, []

    def watched(self, shard, split):
        rows = inside(self, shard, split)
        if split == "train":
            shards.append([weakref.ref(row) for row in rows])
        return rows

    alive: list[int] = []

    def count(_):
        alive.append(sum(any(row() is not None for row in rows) for rows in list(shards)))

    monkeypatch.setattr(PreparedCorpus, "_read", watched)
    train(recipe_of(tiny, "camp", 6), sharded, tmp_path / "run", watch=count)
    assert len(shards) > N_SHARDS
    # One more may be on its way that is no longer wanted.
    assert POOL < max(alive) <= 2 * POOL + 1


def test_frozen_text_encoder_repeats_its_output(sharded, tiny):
    """Encoder states are cached in memory only, not for streamed splits."""
    recipe = tiny("kathaka", 1, **{"model.sampler": "bert"})
    model = build(recipe, sharded.info.facts()).eval()
    stage = model.stages(recipe.stages)[2]
    streamed, losses = sharded.stream("train", 0, 20), []
    for rows in (streamed, list(streamed)):
        cached = stage.remember(rows, torch.device("cpu"))
        assert ("text_states" in cached) == isinstance(rows, list)
        stage.begin(of_all_processes(rows, cached))
        losses.append(stage.loss(batch_of(rows, [5, 0, 3]), cached)["sampler_kl"].item())
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_large_splits_are_streamed_and_small_ones_read_whole(sharded, tiny):
    """Only long splits stream by default; validation is bounded."""
    splits = sharded.info.splits
    long = {
        "train": splits["train"].model_copy(update={"hours": 101.0}),
        "validation": splits["train"].model_copy(update={"hours": 5.0}),
    }
    for hours, stream, streamed in [
        (splits, "auto", False),
        (long, "auto", True),
        (long, "never", False),
        (splits, "always", True),
    ]:
        sharded.info = sharded.info.model_copy(update={"splits": hours})
        found = read_data(sharded, tiny("ntts", 1, stream=stream), 1, Share(1, 2))
        assert isinstance(found.train, StreamedSplit) == streamed
        assert len(found.train) == (50 if streamed else 102)
        assert len(found.validation) == (2 if streamed and hours is long else 4)
    neighbours = {"model.context": "bert", "model.context_sentences": 1}
    recipe = tiny("camp", 1, stream="always", **neighbours)
    with pytest.raises(UserError, match=r"context_sentences=1; set it to 0, or .*stream=never"):
        read_data(sharded, recipe, 1, Share())
    with pytest.raises(UserError, match="41 shards for 42 processes; start at most 41"):
        read_data(sharded, tiny("ntts", 1, stream="always"), 1, Share(0, 42))
    (sharded.path / "shards" / "007.parquet").write_bytes(b"PAR1")
    with pytest.raises(UserError, match=r"007\.parquet: this shard is damaged"):
        read_data(sharded, tiny("ntts", 1, stream="always"), 1, Share())


def test_the_choice_to_stream_is_part_of_a_run_unless_left_at_its_default(tiny):
    digests = [tiny("ntts", 1, **made).digest() for made in ({}, {"stream": "auto"})]
    assert digests[0] == digests[1] != tiny("ntts", 1, stream="always").digest()
