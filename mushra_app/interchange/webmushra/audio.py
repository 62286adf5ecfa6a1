"""Stimulus set from the audio of a webMUSHRA study."""

import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import soundfile

from intone.contracts import Stimulus, StimulusSet
from intone.contracts.stimuli import Source
from intone.errors import UserError
from intone.files import sha256, whole_folder
from mushra_app.sounds.played_files import loudness

# Copied byte by byte; anything else that can be read is decoded and kept without loss.
_LOSSLESS = {"WAV", "WAVEX", "FLAC"}


def audio_root(yaml: Path, files: Mapping[tuple[str, str], str], root: Path | None) -> Path:
    """Return the folder that the file names start from.

    By default: the study file's folder, or the one above it (webMUSHRA keeps study files in
    `configs/` and reads names from the folder above).

    Raises:
        UserError: a file does not exist.
    """
    first = next(iter(files.values()))
    candidates = [root] if root else [yaml.parent, yaml.parent.parent]
    chosen = next((c for c in candidates if (c / first).is_file()), candidates[0])
    for (sentence, system), name in files.items():
        if re.match(r"[a-z]+://", name):
            raise UserError(
                f"{yaml}: {name}: is a web address; download the audio and write the file name"
            )
        if not (chosen / name).is_file():
            raise UserError(
                f"{chosen / name}: no such file ({system}, {sentence}); give the folder that the "
                "names start from as --audio"
            )
    return chosen


def make_set(
    files: Mapping[tuple[str, str], str],
    root: Path,
    out: Path,
    *,
    name: str,
    language: str,
    reference: str | None,
    progress: Callable[[int, int], None] | None = None,
) -> StimulusSet:
    """Copy audio into a stimulus set.

    Args:
        files: file name, relative to `root`, by sentence and system.
        root: folder that the names start from.
        out: folder of the set.
        name: name of the set.
        language: language of the texts (BCP 47).
        reference: system with the role reference; None if there is none.
        progress: called with files done and files in all.

    Raises:
        UserError: a file cannot be read as audio.
    """
    stimuli = []
    with whole_folder(out) as scratch:
        for number, ((sentence, system), file) in enumerate(files.items()):
            source = root / file
            stem = re.sub(r"[^\w.-]+", "_", f"{sentence}--{system}")[:100]
            stimuli.append(
                _copied(
                    source, scratch, f"{number:04d}-{stem}", sentence, system, system == reference
                )
            )
            if progress:
                progress(number + 1, len(files))
        stimulus_set = StimulusSet(
            name=name,
            language=language,
            voice="not stated",
            licence="not stated",
            created_by="intone study import (webMUSHRA)",
            stimuli=stimuli,
        )
        stimulus_set.write(scratch)
    return stimulus_set


def _copied(
    source: Path, folder: Path, stem: str, sentence: str, system: str, is_reference: bool
) -> Stimulus:
    try:
        info = soundfile.info(str(source))
        samples, rate = soundfile.read(str(source), always_2d=True, dtype="float64")
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise UserError(
            f"{source}: cannot be read as audio; convert it to WAV or FLAC, and name that file"
        ) from error
    note = None
    if info.format in _LOSSLESS:
        path = folder / (stem + source.suffix.lower())
        shutil.copyfile(source, path)
    else:
        path = folder / f"{stem}.flac"
        soundfile.write(path, samples, rate, subtype="PCM_24")
        note = f"decoded from {info.format}"
    samples = np.asarray(samples, dtype=np.float64)
    level = loudness(samples, rate) if len(samples) >= 0.4 * rate else None
    return Stimulus(
        sentence=sentence,
        text="",
        system=system,
        role="reference" if is_reference else "system",
        path=path.name,
        sha256=sha256(path),
        seconds=len(samples) / rate,
        sample_rate=rate,
        loudness_lufs=level if level is not None and np.isfinite(level) else None,
        source=Source(kind="import", original=source.name, note=note),
    )
