"""Conversion of a published corpus: mono FLAC files or links, and tables."""

import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from intone.errors import UserError
from intone.files import write_whole
from intone.progress import Progress, silent
from tts_core.corpus import readers
from tts_core.corpus.info import KNOWN, SEVERAL, CorpusInfo
from tts_core.corpus.readers.base import Reading, left_out
from tts_core.corpus.shards import LeftOut
from tts_core.corpus.sources import SUFFIXES, read_info, write_corpus
from tts_core.text.plain import normalised
from tts_core.types import Recording

UNFINISHED = ".importing"
LEFT_OUT = "left_out.csv"
TRUNCATED_S = 0.05
"""A recording may be so much shorter than its corpus states."""
POINTER = b"version https://git-lfs"
FULL_SCALE_BITS = {"PCM_24": "PCM_24", "PCM_32": "PCM_24", "FLOAT": "PCM_24", "DOUBLE": "PCM_24"}


class Choice(NamedTuple):
    """Choices of a conversion.

    Attributes:
        speakers: names of the chosen speakers; all if empty.
        written: take the text as printed, not as the publisher put it in words.
        own_split: keep the publisher's split, where there is one.
        link: link WAV and FLAC files that are whole recordings instead of converting them.
    """

    speakers: frozenset[str] = frozenset()
    written: bool = False
    own_split: bool = False
    link: bool = False


EVERYTHING = Choice()


class Imported(NamedTuple):
    """Result of a conversion. speakers: name to hours."""

    info: CorpusInfo
    layout: str
    speakers: dict[str, float]
    left_out: list[LeftOut]


def import_corpus(
    layout: str,
    folder: str | Path,
    out: str | Path,
    choice: Choice = EVERYTHING,
    licence: str | None = None,
    name: str | None = None,
    stand_in: bool = False,
    progress: Progress = silent,
) -> Imported:
    """Bring a corpus in a published layout into our form.

    An interrupted import is resumed. What cannot be used is left out and
    listed in `left_out.csv`.

    Args:
        layout: one of `readers.layouts()`, or `auto`.
        folder: the corpus.
        out: the corpus folder to write.
        choice: of speakers, texts and split.
        licence: terms of use of the recordings; required where the layout does not name the
            corpus.
        name: of the corpus; the layout's or the folder's if None.
        stand_in: a machine read the texts.
        progress: receives the recordings done.

    Raises:
        UserError: `readers.read`'s, no licence, another corpus in `out`, or nothing to use.
    """
    folder, out = Path(folder), Path(out)
    source = readers.read(layout, folder, choice.speakers)
    given = {"licence": licence, "name": name, "stand_in": stand_in or None}
    info = _info(source.layout, folder, {k: v for k, v in given.items() if v is not None})
    return convert(source, str(folder.resolve()), out, info, choice, progress)


def convert(
    source: readers.Found,
    origin: str,
    out: Path,
    info: CorpusInfo,
    choice: Choice = EVERYTHING,
    progress: Progress = silent,
) -> Imported:
    """Convert the recordings that a reader listed; see `import_corpus`.

    Args:
        source: the readings.
        origin: only a conversion of the same origin and choice is resumed.
        out: the corpus folder to write.
        info: content of `corpus.json`; the speaker is determined again.
        choice: of speakers, texts and split.
        progress: receives the recordings done.
    """
    _claim(out, f"{source.layout} {origin} {sorted(choice.speakers)} {choice[1:]}")
    wavs = out / "wavs"
    wavs.mkdir(exist_ok=True)
    readings, lost = _own_split(source.readings) if choice.own_split else (source.readings, [])
    lost = [*source.left_out, *lost]
    recordings = []
    for reading, made in _audio_of(readings, wavs, choice.link, progress):
        if isinstance(made, LeftOut):
            lost.append(made)
        else:
            recordings.append(_recording(reading, made, info, choice))
    if not recordings:
        raise UserError(
            f"{origin}: none of its {len(readings)} recordings can be used; the first of the lost, "
            f"{lost[0].utterance}, for this reason: {lost[0].reason}"
        )
    speakers: dict[str, float] = {}
    for r in recordings:
        speakers[r.speaker] = speakers.get(r.speaker, 0.0) + (r.seconds or 0.0) / 3600
    info = info.model_copy(
        update={"speaker": next(iter(speakers)) if len(speakers) == 1 else SEVERAL}
    )
    rows = [f"{item.utterance}|{' '.join(item.reason.split())}" for item in lost]
    write_whole(out / LEFT_OUT, "\n".join(["utterance|reason", *rows]) + "\n")
    write_corpus(out, info, recordings)
    (out / UNFINISHED).unlink()
    return Imported(info, source.layout, speakers, lost)


def _info(layout: str, folder: Path, given: dict[str, str | bool]) -> CorpusInfo:
    """Return the content of `corpus.json`; given values win over defaults."""
    if layout in KNOWN:
        return KNOWN[layout].model_copy(update=given)
    named = folder.resolve().stem if folder.is_file() else folder.resolve().name
    if (folder / "corpus.json").is_file() or named in KNOWN:
        return read_info(folder).model_copy(update=given)
    if "licence" not in given:
        raise UserError(
            f"{folder}: nothing says under which terms the recordings may be used; give --licence, "
            "for instance --licence CC-BY-4.0"
        )
    default = {"name": named, "speaker": named, "stand_in": False, "source": str(folder)}
    return CorpusInfo.model_validate(default | given)


