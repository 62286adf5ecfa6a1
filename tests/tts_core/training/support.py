"""Shared parts of the streaming tests."""

import threading
from concurrent.futures import ThreadPoolExecutor

from intone.errors import UserError
from tts_core.training.shard_pools import streamed_batches

N_SHARDS = 41
FRAMES = 250


def recipe_of(tiny, system, steps, **changes):
    """Return a recipe of small batches and small steps.

    A bias before a batch norm has no gradient: Adam would turn its rounding error into whole steps.
    """
    plain = {"model.dropout": 0.0, "model.prenet_dropout": 0.0, "stream": "always"}
    each = {"batch_frames": FRAMES, "lr": 2e-5, "accumulate": 2, "validate_every": 6, "steps": 2}
    stages = tiny(system, 1).stages
    keys = {f"stages.{n}.{key}": value for n in stages for key, value in each.items()}
    return tiny(system, 1, **plain | keys | {"stages.1.steps": steps} | changes)


def together(shares, draw, budget=FRAMES, seed=(0,)):
    """Return the results of `draw` for every process, each in its thread."""
    said: list[list[int]] = [[]] * len(shares)
    barrier = threading.Barrier(len(shares), timeout=60)

    def of(rank):
        def agree(numbers):
            said[rank] = numbers
            barrier.wait()
            largest = [max(each) for each in zip(*said, strict=True)]
            barrier.wait()
            return largest

        try:
            return draw(streamed_batches(shares[rank], budget, seed, 0, rank, agree))
        except UserError as error:
            return error

    with ThreadPoolExecutor(len(shares)) as pool:
        return list(pool.map(of, range(len(shares))))
