"""Report on a corpus folder that is not prepared."""

import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from intone.errors import UserError
from intone.progress import Progress
from tts_core.audio.io import read_audio_and_rate
from tts_core.config import Features
from tts_core.corpus.recordings import check
from tts_core.corpus.report import plots
from tts_core.corpus.report.page import SPREAD_HEAD, Figure, Report, Section, Table, spread
from tts_core.corpus.sources import read_corpus
from tts_core.text.plain import normalised
from tts_core.types import Recording


class Heard(NamedTuple):
    """Measured audio file, levels in dBFS.

    fault: reason why preparation would leave it out.
    """

    recording: Recording
    seconds: float
    rate_hz: int
    peak_db: float
    rms_db: float
    fault: str | None
    doubts: Sequence[str]


def plain_report(folder: Path, progress: Progress) -> Report:
    """Describe a corpus folder, judging every file as preparation does.

    Raises:
        UserError: no corpus there, or none of its audio can be read.
    """
    info, recordings = read_corpus(folder)
    heard = []
    with tempfile.TemporaryDirectory(prefix="intone-report-") as scratch:
        for recording in recordings:
            heard.append(_hear(recording, Path(scratch)))
            progress("reading recordings", len(heard), len(recordings))
    sound = [file for file in heard if file.rate_hz]
    if not sound:
        raise UserError(
            f"{folder}: none of the {len(recordings)} audio files can be read; check the files"
        )
    report = Report(info, folder, _facts(heard, sound))
    report.remarks.append(
        "Phones, F0, pauses, splits and the alignment's quality are known after "
        f"`intone prepare {folder} -o PREPARED`: then `intone corpus report PREPARED`."
    )
    texts = [file.recording.text for file in heard]
    report.sections += [
        audio_section(sound),
        text_section(texts, Counter(file.recording.sentence for file in heard)),
        speaker_section(sound),
        _fault_section(heard),
    ]
    return report


def text_section(texts: Sequence[str], readings: Counter[str]) -> Section:
    """Count words per sentence and readings per sentence.

    readings: sentence id to recordings.
    """
    words = [len(text.split()) for text in texts]
    counts = Counter(readings.values())
    by_number = {str(number): counts[number] for number in sorted(counts)}
    several = sum(count for number, count in counts.items() if number > 1)
    return Section(
        "texts",
        "Sentences and readings",
        [
            f"{len(readings):,} sentences by id, {len({normalised(t) for t in texts}):,} "
            f"different texts; {several:,} sentences are read more than once."
        ],
        [
            Figure(plots.histogram(words, "words", "", True), "Words (as written) a recording."),
            Figure(
                plots.bars(by_number, "readings", "sentences"),
                "How many sentences have how many readings.",
            ),
        ],
    )


def audio_section(sound: Sequence[Heard]) -> Section:
    """Durations, rates and levels."""
    seconds = [file.seconds for file in sound]
    peaks, levels = [file.peak_db for file in sound], [file.rms_db for file in sound]
    rates = Counter(f"{file.rate_hz / 1000:g}" for file in sound)
    return Section(
        "audio",
        "Recordings",
        [],
        [
            Figure(plots.histogram(seconds, "duration", "s"), "Duration of the recordings, s."),
            Figure(plots.histogram(levels, "level", "dBFS RMS"), "Level of the recordings, dBFS."),
            *(
                [Figure(plots.bars(rates, "sampling rate, kHz", "recordings"), "Sampling rates.")]
                if len(rates) > 1
                else []
            ),
        ],
        [
            Table(
                "Spread over recordings.",
                ("", *SPREAD_HEAD),
                [
                    ("duration, s", *spread(seconds)),
                    ("level, dBFS RMS", *spread(levels)),
                    ("peak, dBFS", *spread(peaks)),
                ],
            )
        ],
    )


def speaker_section(sound: Sequence[Heard]) -> Section:
    """Hours a speaker."""
    hours: dict[str, list[float]] = defaultdict(list)
    for file in sound:
        hours[file.recording.speaker].append(file.seconds / 3600)
    rows = [
        (name, f"{len(some):,}", f"{sum(some):.2f}")
        for name, some in sorted(hours.items(), key=lambda item: -sum(item[1]))
    ]
    table = Table("Most speech first.", ("speaker", "recordings", "hours"), rows)
    return Section("speakers", "Speakers", [], [], [table])


def _fault_section(heard: Sequence[Heard]) -> Section:
    faults = [(file.recording.utterance, file.fault) for file in heard if file.fault]
    doubts = [(file.recording.utterance, doubt) for file in heard for doubt in file.doubts]
    tables = []
    if faults:
        tables.append(Table("Unusable recordings.", ("recording", "reason"), faults, 2))
    if doubts:
        tables.append(
            Table("Usable, but look at them.", ("recording", "what is doubtful"), doubts, 2)
        )
    summary = (
        f"Preparation would leave out {len(faults)} of {len(heard)} recordings before alignment."
    )
    return Section("faults", "Faults", [summary], [], tables)


def _facts(heard: Sequence[Heard], sound: Sequence[Heard]) -> list[tuple[str, str]]:
    speakers = {file.recording.speaker for file in heard}
    faults = Counter((file.fault or "").partition(":")[0] for file in heard if file.fault)
    seconds = sum(file.seconds for file in sound)
    rates = Counter(file.rate_hz for file in sound)
    return [
        ("hours", f"{seconds / 3600:.2f}"),
        ("recordings", f"{len(heard):,}"),
        ("sentences", f"{len({file.recording.sentence for file in heard}):,}"),
        ("texts", f"{len({normalised(file.recording.text) for file in heard}):,}"),
        ("speakers", f"{len(speakers):,}"),
        ("median duration", f"{np.median([file.seconds for file in sound]):.1f} s"),
        ("median level", f"{np.median([file.rms_db for file in sound]):.0f} dBFS"),
        ("sampling rates", ", ".join(f"{rate} Hz" for rate in sorted(rates))),
        ("faults", ", ".join(f"{n} {what}" for what, n in faults.items()) or "none"),
    ]


def _hear(recording: Recording, scratch: Path) -> Heard:
    verdict = check(recording, Features(), scratch)
    # The aligner's copy is not needed, and a large corpus must not fill the disk.
    (scratch / f"{recording.utterance}.wav").unlink(missing_ok=True)
    try:
        samples, rate = read_audio_and_rate(recording.path)
    except UserError:
        return Heard(recording, 0.0, 0, 0.0, 0.0, verdict.fault or "unreadable", ())
    peak, rms = np.abs(samples).max(), np.sqrt(np.mean(samples**2))
    peak_db, rms_db = (20 * np.log10(np.maximum([peak, rms], 1e-9))).tolist()
    seconds = len(samples) / rate
    return Heard(recording, seconds, rate, peak_db, rms_db, verdict.fault, verdict.doubts)
