"""Batches of utterances: by length, within a frame budget, in seeded order."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from intone.errors import UserError


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
    return [group[0] for group in _joint_batches(lengths, budget, seed, 1)]


def by_length(lengths: Sequence[int], budget: int, random: np.random.Generator) -> list[list[int]]:
    """Return batches of positions, shortest to longest, with some jitter."""
    jitter = random.uniform(0.9, 1.1, len(lengths))
    order = np.argsort(np.asarray(lengths) * jitter, kind="stable")
    batches: list[list[int]] = []
    current: list[int] = []
    longest = 0
    for position in order.tolist():
        longest = max(longest, lengths[position])
        if current and longest * (len(current) + 1) > budget:
            batches.append(current)
            current, longest = [], lengths[position]
        current.append(position)
    return [*batches, current] if current else batches


class Share(NamedTuple):
    """Share of a process in every joint batch: `rank` of `processes`."""

    rank: int = 0
    processes: int = 1


ALONE = Share()


def endless_batches(
    lengths: Sequence[int],
    budget: int,
    seed: tuple[int, ...],
    skip: int = 0,
    share: Share = ALONE,
) -> Iterator[tuple[int, list[int]]]:
    """Yield (epoch, batch) without end, starting after `skip` batches.

    They are those of an unbroken run.

    The first batch of all is the largest, so that too small a memory shows at once. Many processes
    draw the same epochs and take different batches of each; the batches that they take at the same
    time are neighbours in length, so that no process waits long for another.

    Raises:
        UserError: fewer utterances than processes.
    """
    done, epoch = 0, 0
    while True:
        joint = _joint_batches(lengths, budget, (*seed, epoch), share.processes)
        if epoch == 0:
            joint.sort(key=lambda group: -max(len(b) * max(lengths[i] for i in b) for b in group))
            rest = joint[1:]
            order = np.random.default_rng(seed).permutation(len(rest))
            joint = [joint[0], *(rest[i] for i in order)]
        for group in joint:
            done += 1
            if done > skip:
                yield epoch, group[share.rank]
        epoch += 1


def _joint_batches(
    lengths: Sequence[int], budget: int, seed: tuple[int, ...], processes: int
) -> list[list[list[int]]]:
    """One epoch in joint batches of `processes` batches each: every utterance once."""
    if len(lengths) < processes:
        raise UserError(
            f"{len(lengths)} utterances for {processes} processes; start at most {len(lengths)}"
        )
    random = np.random.default_rng(seed)
    batches = by_length(lengths, budget, random)
    halve_until(-(-len(batches) // processes) * processes, batches)
    groups = [batches[i : i + processes] for i in range(0, len(batches), processes)]
    return [groups[i] for i in random.permutation(len(groups))]


def halve_until(wanted: int, batches: list[list[int]]) -> None:
    """Halve the fullest batch in place until there are enough.

    Neighbours in length stay neighbours.

    Raises:
        UserError: there are fewer utterances.
    """
    while len(batches) < wanted:
        fullest = max(range(len(batches)), key=lambda i: len(batches[i]))
        half = len(batches[fullest]) // 2
        if not half:
            raise UserError(
                f"{len(batches)} batches of one utterance each cannot be shared out evenly; raise "
                "batch_frames or start another number of processes"
            )
        batches[fullest : fullest + 1] = [batches[fullest][:half], batches[fullest][half:]]
