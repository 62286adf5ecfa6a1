"""The pieces of a preparation as tasks of a Ray cluster.

Every piece writes its own files, so the corpus folder and the prepared folder must lie on storage
that all machines see under the same path. Ray runs a task again whose machine was lost; a piece
that was half done is then simply done again.
"""

import os
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from intone.errors import UserError
from tts_core.corpus.pool import IN_FLIGHT, Engine, Job, Result, in_order


@contextmanager
def ray_engine(workers: int, shared: Sequence[Path]) -> Iterator[Engine]:
    """Yield an engine of Ray tasks.

    They run on the cluster that `RAY_ADDRESS` names or this machine belongs to, else locally.

    Args:
        workers: processors of the local cluster where no other runs.
        shared: folders that every machine must see.

    Raises:
        UserError: Ray is not installed, or the cluster cannot be reached.
    """
    # Ray would report its use to its makers.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise UserError(
            "--engine ray: Ray is not installed; install the extra `cluster` "
            "(`pip install intone[cluster]`), or leave --engine out"
        ) from error
    ours = not ray.is_initialized()
    if ours:
        _connect(workers)
    try:
        yield _tasks(shared)
    finally:
        if ours:
            ray.shutdown()


def _connect(workers: int) -> None:
    import ray

    quiet = {"log_to_driver": False, "logging_level": "error"}
    try:
        ray.init(address="auto", **quiet)
    except ConnectionError as error:
        if address := os.environ.get("RAY_ADDRESS"):
            raise UserError(
                f"RAY_ADDRESS={address}: no Ray cluster answers there; start it or unset the "
                "variable"
            ) from error
        ray.init(address="local", num_cpus=workers, include_dashboard=False, **quiet)


def _tasks(shared: Sequence[Path]) -> Engine:
    import ray
    from ray.exceptions import RayError, RayTaskError

    @ray.remote(num_cpus=1)
    def task(work: Callable[[Job], Result], job: Job) -> Result:
        for folder in shared:
            if not folder.is_dir():
                raise UserError(
                    f"{folder}: machine {socket.gethostname()} of the cluster does not see it; "
                    "put the corpus and the prepared folder on storage that all machines share"
                )
        return work(job)

    def engine(work: Callable[[Job], Result], jobs: Iterable[Job], /) -> Iterator[Result]:
        limit = IN_FLIGHT * max(1, int(ray.cluster_resources().get("CPU", 1)))
        work_there = ray.put(work)

        def taken(reference: Any) -> Result:
            return ray.get(reference)

        try:
            yield from in_order(lambda job: task.remote(work_there, job), taken, jobs, limit)
        except RayTaskError as error:
            cause = error.cause
            if isinstance(cause, UserError):
                raise UserError(str(cause)) from error
            raise
        except RayError as error:
            raise UserError(
                f"the Ray cluster lost a task ({type(error).__name__}), perhaps for lack of "
                "memory; run the same command to resume"
            ) from error

    return engine
