"""Worker processes for audio."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


@contextmanager
def process_pool(workers: int) -> Iterator[Executor | None]:
    """A pool of fresh processes; None for one worker, which is this process."""
    if workers <= 1:
        yield None
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _start_worker() -> None:
    """One thread of arithmetic a worker, and none outlives a killed parent."""
    os.environ["OMP_NUM_THREADS"] = "1"
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def pool_map(
    pool: Executor | None, work: Callable[[Job], Result], jobs: Sequence[Job], chunk: int = 1
) -> Iterable[Result]:
    """Results in the order of the jobs; `chunk` jobs are handed to a worker at once."""
    return map(work, jobs) if pool is None else pool.map(work, jobs, chunksize=chunk)
