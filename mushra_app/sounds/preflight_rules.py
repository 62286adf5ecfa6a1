"""Rules that find defects in the measurements of sounds."""

import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Literal

from intone.documents import Closed
from mushra_app.sounds.measure import SHORTEST_S, Sound
from mushra_app.study.file import Study

LONGEST_S = 12.0
LONGEST_EDGE_S = 1.0
MOST_SILENT = 0.5
# 20 dB below the speech: audible as a click at each start and end, and it wastes level.
MOST_OFFSET = 0.1
EDGE_DIFFERS_S = 0.5
DURATION_RATIO = 1.5
# For the median over sentences, which varies by 3 % between recordings; the limit for one file is
# higher, because it may have no fricative.
BANDWIDTH_RATIO = 1.15
BANDWIDTH_RATIO_FILE = 1.3
# Below this bandwidth the 7 kHz anchor sounds like the reference.
ANCHOR_NEEDS_HZ = 8000.0

Key = tuple[str, str]
Check = Literal[
    "missing",
    "changed",
    "format",
    "short",
    "silent",
    "sounds",
    "clipping",
    "dc_offset",
    "silence",
    "duration",
    "bandwidth",
    "sample_rate",
    "channels",
    "duplicate",
    "text",
]


class Finding(Closed):
    """Defect of a study's sounds; an error prevents serving the study."""

    severity: Literal["error", "warning"]
    check: Check
    system: str | None
    sentence: str | None
    said: str

    @property
    def where(self) -> str:
        """System and sentence that the defect concerns."""
        return ", ".join(part for part in (self.system, self.sentence) if part) or "study"


def by_itself(sentence: str, system: str, sound: Sound) -> Iterator[Finding]:
    """Yield the defects of a single file."""

    def finding(check: Check, message: str, severity: Literal["error", "warning"] = "warning"):
        return Finding(
            severity=severity, check=check, system=system, sentence=sentence, said=message
        )

    if sound.seconds < SHORTEST_S:
        message = (
            f"{sound.seconds:.2f} s; below {SHORTEST_S} s loudness is undefined; make it again"
        )
        yield finding("short", message, "error")
        return
    if sound.loudness_lufs is None:
        message = "silent; make it again or leave the sentence out"
        yield finding("silent", message, "error")
        return
    if sound.clipped:
        yield finding("clipping", f"clipped in {sound.clipped} places; make it softer")
    if sound.dc_share > MOST_OFFSET:
        message = f"DC offset {sound.dc_offset:.3f} of full scale, {sound.dc_share:.0%} of the rms"
        yield finding("dc_offset", f"{message}; remove it")
    for edge, position in (
        (sound.silence_before_s, "at its beginning"),
        (sound.silence_after_s, "at its end"),
    ):
        if edge > LONGEST_EDGE_S:
            yield finding("silence", f"{edge:.1f} s of silence {position}; trim all systems alike")
    if sound.silent_share > MOST_SILENT:
        yield finding("silence", f"{sound.silent_share:.0%} of it is silence; listen to the file")
    if sound.seconds > LONGEST_S:
        message = (
            f"{sound.seconds:.1f} s; BS.1534-3 prefers at most 12 s; shorten it or report why not"
        )
        yield finding("duration", message)


def between(study: Study, sounds: Mapping[Key, Sound]) -> Iterator[Finding]:
    """Yield differences between files that reveal the system."""
    yield from _duplicates(study, sounds)
    for (sentence, system), sound in sounds.items():
        reference = sounds.get((sentence, study.reference))
        if reference and system != study.reference:
            yield from _unlike(sentence, system, sound, reference)
    yield from _bandwidths(study, sounds)


