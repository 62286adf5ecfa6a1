"""How far an alignment can be trusted: the report's sections on it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tts_core.corpus.report import plots, quality
from tts_core.corpus.report.agreement import Agreement
from tts_core.corpus.report.page import Figure, Section, Table, percent
from tts_core.corpus.report.quality import Suspicion
from tts_core.corpus.report.survey import Survey, utterances
from tts_core.corpus.shards import PreparedInfo
from tts_core.corpus.splits import normalised

LISTED = 20
DRAWN = 4


def _failures(info: PreparedInfo) -> int:
    """Recordings that were given to the aligner in vain."""
    return sum(one.reason.startswith("alignment failed") for one in info.left_out)


def aligned_share(info: PreparedInfo, found: Survey) -> float:
    """Share of the recordings given to the aligner that it aligned."""
    return len(found.rows) / (len(found.rows) + _failures(info))


def alignment_section(info: PreparedInfo, found: Survey) -> Section:
    """What was aligned, and how long the phones are."""
    rows = quality.class_durations(found)
    table = [
        (
            row.name,
            f"{row.count:,}",
            f"{row.low_ms:.0f}",
            f"{row.median_ms:.0f}",
            f"{row.high_ms:.0f}",
            "" if row.at_minimum is None else percent(row.at_minimum),
        )
        for row in rows
    ]
    least = np.ceil(quality.ALIGNER_MINIMUM_S / found.frame_s) * found.frame_s
    return Section(
        "alignment",
        "Alignment",
        [
            f"{info.aligner} aligned {len(found.rows):,} of the "
            f"{len(found.rows) + _failures(info):,} recordings that it was given "
            f"({percent(aligned_share(info, found))}). An aligner gives no phone less than "
            f"{1000 * quality.ALIGNER_MINIMUM_S:.0f} ms; {percent(quality.at_minimum(found))} of "
            f"the phones last no longer ({1000 * least:.0f} ms in whole frames). Many of them "
            "are reduced sounds; a large share in one recording means that its text does not fit."
        ],
        [
            Figure(
                plots.class_bars([row for row in rows if row.at_minimum is not None]),
                "Durations by phone class, ms: median (dot) and 5th to 95th percentile (bar).",
            )
        ],
        [
            Table(
                "Durations by class, ms.",
                ("class", "count", "5\u00a0%", "median", "95\u00a0%", "at minimum"),
                table,
            )
        ],
    )


def agreement_section(asked: Agreement) -> Section:
    """What a second aligner says."""
    if not asked.distances_s:
        why = asked.note or f"{asked.other} aligned none of {asked.asked} recordings"
        return Section("agreement", "Agreement of two aligners", [f"Not compared: {why}."])
    return Section(
        "agreement",
        "Agreement of two aligners",
        [
            f"{asked.other} was given {asked.asked} recordings and aligned "
            f"{len(asked.distances_s)}. Phone starts differ from {asked.aligner}'s by a median of "
            f"{1000 * np.median(asked.all_s):.0f} ms; {percent(asked.share_within(0.02))} by no "
            f"more than 20 ms and {percent(asked.share_within(0.05))} by no more than 50 ms. Two "
            "aligners that agree can both be wrong; where they disagree, one is."
        ],
        [
            Figure(
                plots.distance_curve(asked.all_s),
                "Share of phone starts within a distance of the other aligner's, ms.",
            )
        ],
    )


def suspicion_section(scored: Sequence[Suspicion]) -> Section:
    """The recordings to listen to first."""
    head = ("recording", "text", "score", "duration", "longest", "rate", "spectrum", "aligners")
    rows = [
        (one.utterance, one.text, f"{one.score:.1f}", *(f"{term:.1f}" for term in one.terms))
        for one in scored[:LISTED]
    ]
    return Section(
        "suspicious",
        "Suspicious recordings",
        [
            "Score = duration + longest + rate + spectrum + aligners; each term is 0 for an "
            "inconspicuous recording. z is the distance from the median in 1.4826 median "
            "absolute deviations.",
            "duration: z of the mean |z| of the phones' log durations, each against its phone. "
            f"longest: by how much the longest phone's z exceeds {quality.LONG_Z:.0f}. rate: by "
            f"how much |z| of the log phone rate exceeds {quality.RATE_Z:.0f}. spectrum: z of the "
            "phones' mean squared distance to their phone's mean spectrum. aligners: median "
            "distance to the other aligner's phone starts in units of 20 ms, less 1, where it was "
            "asked. Negative terms count as 0.",
        ],
        [Figure(plots.score_histogram(scored), "Scores of all recordings.")],
        [Table(f"The {len(rows)} most suspicious.", head, rows, 2)],
    )


def spectrogram_section(folder: Path, info: PreparedInfo, scored: Sequence[Suspicion]) -> Section:
    """What alignments look like: the least, the median and the most suspicious."""
    # Of several readings of one text the most suspicious is enough.
    by_text: dict[str, Suspicion] = {}
    for one in scored:
        by_text.setdefault(normalised(one.text), one)
    first = [one.utterance for one in by_text.values()][:DRAWN]
    rank = {one.utterance: number for number, one in enumerate(scored, start=1)}
    labels = {name: f"Suspicious, rank {rank[name]}" for name in first}
    labels[scored[len(scored) // 2].utterance] = "Median"
    labels[scored[-1].utterance] = "Least suspicious"
    scores = {one.utterance: one.score for one in scored}
    drawn = {
        one.utterance: Figure(
            plots.spectrogram(one, info.features),
            f"{labels[one.utterance]}: {one.utterance}, score {scores[one.utterance]:.1f}. "
            f"“{one.text}”",
            wide=True,
        )
        for one in utterances(folder, info)
        if one.utterance in labels
    }
    order = [scored[-1].utterance, scored[len(scored) // 2].utterance, *labels]
    return Section(
        "spectrograms",
        "Aligned spectrograms",
        ["Log-mel spectrogram, phones and words where the alignment puts them, F0 in blue."],
        [drawn[name] for name in dict.fromkeys(order)],
    )
