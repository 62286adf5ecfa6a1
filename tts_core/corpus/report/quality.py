"""Quality of an alignment: durations, pauses, coverage, suspicious utterances."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from intone.progress import Progress, silent
from tts_core.corpus.pauses import QUIET
from tts_core.corpus.report.survey import Survey, token_spectra, utterances
from tts_core.corpus.shards import PreparedInfo
from tts_core.text.tokens import CONSONANTS, PHONES, PUNCTUATION, TOKENS, VOWELS, duration_group
from tts_core.types import Prepared

ALIGNER_MINIMUM_S = 0.03
"""Shortest phone of either aligner: three states of 10 ms."""
PAUSE_S = 0.05
"""Shortest silence that counts as a pause.

Shorter gaps are closures and rounding.
"""
LONG_Z, RATE_Z = 4.0, 2.0
DISAGREEMENT_S = 0.02
CLASSES: dict[str, tuple[str, ...]] = {
    "vowels, primary stress": tuple(f"{v}1" for v in VOWELS),
    "vowels, secondary stress": tuple(f"{v}2" for v in VOWELS),
    "vowels, unstressed": tuple(f"{v}0" for v in VOWELS),
    "stops": ("P", "B", "T", "D", "K", "G"),
    "affricates": ("CH", "JH"),
    "fricatives": ("F", "V", "TH", "DH", "S", "Z", "SH", "ZH", "HH"),
    "nasals": ("M", "N", "NG"),
    "liquids and glides": ("L", "R", "W", "Y"),
    "word boundaries": ("<wb>",),
    "punctuation": PUNCTUATION,
    "silence at the ends": ("<s>", "</s>"),
}


@dataclass(frozen=True)
class ClassDurations:
    """Durations, ms, of one class of tokens.

    at_minimum: share no longer than an aligner's least duration, None where that means nothing.
    """

    name: str
    count: int
    low_ms: float
    median_ms: float
    high_ms: float
    at_minimum: float | None


@dataclass(frozen=True)
class Pauses:
    """Silences of `PAUSE_S` or more at `<wb>` or one punctuation mark.

    quiet: how many of them have a level nearer to the utterance's quietest frames than to its
    phones; an aligner may take the end of a weak sound for silence.
    """

    mark: str
    boundaries: int
    pauses: int
    quiet: int
    median_ms: float
    longest_ms: float


@dataclass(frozen=True)
class Suspicion:
    """Score of an alignment unlike the others; the sum of its parts.

    Terms, each 0 for an inconspicuous utterance; z is (x - median) / (1.4826 MAD):

    duration: z, over utterances, of the mean |z| of the phones' log durations, if positive.
    longest: by how much the longest phone's z of log duration exceeds `LONG_Z`.
    rate: by how much |z| of the log phones per second of speech exceeds `RATE_Z`.
    spectrum: z, over utterances, of the phones' mean squared distance to their phone's mean
        spectrum, in standard deviations and less the utterance's mean distance, if positive.
    disagreement: median distance of phone starts to the other aligner's in units of
        `DISAGREEMENT_S`, less 1; 0 if the other did not align it or was not asked.
    """

    utterance: str
    text: str
    score: float
    duration: float
    longest: float
    rate: float
    spectrum: float
    disagreement: float

    @property
    def terms(self) -> tuple[float, ...]:
        """The score's terms in the order above."""
        return self.duration, self.longest, self.rate, self.spectrum, self.disagreement


def class_durations(contents: Survey) -> list[ClassDurations]:
    """Return duration percentiles (5, 50, 95) of every class that occurs."""
    tokens, durations = np.concatenate(contents.tokens), np.concatenate(contents.durations)
    minimum = np.ceil(ALIGNER_MINIMUM_S / contents.frame_s)
    rows = []
    for name, symbols in CLASSES.items():
        chosen = durations[np.isin(tokens, [TOKENS.index(symbol) for symbol in symbols])]
        if not len(chosen):
            continue
        low, median, high = (
            1000 * contents.frame_s * np.quantile(chosen, [0.05, 0.5, 0.95])
        ).tolist()
        spoken = symbols[0] in PHONES
        share = float((chosen <= minimum).mean()) if spoken else None
        rows.append(ClassDurations(name, len(chosen), low, median, high, share))
    return rows


def at_minimum(contents: Survey) -> float:
    """Return the share of phones no longer than an aligner's least duration."""
    tokens, durations = np.concatenate(contents.tokens), np.concatenate(contents.durations)
    spoken = durations[duration_group(tokens) == 0]
    return float((spoken <= np.ceil(ALIGNER_MINIMUM_S / contents.frame_s)).mean())


def pauses(contents: Survey) -> list[Pauses]:
    """Group pauses by word boundary or punctuation mark.

    Of several marks between two words the first takes the silence; marks before the first word
    and a sentence's last marks are beside `<s>` and `</s>`, which own the silence there, and
    are not counted.
    """
    by_mark: dict[str, list[tuple[float, float]]] = {}
    for tokens, durations, levels in zip(
        contents.tokens, contents.durations, contents.levels, strict=True
    ):
        inner = np.flatnonzero(duration_group(tokens) == 0)
        between = np.arange(inner[0], inner[-1]) if len(inner) else np.array([], int)
        for index in between[duration_group(tokens[between]) != 0]:
            if duration_group(tokens[index - 1]) == 0:
                seconds = float(durations[index]) * contents.frame_s
                values = by_mark.setdefault(TOKENS[tokens[index]], [])
                values.append((seconds, float(levels[index])))
    rows = []
    for mark in ("<wb>", *PUNCTUATION):
        if mark not in by_mark:
            continue
        seconds, levels = np.array(by_mark[mark]).T
        is_pause = seconds >= PAUSE_S
        long, quiet = 1000 * seconds[is_pause], int((levels[is_pause] < QUIET).sum())
        median, most = (float(np.median(long)), float(long.max())) if len(long) else (0.0, 0.0)
        rows.append(Pauses(mark, len(seconds), len(long), quiet, median, most))
    return rows