def _claim(out: Path, what: str) -> None:
    """Make `out` ready; unfinished work of the same import stays."""
    mark = out / UNFINISHED
    if out.exists() and not out.is_dir():
        raise UserError(f"{out}: is a file; give a folder to write to")
    if (out / "corpus.json").is_file() and not mark.is_file():
        raise UserError(f"{out}: holds the corpus {read_info(out).name}; choose another folder")
    if mark.is_file() and mark.read_text(encoding="utf-8") != what:
        # Of other inputs: nothing of it may be taken for this corpus.
        shutil.rmtree(out / "wavs", ignore_errors=True)
    elif not mark.is_file() and out.is_dir() and any(out.iterdir()):
        raise UserError(f"{out}: holds other files; give an empty or a new folder to write to")
    for name in ("corpus.json", "metadata.csv", "splits.csv"):
        (out / name).unlink(missing_ok=True)
    write_whole(mark, what)


def _own_split(readings: Sequence[Reading]) -> tuple[list[Reading], list[LeftOut]]:
    """Return the publisher's split without texts that are on two sides.

    The test sentences stay; the others are left out.

    Raises:
        UserError: the publisher does not split the corpus.
    """
    if any(r.split is None for r in readings):
        raise UserError("this corpus comes without a split of its own; leave --own-split out")
    order = ("test", "validation", "train")
    side: dict[str, str] = {}
    for r in sorted(readings, key=lambda r: order.index(r.split or "train")):
        side.setdefault(normalised(r.text), r.split or "train")
    kept, lost = [], []
    for r in readings:
        if side[normalised(r.text)] == r.split:
            kept.append(r)
        else:
            reason = f"its text is also in the publisher's {side[normalised(r.text)]} part"
            lost.append(left_out(r.utterance, reason))
    return kept, lost


def _audio_of(
    readings: Sequence[Reading], wavs: Path, link: bool, progress: Progress
) -> Iterator[tuple[Reading, Path | LeftOut]]:
    """Yield each reading with its file in `wavs/`, or its fault."""
    # libsndfile lets go of the interpreter while it decodes and encodes.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(partial(_place, wavs=wavs, link=link), readings)
        try:
            for number, (reading, made) in enumerate(zip(readings, results, strict=True), start=1):
                progress("converting recordings", number, len(readings))
                yield reading, made
        finally:
            pool.shutdown(cancel_futures=True)


def _place(reading: Reading, wavs: Path, link: bool) -> Path | LeftOut:
    """Put one recording into `wavs/`."""
    whole = reading.start_s <= 0 and reading.length_s is None and reading.channel is None
    linked = link and whole and reading.audio.suffix.lower() in SUFFIXES
    target = wavs / f"{reading.utterance}{reading.audio.suffix.lower() if linked else '.flac'}"
    try:
        if linked:
            target.unlink(missing_ok=True)
            target.symlink_to(reading.audio.resolve())
        elif not target.is_file():
            _to_flac(reading, target)
        seconds = soundfile.info(target).duration
    except (soundfile.LibsndfileError, _CutError) as error:
        target.unlink(missing_ok=True)
        return left_out(reading.utterance, _why(reading.audio, error))
    if reading.seconds is not None and seconds < reading.seconds - TRUNCATED_S:
        target.unlink()
        stated = f"{seconds:.2f} s of the {reading.seconds:.2f} s that the corpus states"
        return left_out(reading.utterance, f"truncated: {stated}")
    return target


class _CutError(Exception):
    """A part of a file that the file does not have."""


def _to_flac(reading: Reading, flac: Path) -> None:
    """Write the recording as mono FLAC at its own rate.

    It is cut from its file; lossless up to 24 bits a sample.
    """
    with soundfile.SoundFile(reading.audio) as file:
        rate, subtype = file.samplerate, file.subtype
        start = round(reading.start_s * rate)
        if start >= max(file.frames, 1):
            raise _CutError(f"begins at {reading.start_s:.2f} s, after the end of the file")
        file.seek(start)
        frames = -1 if reading.length_s is None else round(reading.length_s * rate)
        kind = "float64" if subtype in ("FLOAT", "DOUBLE") else "int32"
        samples = file.read(frames, dtype=kind, always_2d=True)
    if not len(samples):
        raise _CutError("holds no samples")
    if reading.channel is not None:
        samples = samples[:, [reading.channel]]
    mono = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1)
    part = flac.with_name(f".{flac.name}")
    coded = FULL_SCALE_BITS.get(subtype, "PCM_16")
    soundfile.write(part, np.asarray(mono, samples.dtype), rate, format="FLAC", subtype=coded)
    part.replace(flac)


def _why(audio: Path, error: Exception) -> str:
    with audio.open("rb") as file:
        if file.read(len(POINTER)) == POINTER:
            return (
                "a pointer of Git LFS, not audio: clone the repository with Git LFS, then import it"
            )
    if isinstance(error, soundfile.LibsndfileError):
        # libsndfile has no words for a FLAC stream that breaks off.
        return f"not audio: {error.error_string or 'damaged or cut off in its middle'}"
    return str(error)


def _voice(choice: Choice) -> str | None:
    """Return the chosen name for a corpus that names no speaker."""
    return next(iter(choice.speakers)) if len(choice.speakers) == 1 else None


def _recording(reading: Reading, audio: Path, info: CorpusInfo, choice: Choice) -> Recording:
    return Recording(
        utterance=reading.utterance,
        sentence=reading.sentence,
        text=(reading.written if choice.written else "") or reading.text,
        path=str(audio),
        speaker=reading.speaker or _voice(choice) or info.speaker,
        paragraph=reading.paragraph,
        position=reading.position,
        seconds=soundfile.info(audio).duration,
        split=reading.split if choice.own_split else None,
    )
