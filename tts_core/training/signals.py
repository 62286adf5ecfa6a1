"""Being asked to stop."""

import signal
import threading
from typing import Any


class Interrupted(Exception):  # noqa: N818 - it is not an error: a checkpoint was written
    """Training was asked to stop and has written a checkpoint."""


class StopOnSignal:
    """Flag set by SIGTERM and SIGINT: a step is never interrupted."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "StopOnSignal":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, *_: object) -> None:
        self.asked = True
