"""How often something may be tried; counted in this process alone."""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable

_MOST_KEYS = 10_000


class Limit:
    """At most `most` tries for a key within `within_s` seconds."""

    def __init__(
        self, most: int, within_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._within_s, self._clock = most, within_s, clock
        self._tries: defaultdict[str, deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def wait_s(self, key: str) -> float:
        """Count a try; 0 if it is allowed, else the seconds until one is (which count nothing)."""
        with self._lock:
            self._tidy()
            tries, time_s = self._tries[key], self._clock()
            while tries and tries[0] <= time_s - self._within_s:
                tries.popleft()
            if len(tries) >= self._most:
                return tries[0] + self._within_s - time_s
            tries.append(time_s)
            return 0.0

    def forget(self, key: str) -> None:
        """Start anew for a key."""
        with self._lock:
            self._tries.pop(key, None)

    def _tidy(self) -> None:
        """Keep memory bounded, whoever tries under however many names."""
        if len(self._tries) < _MOST_KEYS:
            return
        old = self._clock() - self._within_s
        for key in [k for k, tries in self._tries.items() if not tries or tries[-1] <= old]:
            del self._tries[key]
        # Half of them at once, so that a flood of names does not cost a look at all of them each.
        if len(self._tries) >= _MOST_KEYS:
            for key in list(self._tries)[: _MOST_KEYS // 2]:
                del self._tries[key]
