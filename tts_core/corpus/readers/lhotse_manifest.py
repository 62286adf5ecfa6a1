"""Lhotse manifests, and by them whatever Lhotse has a recipe for.

In a folder, `*cuts*.jsonl(.gz)`, or else `*recordings*.jsonl(.gz)` with the `*supervisions*` of the
same name; or one manifest of cuts. A supervision is a recording: a part of a long file is cut out.
Audio that is not a file (a command, a URL) is never opened.
"""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from intone.errors import UserError
from tts_core.corpus.readers.base import Entry, Reading, is_there, left_out

ENDINGS = (".jsonl.gz", ".jsonl")
SPOKEN = ("normalized_text", "text_punct")
"""Keys of Lhotse's recipes whose text is better than that of `text`.

LJSpeech's is in words, Hi-Fi TTS' has punctuation.
"""


def recognise(folder: Path) -> bool:
    """Return whether the folder has manifests of that name."""
    return bool(_named(folder, "cuts")) or any(_pairs(folder))


def read(folder: Path) -> Iterator[Entry]:
    """Every supervision of every manifest.

    Raises:
        UserError: Lhotse is not installed, or there is no manifest.
    """
    try:
        from lhotse.serialization import deserialize_item
    except ImportError as error:
        raise UserError(
            "reading its manifests needs Lhotse; install it with `pip install 'intone[lhotse]'`"
        ) from error
    cuts = [folder] if folder.is_file() else _named(folder, "cuts")
    pairs = list(_pairs(folder)) if not cuts else []
    if not cuts and not pairs:
        raise UserError(
            f"{folder}: no *cuts*.jsonl.gz, and no *recordings*.jsonl.gz with *supervisions*.jsonl."
            "gz of the same name; give the folder that Lhotse wrote its manifests to"
        )
    for manifest in cuts:
        for where, cut in _items(manifest, deserialize_item):
            yield from _of_cut(where, cut, manifest.parent)
    for recordings, supervisions in pairs:
        known = {}
        for where, item in _items(recordings, deserialize_item):
            if isinstance(item, str):
                yield left_out(where, item)
            else:
                known[item.id] = item
        for where, item in _items(supervisions, deserialize_item):
            if isinstance(item, str):
                yield left_out(where, item)
            elif item.recording_id not in known:
                yield left_out(item.id, f"its recording {item.recording_id} is in no manifest")
            else:
                yield _reading(where, item, known[item.recording_id], 0.0, supervisions.parent)


def _items(manifest: Path, deserialise: Any) -> Iterator[tuple[str, Any]]:
    """Yield "FILE line N" with each line's item or fault."""
    number = 0
    with gzip.open(manifest) if manifest.suffix == ".gz" else manifest.open("rb") as file:
        try:
            for number, line in enumerate(file, start=1):
                where = f"{manifest.name} line {number}"
                try:
                    yield where, deserialise(json.loads(line))
                except (ValueError, TypeError, KeyError, AttributeError, AssertionError) as error:
                    yield where, f"not an item of a Lhotse manifest ({error!r:.80})"
        except (OSError, EOFError) as error:
            yield f"{manifest.name} after line {number}", f"the rest cannot be read ({error})"


def _of_cut(where: str, cut: Any, folder: Path) -> Iterator[Entry]:
    if isinstance(cut, str):
        yield left_out(where, cut)
    elif type(cut).__name__ not in ("MonoCut", "MultiCut"):
        yield left_out(where, f"a {type(cut).__name__} is no recording; import the cuts it is of")
    elif cut.recording is None:
        yield left_out(cut.id, "a cut without its recording")
    elif not cut.supervisions:
        yield left_out(cut.id, "text missing: a cut without supervision")
    else:
        for supervision in cut.supervisions:
            yield _reading(where, supervision, cut.recording, cut.start, folder)


def _reading(where: str, supervision: Any, recording: Any, start_s: float, folder: Path) -> Entry:
    try:
        return _checked(supervision, recording, start_s, folder)
    except (TypeError, ValueError, AttributeError) as error:
        # Lhotse takes values of any type from a manifest.
        return left_out(where, f"not an item of a Lhotse manifest ({error!r:.80})")


def _checked(supervision: Any, recording: Any, start_s: float, folder: Path) -> Entry:
    utterance = re.sub(r"[^\w.-]+", "_", str(supervision.id))
    channel = supervision.channel if isinstance(supervision.channel, int) else None
    source = next((s for s in recording.sources if channel is None or channel in s.channels), None)
    if source is None or source.type != "file":
        kind = "missing" if source is None else f"a {source.type}, not a file"
        return left_out(utterance, f"its audio is {kind}")
    if recording.transforms:
        return left_out(utterance, "Lhotse altered its audio; import the unaltered recordings")
    start_s += supervision.start
    whole = start_s <= 0 and supervision.duration >= recording.duration - 1e-3
    custom = supervision.custom or {}
    text = next((custom[name] for name in SPOKEN if custom.get(name)), supervision.text)
    beside = folder / source.source
    return Reading(
        utterance=utterance,
        sentence=utterance,
        text=str(text or ""),
        audio=beside if is_there(beside) else Path(source.source),
        speaker=supervision.speaker,
        written=str(custom.get("orig_text") or supervision.text or ""),
        seconds=supervision.duration,
        start_s=max(start_s, 0.0),
        length_s=None if whole else supervision.duration,
        channel=source.channels.index(channel)
        if channel is not None and len(source.channels) > 1
        else None,
    )


def _named(folder: Path, what: str) -> list[Path]:
    return sorted(p for ending in ENDINGS for p in folder.glob(f"*{what}*{ending}"))


def _pairs(folder: Path) -> Iterator[tuple[Path, Path]]:
    for recordings in _named(folder, "recordings"):
        supervisions = folder / recordings.name.replace("recordings", "supervisions")
        if supervisions.is_file():
            yield recordings, supervisions
