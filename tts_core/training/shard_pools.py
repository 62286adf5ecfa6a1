"""Batches of a streamed split: by length, within a few shards."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count

import numpy as np

from intone.errors import UserError
from tts_core.corpus.stream import StreamedSplit
from tts_core.training.batches import by_length, halve_until

POOL = 8
"""Shards whose utterances are put into batches together.

The next so many are read meanwhile. Among some 1,500 utterances, as 8 shards have, neighbours in
length pad each other little.
"""

Agree = Callable[[list[int]], list[int]]
"""Function from a process' numbers to the largest of all processes.

Position by position.
"""


def streamed_batches(
    rows: StreamedSplit,
    budget: int,
    seed: tuple[int, ...],
    skip: int = 0,
    rank: int = 0,
    agree: Agree = list,
) -> Iterator[tuple[int, list[int]]]:
    """Yield batches as `endless_batches`, from a process' own shards.

    Few shards are held at a time.

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
        of_pools = [_within(pool, rows, lengths, budget, random) for pool in pools]
        for batches, wanted in zip(of_pools, agree(list(map(len, of_pools))), strict=True):
            halve_until(wanted, batches)
        # Drawn alike by all, so that no process waits long for another's longest sentence.
        common = np.random.default_rng((*seed, epoch))
        order = [(n, i) for n, some in enumerate(of_pools) for i in common.permutation(len(some))]
        if epoch == 0:
            sizes = [
                len(of_pools[n][i]) * max(lengths[j] for j in of_pools[n][i]) for n, i in order
            ]
            order.insert(0, order.pop(int(np.argmax(sizes))))
        for number, position in order:
            done += 1
            if done > skip:
                rows.hold([*pools[number], *following[number]])
                yield epoch, of_pools[number][position]


def _within(
    pool: Sequence[int],
    rows: StreamedSplit,
    lengths: Sequence[int],
    budget: int,
    random: np.random.Generator,
) -> list[list[int]]:
    """Return the batches of a pool of shards, by length."""
    inside = [i for shard in pool for i in range(rows.starts[shard], rows.starts[shard + 1])]
    batches = by_length([lengths[i] for i in inside], budget, random)
    return [[inside[i] for i in batch] for batch in batches]


def _check_evenness(rows: StreamedSplit, budget: int, n_pools: int, agree: Agree) -> None:
    """Reject, in advance, pools with too few utterances for another's batches.

    In every epoch any pool must have utterances for the batches of any other.
    """
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
