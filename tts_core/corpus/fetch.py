"""Corpora that others publish, in our form.

The downloads are written against what the publishers document and tested against a local server;
from where this was written the real hosts could not be reached, so their answers were never met.
"""

import platform
import re
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import soundfile

from intone.errors import UserError
from intone.files import write_whole
from intone.resources import corpora_path
from tts_core.corpus.download import OWN_COPY, download
from tts_core.corpus.progress import Progress, silent
from tts_core.corpus.sources import KNOWN, CorpusInfo, read_corpus, write_corpus, write_info

FULL_SCALE_BITS = {"PCM_24": "PCM_24", "PCM_32": "PCM_24", "FLOAT": "PCM_24", "DOUBLE": "PCM_24"}


class Reading(NamedTuple):
    """One recording in a publisher's folder."""

    utterance: str
    sentence: str
    text: str
    audio: Path


class Published(NamedTuple):
    """Where a corpus is published and how its folder is read."""

    url: str
    archive: str
    size: int | None
    sha256: str | None
    readings: Callable[[Path], Iterator[Reading]]


def published() -> dict[str, Published]:
    """The corpora that `fetch` knows."""
    return {
        # GitHub makes the archive on demand: its bytes, so its digest, may change.
        "kathleen": Published(
            "https://github.com/rhasspy/dataset-voice-kathleen/archive/refs/heads/master.tar.gz",
            "kathleen.tar.gz",
            None,
            None,
            kathleen_readings,
        ),
        "ljspeech": Published(
            "https://data.keithito.com/data/speech/LJSpeech-1.1.tar.bz2",
            "LJSpeech-1.1.tar.bz2",
            2748572632,
            "be1a30453f28eb8dd26af4101ae40cbf2c50413b1bb21936cbcdc6fae3de8aa5",
            ljspeech_readings,
        ),
    }


def fetch(
    name: str,
    out: str | Path,
    from_dir: str | Path | None = None,
    url: str | None = None,
    progress: Progress = silent,
) -> CorpusInfo:
    """Bring a published corpus into the folder `out`, in our form.

    A copy that is already on this machine is used first: `from_dir`, else a folder of the corpus'
    name under `INTONE_CORPORA`. A copy in our form is linked, one in the publisher's is converted.

    Args:
        name: kathleen or ljspeech.
        out: the corpus folder; the download stands beside it until it is converted.
        from_dir: a copy of the corpus.
        url: another address of the publisher's archive; its size and digest are then not checked.
        progress: is told mebibytes and recordings.

    Returns:
        what is known of the corpus: `licence`, `source` and `note` are for its user to see.

    Raises:
        UserError: unknown corpus, no copy there, download failed, not the expected contents, or
            another corpus in `out`.
    """
    if name not in published():
        raise UserError(f"{name}: no such corpus; known ones are {', '.join(published())}")
    source, info, out = published()[name], KNOWN[name], Path(out)
    if (out / "corpus.json").is_file():
        there, _ = read_corpus(out)
        if there.name != name:
            raise UserError(f"{out}: holds the corpus {there.name}; choose another folder")
        return there
    out.mkdir(parents=True, exist_ok=True)
    local = Path(from_dir) if from_dir else corpora_path(name)
    if from_dir and not local.is_dir():
        raise UserError(f"{local}: no such folder; give the folder of a copy of {name}")
    if local.is_dir() and (from_dir or url is None):
        _take_local(local, out, source, info, progress)
        return info
    if not hasattr(tarfile, "data_filter"):
        raise UserError(
            f"Python {platform.python_version()} cannot unpack a download safely; use 3.11.4 or "
            f"newer, or give an unpacked copy {OWN_COPY}"
        )
    known = (source.size, source.sha256) if url is None else (None, None)
    archive = download(
        url or source.url, out.parent / f".{out.name}-{source.archive}", *known, progress
    )
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as scratch:
        _unpack(archive, Path(scratch))
        _convert(source.readings(Path(scratch)), Path(scratch), out, info, progress)
    archive.unlink()
    return info


