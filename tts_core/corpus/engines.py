"""Engines of a preparation: local processes or a Ray cluster."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from intone.errors import UserError
from tts_core.corpus.cluster import ray_engine
from tts_core.corpus.pool import Engine, process_engine

ENGINES = ("local", "ray")


def known_engine(name: str) -> None:
    """Refuse, before any work, a name that is not in `ENGINES`.

    Raises:
        UserError: unknown name.
    """
    if name not in ENGINES:
        raise UserError(f"{name}: no such engine; choose one of {', '.join(ENGINES)}")


def open_engine(
    name: str, workers: int, shared: Sequence[Path] = ()
) -> AbstractContextManager[Engine]:
    """Start an engine for as long as the context lasts.

    Args:
        name: "local" or "ray".
        workers: processes; for Ray only where no cluster runs and one is started here.
        shared: folders that every machine of a cluster must see under the same path.

    Raises:
        UserError: unknown name, or Ray is not installed.
    """
    known_engine(name)
    if name == "ray":
        return ray_engine(workers, shared)
    return process_engine(workers)
