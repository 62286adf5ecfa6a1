"""From values per recording to estimates over sentences, and the primary differences."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import numpy as np

from tts_core.evaluation.latents import DRAWS, Held
from tts_core.measures.intervals import (
    LEVEL,
    RESAMPLES,
    holm,
    paired_difference,
    ratio,
    sign_flip_p,
)
from tts_core.measures.journal import Values
from tts_core.model_config import SYSTEMS

VERSION = 1
ALPHA = 0.05
CAUTION = (
    "Computed, not heard: how well prosody is predicted, not how natural it sounds. One training "
    "seed: the intervals are over sentences, not over trainings."
)


@dataclass(frozen=True)
class Measure:
    """Column of the tables: mean over sentences, or ratio of sums.

    A ratio if there is a `weight`.

    Attributes:
        scale: factor of the ratio. weight: names of values whose sum is the denominator.
    """

    name: str
    label: str
    unit: str
    value: str
    weight: tuple[str, ...] = field(default=())
    scale: float = 1.0


def _mean(name: str, label: str, unit: str = "") -> Measure:
    return Measure(name, label, unit, name)


MEASURES = (
    _mean("f0_correlation", "correlation of log F0"),
    _mean("f0_rmse_semitones", "RMSE of log F0", "semitones"),
    _mean("voicing_agreement", "frames whose voicing agrees", "share"),
    _mean("f0_sd_semitones", "standard deviation of F0", "semitones"),
    _mean("energy_correlation", "correlation of energy"),
    _mean("phone_error_frames", "duration error of phones", "frames"),
    _mean("punctuation_error_frames", "of punctuation and outer silences", "frames"),
    _mean("boundary_error_frames", "of boundaries without punctuation", "frames"),
    Measure("pause_precision", "pauses: precision", "", "pauses_right", ("pauses_made",)),
    Measure("pause_recall", "pauses: recall", "", "pauses_right", ("pauses_read",)),
    Measure("pause_f1", "pauses: F1", "", "pauses_right", ("pauses_made", "pauses_read"), 2.0),
)


@dataclass(frozen=True)
class Row:
    """Line of the table.

    Attributes:
        system: a trained one, or "human" or "copy". mode: where prosody comes from.
        timing: under "own" durations or those of the "recording".
        values: one for each recording of the split; empty where there is none.
    """

    system: str
    mode: str
    timing: str
    values: list[Values]


class Sentences:
    """Readings gathered to sentences, the unit of every interval.

    Args:
        utterances: of the split, in order. sentence_of: utterance to its connected group.
    """

    def __init__(self, utterances: Sequence[str], sentence_of: Mapping[str, str]) -> None:
        self.names = [sentence_of[utterance] for utterance in utterances]

    def means(self, values: Sequence[Values], name: str) -> dict[str, float]:
        """Return sentence to the mean of a value over its readings.

        Sentences without any value are left out.
        """
        gathered: dict[str, list[float]] = defaultdict(list)
        for sentence, reading in zip(self.names, values, strict=True):
            if (value := reading.get(name)) is not None:
                gathered[sentence].append(float(value))
        return {sentence: float(np.mean(readings)) for sentence, readings in gathered.items()}


def summarise(
    table: Sequence[Row],
    held: Mapping[str, Held],
    utterances: Sequence[str],
    sentence_of: Mapping[str, str],
    seed: int,
) -> dict[str, Any]:
    """Return the measured values as `evaluation.json` holds them."""
    sentences = Sentences(utterances, sentence_of)
    human = next(row for row in table if row.system == "human")
    repeated = set(sentences.means(human.values, "voicing_agreement"))
    prosody = [
        {
            "system": row.system,
            "mode": row.mode,
            "timing": row.timing,
            "all": _estimates(row, sentences, None, seed),
            "read_more_than_once": _estimates(row, sentences, repeated, seed),
        }
        for row in table
    ]
    return {
        "version": VERSION,
        "caution": CAUTION,
        "sentences": len(set(sentences.names)),
        "recordings": len(utterances),
        "read_more_than_once": len(repeated),
        "intervals": {
            "level": LEVEL,
            "method": "percentile bootstrap over sentences (connected groups of readings)",
            "resamples": RESAMPLES,
            "draws": DRAWS,
            "seed": seed,
        },
        "measures": {m.name: {"label": m.label, "unit": m.unit} for m in MEASURES},
        "prosody": prosody,
        "latents": {name: _latent(latent, sentences, seed) for name, latent in held.items()},
        "primary": primary(table, held, sentences, seed),
        "files": _files(table, held, utterances, sentences),
        "versions": {name: version(name) for name in ("intone", "numpy", "torch", "pyworld")},
    }


def _estimates(row: Row, sentences: Sentences, only: set[str] | None, seed: int) -> dict[str, Any]:
    estimates: dict[str, Any] = {}
    for measure in MEASURES:
        means = sentences.means(row.values, measure.value)
        weights = [sentences.means(row.values, name) for name in measure.weight]
        chosen = [s for s in means if only is None or s in only]
        values = [measure.scale * means[s] for s in chosen]
        total = [sum(w[s] for w in weights) for s in chosen] if weights else None
        if not chosen or (total is not None and not sum(total)):
            continue
        estimates[measure.name] = ratio(values, total, seed).to_dict()
        if lost := _undefined(row, sentences, measure.value, only):
            estimates[measure.name]["recordings_undefined"] = lost
    return estimates


def _undefined(row: Row, sentences: Sentences, name: str, only: set[str] | None) -> int:
    return sum(
        name in values and values[name] is None
        for sentence, values in zip(sentences.names, row.values, strict=True)
        if only is None or sentence in only
    )


def _latent(held: Held, sentences: Sentences, seed: int) -> dict[str, Any]:
    estimates: dict[str, Any] = dict(held.whole)
    names = list(held.values[0])
    ceiling = next(name for name in names if name.startswith("human"))
    repeated = sentences.means(held.values, ceiling)
    for name in names:
        means = sentences.means(held.values, name)
        if not means:
            continue
        estimates[name] = ratio(list(means.values()), None, seed).to_dict()
        if repeated:
            again = [means[sentence] for sentence in repeated]
            estimates[name]["read_more_than_once"] = ratio(again, None, seed).to_dict()
    return estimates


def primary(
    table: Sequence[Row], held: Mapping[str, Held], sentences: Sentences, seed: int
) -> list[dict[str, Any]]:
    """Return the computable primary differences of the protocol, with Holm's correction."""
    differences = [*_of_latents(held, sentences), *_of_speech(table, sentences)]
    rows: list[dict[str, Any]] = []
    for question, expected, ours, theirs in differences:
        both = [sentence for sentence in ours if sentence in theirs]
        if len(both) < 2:
            continue
        pair = [ours[s] for s in both], [theirs[s] for s in both]
        rows.append(
            {
                "difference": question,
                "expected_sign": expected,
                **paired_difference(*pair, None, seed).to_dict(),
                "p": sign_flip_p(np.subtract(*pair).tolist(), seed),
            }
        )
    for row, adjusted in zip(rows, holm([row["p"] for row in rows]), strict=True):
        row["p_holm"] = adjusted
        sign = "as expected" if row["mean"] * row["expected_sign"] > 0 else "the other way round"
        row["outcome"] = sign if adjusted < ALPHA else "no evidence"
    return rows


