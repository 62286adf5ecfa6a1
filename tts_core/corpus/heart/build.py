"""Building of the corpus heart: in the order of the novels, resumable."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from intone.errors import UserError
from intone.files import owned, write_whole
from intone.progress import Progress, silent
from tts_core.corpus.convert import LEFT_OUT
from tts_core.corpus.heart.novels import (
    NOVELS,
    Line,
    Splitter,
    count_paragraphs,
    texts,
    unreadable,
)
from tts_core.corpus.heart.phonemes import phonemes
from tts_core.corpus.heart.reader import RATE, Reader
from tts_core.corpus.info import CorpusInfo
from tts_core.corpus.shards import LeftOut
from tts_core.corpus.sources import audio_path, read_info, write_corpus
from tts_core.text.analyse import Frontend
from tts_core.types import Recording

INFO = CorpusInfo(
    name="heart",
    speaker="heart",
    licence="Apache-2.0 (voice model); texts public domain",
    stand_in=True,
    source=", ".join(novel.title for novel in NOVELS)
    + ", read by Kokoro-82M, voice af_heart, from this front-end's phones",
    note="stand-in voice: machine-read, not a human; each sentence's prosody is a deterministic "
    "function of its phones and punctuation and knows nothing of the sentence before",
)
SECONDS = (0.8, 16.0)
SECONDS_PER_WORD = (0.15, 1.2)
"""Lengths of a reading that is kept, and its speaking rates."""


class HeartCorpus(NamedTuple):
    """Result of a build.

    Attributes:
        hours: of speech. utterances: their number.
        left_out: sentences of the same paragraphs that are not in the corpus.
    """

    hours: float
    utterances: int
    left_out: list[LeftOut]


def build_heart(
    out: str | Path,
    hours: float | None = None,
    from_dir: str | Path | None = None,
    workers: int = 2,
    progress: Progress = silent,
) -> HeartCorpus:
    """Synthesize the novels into a corpus folder; finished sentences are kept.

    A longer corpus begins with all of a shorter one.

    Args:
        out: the corpus folder.
        hours: stop after the paragraph with which so much is reached; without it all is read.
        from_dir: folder with the novels' texts.
        workers: threads that read side by side, one sentence each.
        progress: receives seconds of speech, without `hours` paragraphs.

    Raises:
        UserError: another corpus in `out`, no texts, or the voice is not here.
    """
    out = Path(out)
    if hours is not None and not hours > 0:
        raise UserError(f"--hours {hours:g}: not a length of speech; give more than 0")
    if (out / "corpus.json").is_file() and (name := read_info(out).name) != INFO.name:
        raise UserError(f"{out}: holds the corpus {name}; choose another folder")
    with owned(out):
        (out / "wavs").mkdir(exist_ok=True)
        build = _Build(out, hours, texts(from_dir, progress))
        with ThreadPoolExecutor(workers) as pool:
            build.run(pool, 2 * workers, progress)
        return build.finish()


class _Reading(NamedTuple):
    """A sentence on its way.

    It has a `reason` if it is left out, else phonemes. Without samples, its file is there.
    """

    line: Line
    phonemes: str = ""
    samples: Future[np.ndarray | None] | None = None
    reason: str | None = None


class _Build:
    def __init__(self, out: Path, hours: float | None, novels: dict[str, str]) -> None:
        self._out, self._novels = out, novels
        self._goal = None if hours is None else hours * 3600
        # Phones do not depend on the parser; this one is the fastest.
        self._frontend = Frontend(parser="rules")
        self._recordings: list[Recording] = []
        self._left_out: list[LeftOut] = []
        self._seconds = 0.0

    def run(self, pool: ThreadPoolExecutor, ahead: int, progress: Progress) -> None:
        """Read paragraph after paragraph until the goal.

        Args:
            ahead: sentences that the threads may read before their paragraph's turn. They are
                written only then, so that no file of a paragraph after the goal stays.
        """
        goal = self._goal
        of = count_paragraphs(self._novels) if goal is None else round(goal)
        stage = "reading (paragraphs)" if goal is None else "reading (s of speech)"
        progress(stage, 0, of)
        for number, readings in enumerate(self._in_order(pool, ahead), start=1):
            for reading in readings:
                self._take(reading)
            progress(stage, number if goal is None else min(of, round(self._seconds)), of)
            if goal is not None and self._seconds >= goal:
                break
        pool.shutdown(cancel_futures=True)

    def finish(self) -> HeartCorpus:
        """Write the tables."""
        rows = [f"{item.utterance}|{' '.join(item.reason.split())}" for item in self._left_out]
        write_whole(self._out / LEFT_OUT, "\n".join(["utterance|reason", *rows]) + "\n")
        write_corpus(self._out, INFO, self._recordings)
        return HeartCorpus(self._seconds / 3600, len(self._recordings), self._left_out)

    def _in_order(self, pool: ThreadPoolExecutor, ahead: int) -> Iterator[list[_Reading]]:
        splitter = Splitter()
        waiting: deque[list[_Reading]] = deque()
        for novel, text in self._novels.items():
            for paragraph in splitter.paragraphs(novel, text):
                waiting.append([self._start(line, pool) for line in paragraph])
                while sum(len(readings) for readings in waiting) > ahead:
                    yield waiting.popleft()
        yield from waiting

    @cached_property
    def _reader(self) -> Reader:
        return Reader()

    def _start(self, line: Line, pool: ThreadPoolExecutor) -> _Reading:
        """Analyse a sentence, and have it read unless its file exists."""
        if reason := unreadable(line.text):
            return _Reading(line, reason=reason)
        try:
            signs = phonemes(self._frontend.analyse(line.text).words)
        except UserError as error:
            return _Reading(line, reason=str(error))
        if _is_read(signs, audio_path(self._out, line.utterance)):
            return _Reading(line, signs)
        return _Reading(line, signs, pool.submit(self._reader.read, signs))

    def _take(self, reading: _Reading) -> None:
        """Write and list a finished reading, or list why not."""
        line, path = reading.line, audio_path(self._out, reading.line.utterance)
        reason, seconds = reading.reason, 0.0
        if reason is None and reading.samples is None:
            seconds = soundfile.info(path).duration
        elif reason is None and reading.samples is not None:
            samples = reading.samples.result()
            seconds = 0.0 if samples is None else len(samples) / RATE
            reason = _fault(seconds, len(line.text.split()))
            if samples is not None and reason is None:
                _write(samples, reading.phonemes, path)
        if reason is not None:
            self._left_out.append(LeftOut(utterance=line.utterance, reason=reason))
            return
        self._seconds += seconds
        self._recordings.append(
            Recording(
                utterance=line.utterance,
                sentence=line.utterance,
                text=line.text,
                path=str(path),
                speaker=INFO.speaker,
                paragraph=line.paragraph,
                position=line.position,
                seconds=seconds,
            )
        )


def _fault(seconds: float, words: int) -> str | None:
    """Return why a reading is not used, None if it is."""
    if not SECONDS[0] <= seconds <= SECONDS[1]:
        return f"{seconds:.1f} s, not {SECONDS[0]:g} to {SECONDS[1]:g}"
    if not SECONDS_PER_WORD[0] <= seconds / words <= SECONDS_PER_WORD[1]:
        return f"{seconds / words:.2f} s a word: an odd speaking rate"
    return None


def _is_read(signs: str, flac: Path) -> bool:
    """Return whether the file is a reading of these very phonemes."""
    if not flac.is_file():
        return False
    with soundfile.SoundFile(flac) as file:
        return file.comment == signs


def _write(samples: np.ndarray, signs: str, flac: Path) -> None:
    scratch = flac.with_name(f".{flac.name}")
    with soundfile.SoundFile(scratch, "w", RATE, 1, "PCM_16", format="FLAC") as file:
        file.comment = signs
        file.write(samples)
    scratch.replace(flac)
