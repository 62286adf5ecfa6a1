"""Which utterances share a batch: by length, within a budget of frames, in seeded order."""

from collections.abc import Iterator, Sequence

import numpy as np


def epoch_batches(lengths: Sequence[int], budget: int, seed: tuple[int, ...]) -> list[list[int]]:
    """One epoch: every utterance once.

    Args:
        lengths: frames per utterance.
        budget: frames per batch, padding included; a longer utterance is a batch of its own.
        seed: any integers; the same give the same batches.

    Returns:
        Batches of positions in `lengths`. Neighbours in length share a batch, so that padding is
        small.
    """
    random = np.random.default_rng(seed)
    jitter = random.uniform(0.9, 1.1, len(lengths))
    order = np.argsort(np.asarray(lengths) * jitter, kind="stable")
    batches: list[list[int]] = []
    current: list[int] = []
    for position in order.tolist():
        longest = max([lengths[position], *(lengths[i] for i in current)])
        if current and longest * (len(current) + 1) > budget:
            batches.append(current)
            current = []
        current.append(position)
    if current:
        batches.append(current)
    return [batches[i] for i in random.permutation(len(batches))]


def endless_batches(
    lengths: Sequence[int], budget: int, seed: tuple[int, ...], skip: int = 0
) -> Iterator[tuple[int, list[int]]]:
    """(epoch, batch) for ever, starting after `skip` batches, as an unbroken run would have gone
    on.

    The first batch of all is the largest, so that too small a memory shows at once.
    """
    done, epoch = 0, 0
    while True:
        batches = epoch_batches(lengths, budget, (*seed, epoch))
        if epoch == 0:
            batches.sort(key=lambda b: -len(b) * max(lengths[i] for i in b))
            rest = batches[1:]
            order = np.random.default_rng(seed).permutation(len(rest))
            batches = [batches[0], *(rest[i] for i in order)]
        for batch in batches:
            done += 1
            if done > skip:
                yield epoch, batch
        epoch += 1
