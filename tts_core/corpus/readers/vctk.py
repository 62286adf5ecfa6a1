"""VCTK 0.92: `wav48_silence_trimmed/p225/p225_001_mic1.flac` and `txt/p225/p225_001.txt`.

The first microphone is taken throughout: of p280 and p315 the second is missing. Newspaper
sentences have no context, so there are no paragraphs. `speaker-info.txt`, which lacks the speakers
s5 and p280, is not needed.
"""

from collections.abc import Iterator
from pathlib import Path

from tts_core.corpus.readers.base import Entry, Reading, text_of

AUDIO, TEXTS, MICROPHONE = "wav48_silence_trimmed", "txt", "_mic1"


def recognise(folder: Path) -> bool:
    """Return whether the folder of trimmed audio exists."""
    return _root(folder) is not None


def read(folder: Path) -> Iterator[Entry]:
    """Yield every speaker's sentences; p315 has audio without texts."""
    root = _root(folder)
    if root is None:
        return
    stems = {
        (path.parent.name, path.stem.removesuffix(MICROPHONE))
        for path in (root / AUDIO).glob(f"*/*{MICROPHONE}.flac")
    }
    stems |= {(path.parent.name, path.stem) for path in (root / TEXTS).glob("*/*.txt")}
    for speaker, stem in sorted(stems):
        audio = root / AUDIO / speaker / f"{stem}{MICROPHONE}.flac"
        text = text_of(root / TEXTS / speaker / f"{stem}.txt") or ""
        yield Reading(stem, stem, text, audio, speaker)


def _root(folder: Path) -> Path | None:
    candidates = [folder, *sorted(path for path in folder.glob("*") if path.is_dir())]
    return next((path for path in candidates if (path / AUDIO).is_dir()), None)