def kathleen_readings(folder: Path) -> Iterator[Reading]:
    """`data/arctic_a0001_1592748600.wav` with its `.txt`: a sentence and the time of its reading.

    The readings of a sentence are numbered in the order of their times.
    """
    numbers: dict[str, int] = {}
    for text in sorted(folder.rglob("data/*.txt")):
        match = re.fullmatch(r"(.+)_(\d+)", text.stem)
        audio = text.with_suffix(".wav")
        if match and audio.is_file():
            sentence = match[1]
            numbers[sentence] = numbers.get(sentence, 0) + 1
            words = text.read_text(encoding="utf-8").strip()
            yield Reading(f"{sentence}_{numbers[sentence]}", sentence, words, audio)


def ljspeech_readings(folder: Path) -> Iterator[Reading]:
    """`metadata.csv` = `id|as written|numbers and abbreviations in words`, and `wavs/id.wav`."""
    for table in sorted(folder.rglob("metadata.csv")):
        for line in table.read_text(encoding="utf-8").splitlines():
            fields = line.split("|")
            audio = table.parent / "wavs" / f"{fields[0]}.wav"
            if len(fields) == 3 and audio.is_file():
                yield Reading(fields[0], fields[0], fields[2] or fields[1], audio)


def _take_local(
    local: Path, out: Path, source: Published, info: CorpusInfo, progress: Progress
) -> None:
    progress(f"taking the copy in {local}", 1, 1)
    table = local / "metadata.csv"
    if table.is_file() and table.read_text(encoding="utf-8-sig").startswith("utterance|"):
        wavs = out / "wavs"
        if wavs.is_symlink():
            wavs.unlink()  # of an earlier try, perhaps to a copy that is gone
        if not wavs.exists():
            wavs.symlink_to((local / "wavs").resolve(), target_is_directory=True)
        write_whole(out / "metadata.csv", table.read_text(encoding="utf-8-sig"))
        write_info(out, info)
        return
    _convert(source.readings(local), local, out, info, progress)


def _unpack(archive: Path, target: Path) -> None:
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(target, filter="data")
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno:
            raise UserError(
                f"{target.parent}: the download cannot be unpacked there ({error.strerror}); it is "
                "kept, and the same command unpacks it again"
            ) from error
        archive.unlink()
        raise UserError(
            f"{archive.name}: not an archive that can be unpacked ({error}); it was deleted, fetch "
            "the corpus again"
        ) from error


def _convert(
    readings: Iterator[Reading], where: Path, out: Path, info: CorpusInfo, progress: Progress
) -> None:
    found = list(readings)
    if not found:
        raise UserError(f"{where}: no recordings of {info.name} with their texts are in it")
    if (out / "wavs").is_symlink():
        (out / "wavs").unlink()
    (out / "wavs").mkdir(exist_ok=True)
    rows = []
    for number, reading in enumerate(found, start=1):
        flac = out / "wavs" / f"{reading.utterance}.flac"
        try:
            if not flac.is_file():
                _to_flac(reading.audio, flac)
        except soundfile.LibsndfileError as error:
            raise UserError(
                f"{reading.audio}: not audio ({error.error_string}); if the archive holds "
                "pointers of Git LFS, clone the repository with it and give --from"
            ) from error
        seconds = soundfile.info(flac).duration
        rows.append((reading.utterance, reading.sentence, reading.text, seconds))
        progress("converting recordings", number, len(found))
    write_corpus(out, info, rows)


def _to_flac(audio: Path, flac: Path) -> None:
    subtype = soundfile.info(audio).subtype
    kind = "float64" if subtype in ("FLOAT", "DOUBLE") else "int32"
    samples, rate = soundfile.read(audio, dtype=kind, always_2d=True)
    mono = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1).astype(samples.dtype)
    part = flac.with_name(f".{flac.name}")
    coded = FULL_SCALE_BITS.get(subtype, "PCM_16")
    soundfile.write(part, mono, rate, format="FLAC", subtype=coded)
    part.replace(flac)
