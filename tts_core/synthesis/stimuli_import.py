"""Import of existing audio: files with one stem are one sentence."""

import csv
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import soundfile

from intone.contracts.stimuli import Role, Source, StimulusSet
from intone.errors import UserError
from intone.progress import Progress, silent
from tts_core.audio.io import read_audio_and_rate
from tts_core.synthesis.stimuli import StimulusWriter

REFERENCE = "reference"
_READABLE = {
    ".wav",
    ".flac",
    ".ogg",
    ".oga",
    ".opus",
    ".mp3",
    ".aif",
    ".aiff",
    ".au",
    ".caf",
    ".w64",
}
# The last four cannot be read: they are refused by name instead of overlooked.
_AUDIO = _READABLE | {".m4a", ".aac", ".wma", ".mp4"}


def parse_folders(words: Sequence[str]) -> dict[str, Path]:
    """Parse `NAME=FOLDER` words; only the first `=` divides.

    Raises:
        UserError: a word of another form, or a name twice.
    """
    folders: dict[str, Path] = {}
    for word in words:
        name, _, folder = (part.strip() for part in word.partition("="))
        if not (name and folder):
            raise UserError(f"{word!r}: not NAME=FOLDER; write e.g. mine=path/to/wavs")
        if name in folders:
            raise UserError(f"{name}: named twice; give each system one folder")
        folders[name] = Path(folder)
    return folders


def import_stimuli(
    systems: Mapping[str, Path],
    out: Path,
    reference: Path | None = None,
    texts: Path | None = None,
    copy_synthesis: Collection[str] = (),
    name: str | None = None,
    voice: str = "not stated",
    licence: str = "not stated",
    language: str = "en",
    created_by: str = "intone stimuli import",
    progress: Progress = silent,
) -> StimulusSet:
    """Make a stimulus set of folders of audio files.

    Every file is decoded and written as mono FLAC at its own rate; nothing is resampled or made
    louder. A channel mix and a change of level are written down in the source's note.

    Args:
        systems: name to folder. The file stem is the sentence id.
        out: folder of the set.
        reference: folder of the recordings, which become the system "reference".
        texts: `stem|text` lines, tab- or comma-separated columns, LJSpeech's metadata.csv, or a
            table with a column "text" (first column: the stem). Without it texts are empty.
        copy_synthesis: names of systems that are recordings passed through the vocoder.
        name: of the set, by default the folder's. voice, licence, language: of the audio.

    Raises:
        UserError: a folder without audio, two files of one stem, a sentence that one system lacks,
            a text that is missing, a file that cannot be read, or an unusable name.
    """
    folders = _folders(systems, reference, copy_synthesis)
    files = {system: _by_stem(folder) for system, folder in folders.items()}
    stems = _shared_stems(files, folders)
    spoken = dict.fromkeys(stems, "") if texts is None else _texts_for(stems, texts)
    settings = {
        "files": {s: {stem: str(p.resolve()) for stem, p in f.items()} for s, f in files.items()},
        "changed": {s: [p.stat().st_mtime_ns for p in f.values()] for s, f in files.items()},
        "texts": spoken,
        "roles": {s: _role(s, copy_synthesis) for s in files},
    }
    jobs = [(stem, system) for stem in stems for system in files]
    for number, (stem, system) in enumerate(jobs):
        progress("checking", number, len(jobs))
        _read(files[system][stem])
    writer = StimulusWriter(out, settings)
    for number, (stem, system) in enumerate(jobs):
        progress("importing", number, len(jobs))
        if not writer.has(stem, system):
            role = _role(system, copy_synthesis)
            _import_one(writer, files[system][stem], stem, spoken[stem], system, role)
    progress("importing", len(jobs), len(jobs))
    return writer.finish(name or out.resolve().name, voice, licence, created_by, language)


