"""Readers of corpora as others publish them, one module a layout.

A module has `recognise(folder)` and `read(folder)`; reading opens no audio.
"""

from collections.abc import Callable, Iterator, Set
from pathlib import Path
from typing import NamedTuple

from intone.errors import UserError
from tts_core.corpus.info import KNOWN
from tts_core.corpus.readers import (
    blizzard2013,
    hifi_tts,
    kathleen,
    lhotse_manifest,
    libritts,
    ljspeech,
    metadata,
    vctk,
)
from tts_core.corpus.readers.base import Entry, Reading, held
from tts_core.corpus.shards import LeftOut

AUTO = "auto"


class Layout(NamedTuple):
    """Publisher's layout of a corpus."""

    recognise: Callable[[Path], bool]
    read: Callable[[Path], Iterator[Entry]]


class Found(NamedTuple):
    """Recordings listed by a reader.

    Fields: the layout's name, usable readings, and unusable ones with reasons.
    """

    layout: str
    readings: list[Reading]
    left_out: list[LeftOut]


def layouts() -> dict[str, Layout]:
    """Return all layouts by name, in the order of recognition."""
    return {
        "libritts-r": Layout(libritts.recognise_restored, libritts.read),
        "libritts": Layout(libritts.recognise, libritts.read),
        "vctk": Layout(vctk.recognise, vctk.read),
        "hifi-tts": Layout(hifi_tts.recognise, hifi_tts.read),
        "kathleen": Layout(kathleen.recognise, kathleen.read),
        "ljspeech": Layout(ljspeech.recognise, ljspeech.read),
        "blizzard2013": Layout(blizzard2013.recognise, blizzard2013.read),
        "metadata": Layout(metadata.recognise, metadata.read),
        "lhotse": Layout(lhotse_manifest.recognise, lhotse_manifest.read),
    }


def recognise(folder: Path) -> str:
    """Return the name of a folder's layout.

    Raises:
        UserError: it has none of them.
    """
    for name, layout in layouts().items():
        if layout.recognise(folder):
            return name
    raise UserError(
        f"{folder}: in none of the layouts {', '.join(layouts())}; write a metadata.csv with the "
        "columns utterance|text beside a wavs/ folder"
    )


def read(layout: str, folder: str | Path, speakers: Set[str] = frozenset()) -> Found:
    """Read a folder in a published layout; no audio is opened.

    Args:
        layout: one of `layouts()`, or `auto`.
        folder: the corpus, or the one table or manifest that lists it.
        speakers: whose recordings; all if empty. Where the corpus names no speaker, one name is
            the voice's.

    Raises:
        UserError: no such folder or layout, nothing in it in this layout, or no such speaker.
    """
    folder = Path(folder)
    if not folder.exists():
        raise UserError(f"{folder}: no such folder; give the unpacked corpus")
    if layout == AUTO:
        layout = recognise(folder)
    if layout not in layouts():
        known = ", ".join([AUTO, *layouts()])
        raise UserError(f"{layout}: no such layout; known ones are {known}")
    entries = list(layouts()[layout].read(folder))
    names = {e.speaker for e in entries if isinstance(e, Reading) and e.speaker is not None}
    if names and (unknown := sorted(speakers - names)):
        shown = ", ".join(sorted(names)[:20]) + (" ..." if len(names) > 20 else "")
        raise UserError(f"{folder}: no speaker {unknown[0]}; choose from {shown}")
    readings, out = held(entries, speakers if names else frozenset())
    if not readings:
        first = f"; the first, {out[0].utterance}: {out[0].reason}" if out else ""
        description = KNOWN[layout].name if layout in KNOWN else f"the layout {layout}"
        raise UserError(
            f"{folder}: no recordings of {description} with their texts are in it{first}"
        )
    return Found(layout, readings, out)