_Difference = tuple[str, int, dict[str, float], dict[str, float]]


def _of_latents(held: Mapping[str, Held], sentences: Sentences) -> list[_Difference]:
    pairs = (
        ("kathaka", "sampler_kl", "constant_kl", "sampler KL - constant KL, nats"),
        ("camp", "huber", "median_huber", "Huber - median's Huber"),
        ("camp", "huber", "shuffled_huber", "Huber - Huber with shuffled context"),
    )
    return [
        (
            f"{system}: {label}",
            -1,
            sentences.means(held[system].values, ours),
            sentences.means(held[system].values, theirs),
        )
        for system, ours, theirs, label in pairs
        if system in held
    ]


def _of_speech(table: Sequence[Row], sentences: Sentences) -> list[_Difference]:
    """Return correlations of log F0 under the systems' own durations."""
    correlations = {
        (row.system, row.mode): sentences.means(row.values, "f0_correlation")
        for row in table
        if row.timing == "own"
    }
    differences: list[_Difference] = []
    for system, entry in SYSTEMS.items():
        if not entry.baselines or (system, "text") not in correlations:
            continue
        text = correlations[system, "text"]
        label = f"correlation of log F0, own durations: {system}"
        if (system, "oracle") in correlations:
            differences.append(
                (f"{label}, oracle - {system}", 1, correlations[system, "oracle"], text)
            )
        base = next((b for b in entry.baselines if (b, "text") in correlations), None)
        if base is not None:
            differences.append((f"{label} - {base}", 1, text, correlations[base, "text"]))
    return differences


def _files(
    table: Sequence[Row],
    held: Mapping[str, Held],
    utterances: Sequence[str],
    sentences: Sentences,
) -> list[dict[str, Any]]:
    """Return every value of every recording."""
    rows = [
        {"system": row.system, "mode": row.mode, "timing": row.timing, "values": row.values}
        for row in table
    ] + [
        {"system": name, "mode": "latent", "timing": None, "values": latent.values}
        for name, latent in held.items()
    ]
    return [
        {
            "utterance": utterance,
            "sentence": sentence,
            **{k: v for k, v in row.items() if k != "values"},
            **values,
        }
        for row in rows
        for utterance, sentence, values in zip(
            utterances, sentences.names, row["values"], strict=True
        )
        if values
    ]