def _duplicates(study: Study, sounds: Mapping[Key, Sound]) -> Iterator[Finding]:
    seen: dict[str, Key] = {}
    for key, sound in sounds.items():
        first = seen.setdefault(sound.samples_sha256, key)
        if first == key:
            continue
        sentence, system = key
        message = f"the same sound as {first[1]}, {first[0]}; one of the two is wrong"
        if first == (sentence, study.reference):
            message = "bit-identical to the reference, which listeners would rate twice; replace it"
        yield Finding(
            severity="warning", check="duplicate", system=system, sentence=sentence, said=message
        )


def _unlike(sentence: str, system: str, sound: Sound, reference: Sound) -> Iterator[Finding]:
    def finding(check: Check, message: str) -> Finding:
        return Finding(
            severity="warning", check=check, system=system, sentence=sentence, said=message
        )

    ratio = sound.seconds / reference.seconds if reference.seconds else 1.0
    if not 1 / DURATION_RATIO <= ratio <= DURATION_RATIO:
        message = f"{sound.seconds:.1f} s, the reference {reference.seconds:.1f} s"
        yield finding("duration", f"{message}; check that it is complete and has no extra sound")
    edge = sound.silence_before_s - reference.silence_before_s
    if abs(edge) > EDGE_DIFFERS_S:
        message = (
            f"starts {abs(edge):.1f} s {'later' if edge > 0 else 'earlier'} than the reference"
        )
        yield finding("silence", f"{message}, which gives it away; trim all systems alike")
    if sound.sample_rate != reference.sample_rate:
        message = f"{sound.sample_rate} Hz, the reference {reference.sample_rate} Hz"
        yield finding(
            "sample_rate", f"{message}; all is resampled to the highest rate of the study"
        )
    if sound.channels != reference.channels:
        message = f"{sound.channels} channels, the reference {reference.channels}"
        yield finding("channels", f"{message}, which gives it away; use one number of channels")


def _bandwidths(study: Study, sounds: Mapping[Key, Sound]) -> Iterator[Finding]:
    def differ(width: float, reference: float, ratio: float) -> bool:
        return not 1 / ratio <= width / reference <= ratio

    def finding(system: str, sentence: str | None, message: str) -> Finding:
        return Finding(
            severity="warning", check="bandwidth", system=system, sentence=sentence, said=message
        )

    median = median_bandwidths(sounds)
    reference = median.get(study.reference)
    if reference is None:
        return
    if study.anchors.mid and reference <= ANCHOR_NEEDS_HZ:
        message = (
            f"reaches to {reference / 1000:.2f} kHz only: the 7 kHz anchor removes almost nothing"
        )
        yield finding(study.reference, None, f"{message}; use recordings of full bandwidth")
    for system, width in median.items():
        if differ(width, reference, BANDWIDTH_RATIO):
            yield finding(
                system,
                None,
                f"reaches to {width / 1000:.2f} kHz (median), the reference to "
                f"{reference / 1000:.2f} kHz: listeners can recognise it by that alone; "
                "use one bandwidth or report it",
            )
    for (sentence, system), sound in sounds.items():
        original = sounds.get((sentence, study.reference))
        usual = median.get(system)
        if not (original and original.bandwidth_hz and sound.bandwidth_hz and usual):
            continue
        if differ(usual, reference, BANDWIDTH_RATIO):
            continue
        if differ(sound.bandwidth_hz, original.bandwidth_hz, BANDWIDTH_RATIO_FILE):
            message = f"reaches to {sound.bandwidth_hz / 1000:.2f} kHz, the reference to "
            message += f"{original.bandwidth_hz / 1000:.2f} kHz"
            yield finding(system, sentence, f"{message}; listen to the file")


def median_bandwidths(sounds: Mapping[Key, Sound]) -> dict[str, float]:
    """Return the median bandwidth over sentences, Hz, by system."""
    widths: dict[str, list[float]] = defaultdict(list)
    for (_, system), sound in sounds.items():
        if sound.bandwidth_hz:
            widths[system].append(sound.bandwidth_hz)
    return {system: statistics.median(values) for system, values in widths.items()}
