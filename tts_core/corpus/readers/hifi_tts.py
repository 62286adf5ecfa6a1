"""Hi-Fi TTS: JSON lines in `92_manifest_clean_train.json` and so on, and `audio/**/*.flac`.

`text_normalized` is what was read, with case and punctuation; `text` is without both. The file
name says book, chapter, reader and the clip's number in the chapter.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from tts_core.corpus.readers.base import Entry, Reading, left_out, lines, with_position
from tts_core.corpus.sources import SPLIT_NAMES

MANIFEST = re.compile(r"(\d+)_manifest_(?:clean|other)_(train|dev|test)\.json")


def recognise(folder: Path) -> bool:
    """Return whether the folder has a manifest of that name."""
    return bool(_manifests(folder))


def read(folder: Path) -> Iterator[Entry]:
    """All manifests; the publisher's split is kept with each reading."""
    for manifest, speaker, side in _manifests(folder):
        for where, line in lines(manifest):
            try:
                row = json.loads(line) if line else None
            except json.JSONDecodeError:
                row = None
            if not isinstance(row, dict) or not isinstance(row.get("audio_filepath"), str):
                yield left_out(where, "not a JSON object with an audio_filepath")
                continue
            yield _reading(row, manifest.parent, speaker, SPLIT_NAMES[side])


def _reading(row: dict, root: Path, speaker: str, side: str) -> Reading:
    audio = root / row["audio_filepath"].strip()
    chapter, position = with_position(audio.stem)
    seconds = row.get("duration")
    return Reading(
        utterance=audio.stem,
        sentence=audio.stem,
        text=str(row.get("text_normalized") or row.get("text") or ""),
        audio=audio,
        speaker=speaker,
        written=str(row.get("text_no_preprocessing") or ""),
        paragraph=f"{audio.parent.name}/{chapter}" if chapter else None,
        position=position,
        seconds=float(seconds) if isinstance(seconds, int | float) else None,
        split=side,
    )


def _manifests(folder: Path) -> list[tuple[Path, str, str]]:
    paths = sorted([*folder.glob("*_manifest_*.json"), *folder.glob("*/*_manifest_*.json")])
    matches = [(path, MANIFEST.fullmatch(path.name)) for path in paths]
    return [(path, match[1], match[2]) for path, match in matches if match]
