"""What is in a corpus."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from intone.errors import UserError
from tts_core.corpus.sources import read_corpus
from tts_core.corpus.splits import normalised

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


def corpus_report(folder: str | Path) -> dict[str, Any]:
    """Describe a corpus folder from its table and the headers of its audio files.

    Returns:
        `info` as in corpus.json; `recordings`, `sentences` (ids), `texts` (after normalisation);
        `hours`; `readings` (number of readings to how many sentences have it); `seconds` and
        `words` (quantile to length); `rates_hz` (sampling rate to files); `unreadable` (names).

    Raises:
        UserError: no corpus there, or none of its audio can be read.
    """
    info, recordings = read_corpus(folder)
    seconds, rates, unreadable = [], Counter[str](), []
    for recording in recordings:
        try:
            header = soundfile.info(recording.path)
        except (soundfile.LibsndfileError, OSError):
            unreadable.append(recording.utterance)
            continue
        seconds.append(header.duration)
        rates[str(header.samplerate)] += 1
    if not seconds:
        raise UserError(f"{folder}: none of the {len(recordings)} audio files can be read")
    words = [len(recording.text.split()) for recording in recordings]
    per_sentence = Counter(recording.sentence for recording in recordings)
    readings = Counter(per_sentence.values())
    return {
        "info": info.model_dump(),
        "recordings": len(recordings),
        "sentences": len(per_sentence),
        "texts": len({normalised(recording.text) for recording in recordings}),
        "hours": sum(seconds) / 3600,
        "readings": {str(number): readings[number] for number in sorted(readings)},
        "seconds": _quantiles(seconds),
        "words": _quantiles(words),
        "rates_hz": dict(rates),
        "unreadable": unreadable,
    }


def as_text(report: dict[str, Any]) -> str:
    """The report in a few lines for people."""
    info = report["info"]
    seconds, words = report["seconds"], report["words"]
    several = sum(count for number, count in report["readings"].items() if number != "1")
    lines = [
        f"{info['name']}: {info['speaker']}, {info['language']}, {info['licence']}",
        f"source: {info['source']}",
        f"{report['hours']:.2f} h in {report['recordings']} recordings of "
        f"{report['sentences']} sentences ({report['texts']} different texts)",
        f"sentences read more than once: {several}",
        f"seconds: median {seconds['50%']:.1f}, from {seconds['0%']:.1f} to {seconds['100%']:.1f}",
        f"words: median {words['50%']:.0f}, from {words['0%']:.0f} to {words['100%']:.0f}",
        "sampling rates: " + ", ".join(f"{rate} Hz" for rate in report["rates_hz"]),
    ]
    if info["note"]:
        lines.insert(1, f"note: {info['note']}")
    if report["unreadable"]:
        lines.append(f"unreadable: {', '.join(report['unreadable'])}")
    return "\n".join(lines)


def _quantiles(values: list[float] | list[int]) -> dict[str, float]:
    return {f"{100 * q:.0f}%": float(np.quantile(values, q)) for q in QUANTILES}
