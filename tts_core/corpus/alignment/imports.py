"""Alignments made elsewhere: Praat TextGrids (the Montreal aligner's layout) and CTM files."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from intone.errors import UserError
from intone.progress import Progress, silent
from tts_core.corpus.alignment.types import AlignmentError, Utterance

_SILENCES = frozenset(["", "SIL", "SP", "SPN", "NSN", "<EPS>", "<SIL>"])
_TOLERANCE_S = 0.05
"""Rounding by which phones may overlap or end after the audio."""


class Interval(NamedTuple):
    """A label from `start` to `end`, s."""

    start: float
    end: float
    label: str


def import_alignment(
    source: Path, utterances: Mapping[str, Utterance], progress: Progress = silent
) -> tuple[str, dict[str, np.ndarray | AlignmentError]]:
    """Import phone times; phones must equal ours but for stress.

    An utterance with other phones is refused: stretching its times would invent an alignment.

    Args:
        source: a folder with `UTTERANCE.TextGrid` anywhere below it, or a CTM file of lines
            `utterance channel start duration phone`.
        utterances: id to audio and phones.
        progress: receives how many are done.

    Returns:
        TextGrid or CTM, and id to (P, 2) start and end, s, or to why there is none.

    Raises:
        UserError: there is no such source, or it holds none of these utterances.
    """
    if source.is_dir():
        kind, files = "TextGrid", {p.stem: p for p in sorted(source.rglob("*.TextGrid"))}
        read, have = _from_files(files), set(files)
    elif source.is_file():
        kind, rows = "CTM", read_ctm(source)
        read, have = _lookup(rows), set(rows)
    else:
        raise UserError(
            f"{source}: no such aligner; one of auto, viter, pocketsphinx, a folder of TextGrids "
            "or a CTM file"
        )
    if not have & set(utterances):
        raise UserError(
            f"{source}: holds no alignment of this corpus' recordings, such as "
            f"{min(utterances, default='(none)')}; found {len(have)} others"
        )
    times: dict[str, np.ndarray | AlignmentError] = {}
    for name, utterance in utterances.items():
        try:
            if name not in have:
                raise AlignmentError(f"{source.name} has no alignment of it")
            times[name] = _times(read(name), utterance)
        except AlignmentError as error:
            times[name] = error
        progress("reading the alignment", len(times), len(utterances))
    return kind, times


def read_textgrid(path: Path) -> dict[str, list[Interval]]:
    """Read the interval tiers of a TextGrid by name.

    Both the long and the short text format are read.

    Both are read as Praat reads them: free-standing numbers, texts in double quotes and flags in
    angle brackets count, everything else is comment. UTF-8 or UTF-16 with a byte order mark.

    Raises:
        AlignmentError: not a TextGrid, or it ends too early.
    """
    raw = path.read_bytes()
    coding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        tokens = _free_standing(raw.decode(coding))
        if tokens[:2] != ["ooTextFile", "TextGrid"]:
            raise AlignmentError(f"{path.name} is not a Praat TextGrid in text format")
        rest = iter(tokens[2:])
        _skip(rest, 2)
        if next(rest) != "<exists>":
            return {}
        return dict(_tier(rest) for _ in range(int(next(rest))))
    except UnicodeDecodeError as error:
        raise AlignmentError(f"{path.name} is neither UTF-8 nor UTF-16 text") from error
    except (StopIteration, RuntimeError, ValueError) as error:
        raise AlignmentError(f"{path.name} is damaged or ends too early") from error


def textgrid_phones(tiers: Mapping[str, list[Interval]]) -> list[Interval]:
    """Return the tier of phones: `phones`, or one speaker's `SPEAKER - phones`.

    Raises:
        AlignmentError: there is none, or there are several.
    """
    names = [name for name in tiers if name.split(" - ")[-1].strip().lower() in ("phones", "phone")]
    if len(names) != 1:
        raise AlignmentError(f"one tier `phones` is needed, its tiers are {', '.join(tiers)}")
    return tiers[names[0]]


def read_ctm(path: Path) -> dict[str, list[Interval]]:
    """Phones of a CTM file by utterance, in order of time.

    Raises:
        UserError: a line in another form.
    """
    utterances: dict[str, list[Interval]] = defaultdict(list)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text; a CTM file or a folder is needed") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith(";;"):
            continue
        fields = line.split()
        try:
            start, duration = float(fields[2]), float(fields[3])
            utterances[fields[0]].append(Interval(start, start + duration, fields[4]))
        except (IndexError, ValueError) as error:
            raise UserError(
                f"{path}, line {number}: expected `utterance channel start duration phone`, "
                f"found {line!r}; correct the line"
            ) from error
    return {name: sorted(intervals) for name, intervals in utterances.items()}


def _from_files(files: Mapping[str, Path]) -> Callable[[str], Sequence[Interval]]:
    return lambda name: textgrid_phones(read_textgrid(files[name]))


def _lookup(rows: Mapping[str, Sequence[Interval]]) -> Callable[[str], Sequence[Interval]]:
    return lambda name: rows[name]


def _free_standing(text: str) -> list[str]:
    # A comment runs from an exclamation mark to the end of its line.
    pattern = r'"((?:[^"]|"")*)"|![^\n]*|(<\w+>)|(?<!\S)([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)(?!\S)'
    return [
        match[1].replace('""', '"') if match[1] is not None else match[2] or match[3]
        for match in re.finditer(pattern, text)
        if match.lastindex
    ]


def _tier(rest: Iterator[str]) -> tuple[str, list[Interval]]:
    kind, name = next(rest), next(rest)
    _skip(rest, 2)
    intervals = []
    for _ in range(int(next(rest))):
        if kind == "IntervalTier":
            start, end, label = float(next(rest)), float(next(rest)), next(rest)
            intervals.append(Interval(start, end, label.strip()))
        else:
            _skip(rest, 2)
    return name, intervals


def _skip(rest: Iterator[str], count: int) -> None:
    for _ in range(count):
        next(rest)


def _times(intervals: Sequence[Interval], utterance: Utterance) -> np.ndarray:
    spoken = [interval for interval in intervals if _bare(interval.label) not in _SILENCES]
    _same_phones(
        [_bare(interval.label) for interval in spoken], [_bare(p) for p in utterance.phones]
    )
    times = np.array([(interval.start, interval.end) for interval in spoken])
    if not np.isfinite(times).all():
        raise AlignmentError("a time of it is not a number")
    seconds = soundfile.info(utterance.wav).duration
    if times[-1, 1] > seconds + _TOLERANCE_S:
        raise AlignmentError(
            f"its phones end at {times[-1, 1]:.2f} s, the recording at {seconds:.2f} s"
        )
    flat = times.ravel()
    if flat[0] < 0 or np.diff(flat).min() < -_TOLERANCE_S:
        raise AlignmentError("its phones overlap or lie before the recording")
    return np.minimum(np.maximum.accumulate(flat), seconds).reshape(-1, 2)


def _same_phones(theirs: Sequence[str], ours: Sequence[str]) -> None:
    for number, (their, our) in enumerate(zip_longest(theirs, ours), start=1):
        if their != our:
            raise AlignmentError(
                f"phone {number} is {our or 'missing'} in our reading of the text and "
                f"{their or 'missing'} in the file"
            )


def _bare(phone: str) -> str:
    """Remove stress and Kaldi's mark of the position in the word."""
    return re.sub(r"_[BIES]$", "", phone).rstrip("012").upper()