def boundary_pauses(contents: Survey) -> tuple[np.ndarray, np.ndarray]:
    """Pauses at word boundaries without punctuation: (K,) lengths, s, and whether quiet."""
    boundary = np.concatenate(contents.tokens) == TOKENS.index("<wb>")
    seconds = np.concatenate(contents.durations)[boundary] * contents.frame_s
    levels = np.concatenate(contents.levels)[boundary]
    is_pause = seconds >= PAUSE_S
    return seconds[is_pause], levels[is_pause] < QUIET


def coverage(contents: Survey) -> dict[str, tuple[int, ...]]:
    """Count how often each phone occurs.

    For a vowel: unstressed, primary, secondary stress; else in all.
    """
    counts = np.bincount(np.concatenate(contents.tokens), minlength=len(TOKENS))
    by_symbol = dict(zip(TOKENS, counts.tolist(), strict=True))
    vowels = {v: tuple(by_symbol[f"{v}{stress}"] for stress in (0, 1, 2)) for v in VOWELS}
    return vowels | {consonant: (by_symbol[consonant],) for consonant in CONSONANTS}


def missing_phones(counts: Mapping[str, tuple[int, ...]]) -> list[str]:
    """Return phones that never occur, and missing stresses of vowels."""
    out = []
    for phone, by_stress in counts.items():
        if not sum(by_stress):
            out.append(phone)
        elif len(by_stress) > 1:
            out += [f"{phone}{stress}" for stress, count in enumerate(by_stress) if not count]
    return out


def suspicions(
    folder: Path,
    info: PreparedInfo,
    contents: Survey,
    disagreement_s: Mapping[str, float],
    progress: Progress = silent,
) -> list[Suspicion]:
    """All utterances, the most suspicious first; formula in `Suspicion`.

    Args:
        folder: the prepared corpus, read a second time.
        info: of it.
        contents: of it.
        disagreement_s: utterance to the median distance of its starts to the other aligner's, s.
        progress: receives how many are done.
    """
    centre, spread = _log_durations(contents)
    mean_z, longest, distance = [], [], []
    for row in utterances(folder, info):
        z = _duration_z(row, centre, spread)
        mean_z.append(np.abs(z).mean())
        longest.append(z.max())
        distance.append(_spectral_distance(row, contents))
        progress("comparing utterances", len(mean_z), len(contents.rows))
    rate = [np.log(max(row.phones, 1) / max(row.phone_seconds, 1e-3)) for row in contents.rows]
    terms = np.stack(
        [
            np.maximum(0, robust_z(np.array(mean_z))),
            np.maximum(0, np.array(longest) - LONG_Z),
            np.maximum(0, np.abs(robust_z(np.array(rate))) - RATE_Z),
            np.maximum(0, robust_z(np.array(distance))),
            [
                max(0.0, disagreement_s.get(r.utterance, 0) / DISAGREEMENT_S - 1)
                for r in contents.rows
            ],
        ],
        axis=1,
    )
    scored = [
        Suspicion(row.utterance, row.text, float(values.sum()), *values.tolist())
        for row, values in zip(contents.rows, terms, strict=True)
    ]
    return sorted(scored, key=lambda row: -row.score)


def robust_z(values: np.ndarray) -> np.ndarray:
    """Return robust z-scores of (U,) values.

    The unit is 1.4826 times the median absolute deviation.
    """
    distance = values - np.median(values)
    spread = 1.4826 * np.median(np.abs(distance))
    return distance / spread if spread > 1e-9 else np.zeros_like(distance)


def _log_durations(contents: Survey) -> tuple[np.ndarray, np.ndarray]:
    """Return median and spread of each phone's log duration.

    (tokens,) in frames; the spread is 1.4826 times the MAD.
    """
    tokens, logs = (
        np.concatenate(contents.tokens),
        np.log(np.concatenate(contents.durations).clip(1)),
    )
    centre, spread = np.zeros(len(TOKENS)), np.ones(len(TOKENS))
    for symbols in CLASSES.values():
        group = [TOKENS.index(symbol) for symbol in symbols]
        of_class = logs[np.isin(tokens, group)]
        for token in group:
            token_logs = logs[tokens == token]
            # Of a rare phone less is known than of its class.
            some = token_logs if len(token_logs) >= 20 else of_class
            if len(some):
                centre[token] = np.median(some)
                spread[token] = max(0.1, 1.4826 * np.median(np.abs(some - centre[token])))
    return centre, spread


def _duration_z(row: Prepared, centre: np.ndarray, spread: np.ndarray) -> np.ndarray:
    is_phone = duration_group(row.encoded.tokens) == 0
    tokens, durations = row.encoded.tokens[is_phone], row.durations[is_phone]
    return (np.log(durations.clip(1)) - centre[tokens]) / spread[tokens]


def _spectral_distance(row: Prepared, contents: Survey) -> float:
    tokens, spectra = token_spectra(row)
    spoken = duration_group(tokens) == 0
    tokens, spectra = tokens[spoken], spectra[spoken]
    z = (spectra - contents.spectrum_mean[tokens]) / contents.spectrum_std[tokens]
    # A recording's own level and timbre are no fault of its alignment.
    return float(((z - z.mean(axis=0)) ** 2).mean())
