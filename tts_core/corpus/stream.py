"""Split larger than memory, read a few shards at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from tts_core.types import Prepared, Streamed


class StreamedSplit(Streamed, Sequence[Prepared]):
    """Utterances by position; only those of held shards are in memory.

    Reading them in order loads every shard once, two being held. An utterance whose
    shard is not held is held with its shard alone, so that random access is slow but right.

    Args:
        frames: (U,) int64 frames of each utterance, shard by shard.
        read: the utterances of a shard, by its position in `frames`; called in a thread of its own.
    """

    def __init__(self, frames: Sequence[np.ndarray], read: Callable[[int], list[Prepared]]) -> None:
        self.frames = frames
        self.starts: list[int] = np.cumsum([0, *map(len, frames)]).tolist()
        self._read = read
        self._reader = ThreadPoolExecutor(1)
        self._held: dict[int, Future[list[Prepared]]] = {}

    def hold(self, shards: Iterable[int]) -> None:
        """Drop all other shards and read missing ones ahead, in order."""
        held, before = list(shards), self._held
        for number in before.keys() - held:
            before[number].cancel()
        self._held = {n: before.get(n) or self._reader.submit(self._read, n) for n in held}

    def __len__(self) -> int:
        return self.starts[-1]

    def __getitem__(self, position: int) -> Prepared:  # pyright: ignore[reportIncompatibleMethodOverride]
        if not 0 <= position < len(self):
            raise IndexError(position)
        shard = int(np.searchsorted(self.starts, position, "right")) - 1
        if shard not in self._held:
            self.hold([shard])
        return self._held[shard].result()[position - self.starts[shard]]

    def __iter__(self) -> Iterator[Prepared]:
        for shard in range(len(self.frames)):
            self.hold(range(shard, min(shard + 2, len(self.frames))))
            yield from self._held[shard].result()