def _import_one(
    writer: StimulusWriter, path: Path, stem: str, text: str, system: str, role: Role
) -> None:
    samples, rate = _read(path)
    channels = soundfile.info(path).channels
    note = None if channels == 1 else f"mean of {channels} channels"
    source = Source(kind="import", original=path.name, note=note)
    writer.add(stem, text, system, role, samples, rate, source)


def _read(path: Path) -> tuple[np.ndarray, int]:
    samples, rate = read_audio_and_rate(path)
    if not samples.any():
        raise UserError(f"{path}: holds only silence; export it again or leave the sentence out")
    return samples, rate


def _folders(
    systems: Mapping[str, Path], reference: Path | None, copy_synthesis: Collection[str]
) -> dict[str, Path]:
    if not systems:
        raise UserError("no system given; name at least one as NAME=FOLDER")
    if REFERENCE in systems:
        raise UserError(f"{REFERENCE!r} names the recordings; give that folder as --reference")
    unknown = [name for name in copy_synthesis if name not in systems]
    if unknown:
        raise UserError(f"{unknown[0]}: marked as copy synthesis but not among the systems")
    folders = {} if reference is None else {REFERENCE: Path(reference)}
    folders |= {name: Path(folder) for name, folder in systems.items()}
    for name, folder in folders.items():
        if not folder.is_dir():
            raise UserError(f"{folder}: no such folder (system {name!r}); check the path")
    return folders


def _role(system: str, copy_synthesis: Collection[str]) -> Role:
    if system == REFERENCE:
        return "reference"
    return "copy_synthesis" if system in copy_synthesis else "system"


def _by_stem(folder: Path) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.suffix.lower() not in _AUDIO or not path.is_file():
            continue
        if path.stem in files:
            raise UserError(
                f"{folder}: {files[path.stem].name} and {path.name} are both sentence "
                f"{path.stem!r}; keep one"
            )
        files[path.stem] = path
    if not files:
        raise UserError(f"{folder}: holds no audio files; give the folder that holds them itself")
    return files


def _shared_stems(
    files: Mapping[str, Mapping[str, Path]], folders: Mapping[str, Path]
) -> list[str]:
    every = sorted(set().union(*files.values()))
    for system, paths in files.items():
        missing = [stem for stem in every if stem not in paths]
        if missing:
            shown = ", ".join(missing[:5]) + (" ..." if len(missing) > 5 else "")
            raise UserError(
                f"{folders[system]}: system {system!r} lacks {len(missing)} of {len(every)} "
                f"sentences ({shown}); every system must say every sentence"
            )
    return every


def _texts_for(stems: list[str], path: Path) -> dict[str, str]:
    texts = read_texts(path)
    missing = [stem for stem in stems if stem not in texts]
    if missing:
        raise UserError(
            f"{path}: has no text for {len(missing)} of {len(stems)} sentences, the first is "
            f"{missing[0]!r}; add them, or leave the texts out"
        )
    return {stem: texts[stem] for stem in stems}


def read_texts(path: Path) -> dict[str, str]:
    """Read stem to text: see `import_stimuli`.

    Raises:
        UserError: no such file, not UTF-8, a line without a text, or a stem with two texts.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read as UTF-8 text; check the path") from error
    delimiter = next((d for d in "|\t," if lines and d in lines[0]), "|")
    quoting = csv.QUOTE_MINIMAL if delimiter == "," else csv.QUOTE_NONE
    rows = list(csv.reader(lines, delimiter=delimiter, quoting=quoting))
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    column = header.index("text") if "text" in header[1:] else 1
    texts: dict[str, str] = {}
    for number, row in enumerate(rows, 1):
        if not row or (number == 1 and "text" in header[1:]):
            continue
        if len(row) <= column:
            raise UserError(f"{path}, line {number}: no text; write `stem{delimiter}text`")
        first = Path(row[0].strip())
        stem = first.stem if first.suffix.lower() in _AUDIO else row[0].strip()
        text = row[column].strip()
        if texts.setdefault(stem, text) != text:
            raise UserError(f"{path}, line {number}: {stem!r} has another text before")
    return texts
