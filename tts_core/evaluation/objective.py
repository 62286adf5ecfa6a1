"""`objective.json`: computed measures of a stimulus set, before any listener."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from intone.contracts.stimuli import StimulusSet
from intone.errors import UserError
from intone.progress import Progress, silent
from tts_core.audio.pitch import F0_CEILING_HZ, F0_FLOOR_HZ
from tts_core.measures import dnsmos, quality, wer
from tts_core.measures.intervals import LEVEL, RESAMPLES, paired_difference, ratio
from tts_core.measures.journal import Journal, Values
from tts_core.measures.measurements import (
    PREDICTORS,
    key_of,
    measure_detail,
    measure_pitch,
    measure_quality,
    measure_words,
)

VERSION = 1
FILE_NAME = "objective.json"
CAUTION = (
    "Computed, not heard: no listener has rated anything here, and no measure in this file can "
    "tell whether the prosody fits its context."
)
_UNVOICED = "fewer than two voiced frames"
_SILENT = "silent, or only a few frames long"


@dataclass(frozen=True)
class Metric:
    """Column of the table, made of values of each file.

    Attributes:
        name: key in the file. label: for people. unit: of the mean.
        value: key of the per-file value. weight: key of its denominator, None for a plain mean.
        gap: why a file has no value, though the metric was measured.
    """

    name: str
    label: str
    unit: str
    value: str
    weight: str | None = None
    gap: str = "not measured"


METRICS = (
    Metric(
        "wer",
        f"word error rate, predicted by {wer.Recogniser.name}, not counted by listeners",
        "errors per word",
        "word_errors",
        "words",
        gap="no text",
    ),
    Metric(
        "distilmos",
        f"opinion score, predicted by {quality.NAME}, not rated by listeners",
        "1 to 5",
        "distilmos",
    ),
    Metric(
        "dnsmos",
        f"overall quality, predicted by {dnsmos.NAME}, not rated by listeners",
        "1 to 5",
        "dnsmos",
    ),
    Metric(
        "detail_time",
        "fine detail over time of the log-mel (deviation from the mean of both neighbouring "
        "frames; blurred speech has less than recordings, over-sharpened speech more)",
        "nats",
        "detail_time",
        gap=_SILENT,
    ),
    Metric(
        "detail_frequency",
        "fine detail over frequency of the log-mel (deviation from the mean of both neighbouring "
        "bins; blurred speech has less than recordings, over-sharpened speech more)",
        "nats",
        "detail_frequency",
        gap=_SILENT,
    ),
    Metric(
        "f0_mean_hz",
        f"mean F0 of voiced frames (DIO and StoneMask, {F0_FLOOR_HZ:g} to {F0_CEILING_HZ:g} Hz)",
        "Hz",
        "f0_mean_hz",
        gap=_UNVOICED,
    ),
    Metric(
        "f0_sd_semitones",
        "standard deviation of F0 within a sentence, voiced frames",
        "semitones",
        "f0_sd_semitones",
        gap=_UNVOICED,
    ),
    Metric("seconds", "duration", "s", "seconds"),
)


def objective(
    stimuli: Path,
    out: Path | None = None,
    device: str = "cpu",
    seed: int = 0,
    created_by: str = "intone objective",
    progress: Progress = silent,
) -> dict[str, Any]:
    """Measure a stimulus set and write the result.

    If interrupted, the same call resumes.

    Every system gets, for each metric, a mean with a 95 % percentile bootstrap interval over
    sentences, and the difference to the reference system over the sentences that both have. What
    cannot be measured is listed under `not_measured` with the reason; the rest is kept beside the
    result, so that the next run measures only what is missing.

    Args:
        stimuli: folder of the set, or its `stimuli.json`.
        out: JSON file to write, or a folder for it; by default in the set's folder.
        device: where the recogniser runs. seed: of the resampling.
        created_by: command line, for the record. progress: receives the stage and the units done.

    Returns:
        What was written.

    Raises:
        UserError: the set is not valid.
    """
    chosen = StimulusSet.read(stimuli)
    folder = stimuli if stimuli.is_dir() else stimuli.parent
    target = folder / FILE_NAME if out is None else out / FILE_NAME if out.is_dir() else out
    target.parent.mkdir(parents=True, exist_ok=True)
    journal = Journal(target.with_suffix(".part.jsonl"))
    every = chosen.stimuli
    measure_pitch(folder, every, journal, progress)
    measure_detail(folder, every, journal, progress)
    measures: dict[str, Callable[[], None]] = {
        "wer": lambda: measure_words(folder, every, chosen.language, device, journal, progress),
    }
    for predictor in PREDICTORS:
        measures[predictor] = partial(measure_quality, folder, every, predictor, journal, progress)
    not_measured: list[dict[str, Any]] = []
    for name, measure in measures.items():
        try:
            measure()
        except UserError as error:
            not_measured.append({"metric": name, "reason": str(error)})
    result = _summary(chosen, journal, not_measured, seed, created_by)
    part = target.with_suffix(".json.part")
    part.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(target)
    if not not_measured:
        journal.path.unlink(missing_ok=True)
    return result


def _summary(
    chosen: StimulusSet,
    journal: Journal,
    not_measured: list[dict[str, Any]],
    seed: int,
    created_by: str,
) -> dict[str, Any]:
    failed = {entry["metric"] for entry in not_measured}
    metrics = [m for m in METRICS if m.name not in failed]
    files = {
        (s.system, s.sentence): {**_kept(journal.get(key_of(s)), failed), "seconds": s.seconds}
        for s in chosen.stimuli
    }
    reference = next((s.system for s in chosen.stimuli if s.role == "reference"), None)
    roles = {s.system: s.role for s in chosen.stimuli}
    systems = []
    for system in chosen.systems:
        sentences = _of_system(files, system)
        other = _of_system(files, reference) if reference not in (None, system) else {}
        rows = {m.name: _row(m, sentences, other, seed) for m in metrics}
        systems.append(
            {
                "system": system,
                "role": roles[system],
                "n_sentences": len(sentences),
                "metrics": rows,
            }
        )
    return {
        "version": VERSION,
        "set": chosen.name,
        "voice": chosen.voice,
        "caution": CAUTION,
        "reference": reference,
        "intervals": {
            "level": LEVEL,
            "method": "percentile bootstrap over sentences",
            "resamples": RESAMPLES,
            "seed": seed,
        },
        "metrics": {m.name: {"label": m.label, "unit": m.unit} for m in metrics},
        "systems": systems,
        "not_measured": not_measured + _gaps(metrics, files),
        "files": [
            {"sentence": sentence, "system": system, **values}
            for (system, sentence), values in files.items()
        ],
        "created_by": created_by,
        "versions": {name: version(name) for name in ("intone", "numpy", "torch", "pyworld")},
    }


def _kept(values: Values, failed: set[str]) -> Values:
    """Return the values without those of failed metrics.

    A metric that failed half-way has values for half a system, which must not be compared.
    """
    dropped = [metric for metric in METRICS if metric.name in failed]
    keys = {m.value for m in dropped} | {m.weight for m in dropped}
    if "wer" in failed:
        keys.add("heard")
    return {key: value for key, value in values.items() if key not in keys}


def _of_system(files: dict[tuple[str, str], Values], system: str | None) -> dict[str, Values]:
    return {sentence: v for (name, sentence), v in files.items() if name == system}


def _row(
    metric: Metric, values: dict[str, Values], other: dict[str, Values], seed: int
) -> dict[str, Any] | None:
    sentences = [s for s in values if values[s].get(metric.value) is not None]
    if not sentences:
        return None
    weights = None if metric.weight is None else _column(values, sentences, metric.weight)
    row = ratio(_column(values, sentences, metric.value), weights, seed).to_dict()
    both = [s for s in sentences if s in other and other[s].get(metric.value) is not None]
    if both:
        difference = paired_difference(
            _column(values, both, metric.value),
            _column(other, both, metric.value),
            None if metric.weight is None else _column(values, both, metric.weight),
            seed,
        )
        row["minus_reference"] = difference.to_dict()
    return row


def _column(rows: dict[str, Values], keys: Sequence[str], name: str) -> list[float]:
    return [float(rows[key][name] or 0) for key in keys]


def _gaps(metrics: Sequence[Metric], files: dict[tuple[str, str], Values]) -> list[dict[str, Any]]:
    """Return the files for which a metric has no value."""
    gaps = []
    for metric in metrics:
        without = [
            f"{system}/{s}" for (system, s), v in files.items() if v.get(metric.value) is None
        ]
        if without:
            gaps.append({"metric": metric.name, "reason": metric.gap, "files": without})
    return gaps
