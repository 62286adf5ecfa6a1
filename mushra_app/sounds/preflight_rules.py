"""From what was measured of the sounds to what is wrong with them."""

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
# 20 dB under the speech: a click at every start and end, and level lost to nothing.
MOST_OFFSET = 0.1
EDGE_DIFFERS_S = 0.5
DURATION_RATIO = 1.5
# Of the median over sentences, which moves by 3 % from one recording to the next; one file may
# hold no fricative.
BANDWIDTH_RATIO = 1.15
BANDWIDTH_RATIO_FILE = 1.3
# Less than this and the 7 kHz anchor sounds like the reference.
ANCHOR_NEEDS_HZ = 8000.0

Key = tuple[str, str]
Check = Literal[
    "missing", "changed", "format", "short", "silent", "sounds", "clipping", "dc_offset", "silence",
    "duration", "bandwidth", "sample_rate", "channels", "duplicate", "text",
]  # fmt: skip


class Finding(Closed):
    """One thing that is wrong; an error keeps the study from being served."""

    severity: Literal["error", "warning"]
    check: Check
    system: str | None
    sentence: str | None
    said: str

    @property
    def where(self) -> str:
        """What it is about."""
        return ", ".join(part for part in (self.system, self.sentence) if part) or "study"


def by_itself(sentence: str, system: str, sound: Sound) -> Iterator[Finding]:
    """Defects that a file shows alone."""

    def finding(check: Check, said: str, severity: Literal["error", "warning"] = "warning"):
        return Finding(severity=severity, check=check, system=system, sentence=sentence, said=said)

    if sound.seconds < SHORTEST_S:
        said = f"{sound.seconds:.2f} s; below {SHORTEST_S} s loudness is undefined: make it again"
        yield finding("short", said, "error")
        return
    if sound.loudness_lufs is None:
        said = "silent; make it again or leave the sentence out"
        yield finding("silent", said, "error")
        return
    if sound.clipped:
        yield finding("clipping", f"clipped in {sound.clipped} places; make it softer")
    if sound.dc_share > MOST_OFFSET:
        said = f"DC offset {sound.dc_offset:.3f} of full scale, {sound.dc_share:.0%} of the rms"
        yield finding("dc_offset", f"{said}; take it out")
    for edge, place in (
        (sound.silence_before_s, "at its beginning"),
        (sound.silence_after_s, "at its end"),
    ):
        if edge > LONGEST_EDGE_S:
            yield finding("silence", f"{edge:.1f} s of silence {place}; trim all systems alike")
    if sound.silent_share > MOST_SILENT:
        yield finding("silence", f"{sound.silent_share:.0%} of it is silence; listen to it")
    if sound.seconds > LONGEST_S:
        said = f"{sound.seconds:.1f} s; BS.1534-3 prefers at most 12 s: shorten it or say why not"
        yield finding("duration", said)


def between(study: Study, sounds: Mapping[Key, Sound]) -> Iterator[Finding]:
    """What sets files apart that should differ in nothing but what is tested."""
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
        said = f"the same sound as {first[1]}, {first[0]}; one of the two is wrong"
        if first == (sentence, study.reference):
            said = "bit-identical to the reference, which listeners would rate twice; replace it"
        yield Finding(
            severity="warning", check="duplicate", system=system, sentence=sentence, said=said
        )


def _unlike(sentence: str, system: str, sound: Sound, reference: Sound) -> Iterator[Finding]:
    def finding(check: Check, said: str) -> Finding:
        return Finding(severity="warning", check=check, system=system, sentence=sentence, said=said)

    ratio = sound.seconds / reference.seconds if reference.seconds else 1.0
    if not 1 / DURATION_RATIO <= ratio <= DURATION_RATIO:
        said = f"{sound.seconds:.1f} s, the reference {reference.seconds:.1f} s"
        yield finding("duration", f"{said}; listen whether it is cut off or runs on")
    edge = sound.silence_before_s - reference.silence_before_s
    if abs(edge) > EDGE_DIFFERS_S:
        said = f"starts {abs(edge):.1f} s {'later' if edge > 0 else 'earlier'} than the reference"
        yield finding("silence", f"{said}, which gives it away; trim all systems alike")
    if sound.sample_rate != reference.sample_rate:
        said = f"{sound.sample_rate} Hz, the reference {reference.sample_rate} Hz"
        yield finding("sample_rate", f"{said}; all is resampled to the highest rate of the study")
    if sound.channels != reference.channels:
        said = f"{sound.channels} channels, the reference {reference.channels}"
        yield finding("channels", f"{said}, which gives it away; use one number of channels")


def _bandwidths(study: Study, sounds: Mapping[Key, Sound]) -> Iterator[Finding]:
    def apart(one: float, other: float, ratio: float) -> bool:
        return not 1 / ratio <= one / other <= ratio

    def finding(system: str, sentence: str | None, said: str) -> Finding:
        return Finding(
            severity="warning", check="bandwidth", system=system, sentence=sentence, said=said
        )

    median = median_bandwidths(sounds)
    reference = median.get(study.reference)
    if reference is None:
        return
    if study.anchors.mid and reference <= ANCHOR_NEEDS_HZ:
        said = (
            f"reaches to {reference / 1000:.2f} kHz only: the 7 kHz anchor removes almost nothing"
        )
        yield finding(study.reference, None, f"{said}; use recordings of full bandwidth")
    for system, width in median.items():
        if apart(width, reference, BANDWIDTH_RATIO):
            yield finding(
                system,
                None,
                f"reaches to {width / 1000:.2f} kHz (median), the reference to "
                f"{reference / 1000:.2f} kHz: listeners can tell it by that alone; bring both to "
                "one bandwidth or report it",
            )
    for (sentence, system), sound in sounds.items():
        own = sounds.get((sentence, study.reference))
        usual = median.get(system)
        if not (own and own.bandwidth_hz and sound.bandwidth_hz and usual):
            continue
        if apart(usual, reference, BANDWIDTH_RATIO):
            continue
        if apart(sound.bandwidth_hz, own.bandwidth_hz, BANDWIDTH_RATIO_FILE):
            said = f"reaches to {sound.bandwidth_hz / 1000:.2f} kHz, the reference to "
            yield finding(system, sentence, f"{said}{own.bandwidth_hz / 1000:.2f} kHz")


def median_bandwidths(sounds: Mapping[Key, Sound]) -> dict[str, float]:
    """Median over sentences of the bandwidth, Hz, by system."""
    widths: dict[str, list[float]] = defaultdict(list)
    for (_, system), sound in sounds.items():
        if sound.bandwidth_hz:
            widths[system].append(sound.bandwidth_hz)
    return {system: statistics.median(found) for system, found in widths.items()}
