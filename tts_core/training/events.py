"""Events of a training, for its display."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tts_core.config import Features
from tts_core.models.batch import Batch


@dataclass(frozen=True)
class Event:
    """A step is taken, or a validation done.

    Attributes:
        stage, title: number and name of the stage. step, steps: taken, and in all.
        losses: parts of the loss, joint over all processes; of a training step only where they are
            logged, every tenth.
        seconds_per_second: seconds of speech learnt from per second of learning, over all
            processes.
        padding: share of padding among the frames.
        validation: the losses are held-out ones.
        averaged: with `validation`, of so many best steps' weights the mean is judged, which the
            stage leaves; 0 where the weights of this step are.
    """

    stage: int
    title: str
    step: int
    steps: int
    losses: dict[str, float] = field(default_factory=dict)
    seconds_per_second: float = 0.0
    padding: float = 0.0
    validation: bool = False
    averaged: int = 0


Watch = Callable[[Event], None]


class Clock:
    """Speed of a training since it was (re)started.

    Args:
        features: of the corpus. processes: that train together.
        now: the time, s; only differences count.
    """

    def __init__(
        self, features: Features, processes: int, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.features = features
        self._frame_s = features.hop / features.sample_rate_hz * processes
        self._now, self._seconds = now, 0.0
        self._since: float | None = None
        self._frames, self._padded = 0, 0

    def start(self) -> None:
        """From now on it is learning."""
        self._since = self._now()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """For what is no learning: validations, their pictures and sounds, checkpoints."""
        self._seconds, self._since = self._learning(), None
        try:
            yield
        finally:
            self.start()

    def count(self, batches: Sequence[Batch]) -> None:
        """Count the batches of a step, which are still on the CPU."""
        for batch in batches:
            self._frames += int(batch.frame_lengths.sum())
            self._padded += batch.frame_mask.numel()

    @property
    def rate(self) -> float:
        """Seconds of speech per second of learning, of all processes.

        Each process is assumed to do as much as this one.
        """
        return self._frames * self._frame_s / max(self._learning(), 1e-9)

    @property
    def padding(self) -> float:
        """Share of padding among all frames."""
        return 1 - self._frames / max(self._padded, 1)

    def _learning(self) -> float:
        """Seconds of learning up to now."""
        return self._seconds + (0.0 if self._since is None else self._now() - self._since)
