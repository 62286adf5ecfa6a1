"""Execution of a preparation's heavy work in pieces.

It runs in this process, its children, or on a Ray cluster.

A stage is cut into pieces. The work on a piece writes its result to files, the piece's `done` file
last, so that a piece is either done or not, whenever and wherever a process is killed.
"""

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from intone.errors import UserError
from intone.progress import Progress

IN_FLIGHT = 4
"""Pieces in flight per worker.

No worker waits idle, and memory stays bounded.
"""

Job = TypeVar("Job")
Result = TypeVar("Result")


class Piece(NamedTuple):
    """Part of a stage. done: file written last. items: units of work."""

    done: Path
    items: Sequence[Any]


class Engine(Protocol):
    """Runs jobs, several at a time."""

    def __call__(self, work: Callable[[Job], Result], jobs: Iterable[Job], /) -> Iterable[Result]:
        """Yield results in the order of the jobs."""
        ...


def run_pieces(
    engine: Engine,
    work: Callable[[Piece], object],
    pieces: Sequence[Piece],
    stage: str,
    progress: Progress,
) -> None:
    """Work on every unfinished piece; progress counts the items."""
    todo = [piece for piece in pieces if not piece.done.is_file()]
    total = sum(len(piece.items) for piece in pieces)
    done = total - sum(len(piece.items) for piece in todo)
    progress(stage, done, total)
    for folder in {piece.done.parent for piece in todo}:
        folder.mkdir(parents=True, exist_ok=True)
    for piece, _ in zip(todo, engine(work, todo), strict=True):
        done += len(piece.items)
        progress(stage, done, total)


def cut(items: Sequence[Any], size: int, folder: Path, suffix: str = ".json") -> list[Piece]:
    """Cut items into pieces of `size`.

    Their `done` files are in `folder`, by number.
    """
    starts = range(0, len(items), size)
    return [
        Piece(folder / f"{number:03d}{suffix}", list(items[start : start + size]))
        for number, start in enumerate(starts)
    ]


def in_order(
    submit: Callable[[Job], Any], result: Callable[[Any], Result], jobs: Iterable[Job], limit: int
) -> Iterator[Result]:
    """Yield results in the order of the jobs.

    At most `limit` jobs are submitted and not yet taken.
    """
    waiting: deque[Any] = deque()
    for job in jobs:
        waiting.append(submit(job))
        if len(waiting) >= limit:
            yield result(waiting.popleft())
    while waiting:
        yield result(waiting.popleft())


@contextmanager
def process_engine(workers: int) -> Iterator[Engine]:
    """Yield an engine of fresh processes; for one worker, this process."""
    if workers <= 1:
        yield map
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker) as pool:
        try:
            yield _on(pool, workers)
        except BrokenProcessPool as error:
            raise UserError(
                "a worker process was ended from outside, perhaps for lack of memory; run the "
                "same command to resume, with fewer --workers to use less memory"
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _on(pool: Executor, workers: int) -> Engine:
    def engine(work: Callable[[Job], Result], jobs: Iterable[Job], /) -> Iterator[Result]:
        return in_order(
            lambda job: pool.submit(work, job),
            lambda future: future.result(),
            jobs,
            IN_FLIGHT * workers,
        )

    return engine


def _start_worker() -> None:
    """Limit a worker to one thread; end it with its parent."""
    os.environ["OMP_NUM_THREADS"] = "1"
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
