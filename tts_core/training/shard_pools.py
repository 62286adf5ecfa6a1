"""Which utterances of a streamed split share a batch: by length, among those of a few shards."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count

import numpy as np

from intone.errors import UserError
from tts_core.corpus.stream import StreamedSplit
from tts_core.training.batches import by_length, halve_until

POOL = 8
"""Shards whose utterances are put into batches together; the next so many are read meanwhile.

Among some 1,500 utterances, as 8 shards have, neighbours in length pad each other little.
"""

Agree = Callable[[list[int]], list[int]]
"""Of the numbers that every process brings, the largest at each place."""


def streamed_batches(
    rows: StreamedSplit,
    budget: int,
    seed: tuple[int, ...],
    skip: int = 0,
    rank: int = 0,
    agree: Agree = list,
) -> Iterator[tuple[int, list[int]]]:
    """As `endless_batches`, of a process' own shards, of which few are held at a time.

    In every epoch the shards come in another order, `POOL` after `POOL`, and batches are made
    within a pool. All processes take as many batches of a pool as the one with the most, and at the
    same time those of the same place by length. Nothing is read of what is skipped.

    Args:
        rows: the process' share of the split.
        budget, seed, skip: as of `endless_batches`.
        rank: of the process.
        agree: asked by all processes before the same batches: at first and once an epoch.

    Raises:
        UserError: a process has too few utterances for as many batches as another.
    """
    n_pools = agree([-(-len(rows.frames) // POOL)])[0]
    _check_evenness(rows, budget, n_pools, agree)
    lengths: list[int] = np.concatenate(rows.frames).tolist()

    def drawn(epoch: int) -> tuple[np.random.Generator, list[list[int]]]:
        random = np.random.default_rng((*seed, epoch, rank + 1))
        order = random.permutation(len(rows.frames))
        return random, [pool.tolist() for pool in np.array_split(order, n_pools)]

    done = 0
    for epoch in count():
        random, pools = drawn(epoch)
        following = [*pools[1:], drawn(epoch + 1)[1][0]]
        found = [_within(pool, rows, lengths, budget, random) for pool in pools]
        for batches, wanted in zip(found, agree(list(map(len, found))), strict=True):
            halve_until(wanted, batches)
        # Drawn alike by all, so that nobody waits long for another's longest sentence.
        common = np.random.default_rng((*seed, epoch))
        order = [(n, i) for n, some in enumerate(found) for i in common.permutation(len(some))]
        if epoch == 0:
            sizes = [len(found[n][i]) * max(lengths[j] for j in found[n][i]) for n, i in order]
            order.insert(0, order.pop(int(np.argmax(sizes))))
        for number, place in order:
            done += 1
            if done > skip:
                rows.hold([*pools[number], *following[number]])
                yield epoch, found[number][place]


def _within(
    pool: Sequence[int],
    rows: StreamedSplit,
    lengths: Sequence[int],
    budget: int,
    random: np.random.Generator,
) -> list[list[int]]:
    """The batches of a pool of shards, by length."""
    inside = [i for shard in pool for i in range(rows.starts[shard], rows.starts[shard + 1])]
    batches = by_length([lengths[i] for i in inside], budget, random)
    return [[inside[i] for i in batch] for batch in batches]


def _check_evenness(rows: StreamedSplit, budget: int, n_pools: int, agree: Agree) -> None:
    """Whether in every epoch any pool has utterances for the batches of any other: told before."""
    sizes = sorted(map(len, rows.frames))
    least, more = divmod(len(sizes), n_pools)
    smallest, largest = sum(sizes[:least]), sum(sizes[len(sizes) - least - bool(more) :])
    # Every batch but the last has at least so many utterances, whichever they are.
    in_batch = max(1, budget // max(int(frames.max(initial=1)) for frames in rows.frames))
    most, fewest = agree([-(-largest // in_batch), -smallest])
    if most > -fewest:
        raise UserError(
            f"the shards are too uneven to be streamed in batches of {budget} frames: {POOL} of "
            f"them can make {most} batches in one process and {POOL} hold {-fewest} utterances in "
            "another; raise batch_frames, start fewer processes, or read the corpus whole "
            "(stream=never)"
        )
