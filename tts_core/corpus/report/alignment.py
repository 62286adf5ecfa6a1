"""Sections of the report on the quality of the alignment."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tts_core.corpus.report import plots, quality
from tts_core.corpus.report.agreement import Agreement
from tts_core.corpus.report.page import Figure, Section, Table, percent
from tts_core.corpus.report.quality import Suspicion
from tts_core.corpus.report.survey import Survey, utterances
from tts_core.corpus.shards import PreparedInfo
from tts_core.text.plain import normalised

LISTED = 20
DRAWN = 4


def _failures(info: PreparedInfo) -> int:
    return sum(item.reason.startswith("alignment failed") for item in info.left_out)


def aligned_share(info: PreparedInfo, contents: Survey) -> float:
    """Share of the recordings given to the aligner that it aligned."""
    return len(contents.rows) / (len(contents.rows) + _failures(info))


def alignment_section(info: PreparedInfo, contents: Survey) -> Section:
    """Describe the aligned recordings and the durations of phones."""
    rows = quality.class_durations(contents)
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
    least = np.ceil(quality.ALIGNER_MINIMUM_S / contents.frame_s) * contents.frame_s
    return Section(
        "alignment",
        "Alignment",
        [
            f"{info.aligner} aligned {len(contents.rows):,} of the "
            f"{len(contents.rows) + _failures(info):,} recordings that it was given "
            f"({percent(aligned_share(info, contents))}). An aligner gives no phone less than "
            f"{1000 * quality.ALIGNER_MINIMUM_S:.0f} ms; "
            f"{percent(quality.at_minimum(contents))} of the phones last no longer "
            f"({1000 * least:.0f} ms in whole frames). Many of them "
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
    """Compare with a second aligner."""
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
    """List the recordings to listen to first."""
    head = ("recording", "text", "score", "duration", "longest", "rate", "spectrum", "aligners")
    rows = [
        (
            suspicion.utterance,
            suspicion.text,
            f"{suspicion.score:.1f}",
            *(f"{term:.1f}" for term in suspicion.terms),
        )
        for suspicion in scored[:LISTED]
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
    """Draw the least, the median and the most suspicious alignment."""
    # Of several readings of one text the most suspicious is enough.
    by_text: dict[str, Suspicion] = {}
    for item in scored:
        by_text.setdefault(normalised(item.text), item)
    first = [item.utterance for item in by_text.values()][:DRAWN]
    rank = {item.utterance: number for number, item in enumerate(scored, start=1)}
    labels = {name: f"Suspicious, rank {rank[name]}" for name in first}
    labels[scored[len(scored) // 2].utterance] = "Median"
    labels[scored[-1].utterance] = "Least suspicious"
    scores = {item.utterance: item.score for item in scored}
    drawn = {
        item.utterance: Figure(
            plots.spectrogram(item, info.features),
            f"{labels[item.utterance]}: {item.utterance}, score {scores[item.utterance]:.1f}. "
            f"“{item.text}”",
            wide=True,
        )
        for item in utterances(folder, info)
        if item.utterance in labels
    }
    order = [scored[-1].utterance, scored[len(scored) // 2].utterance, *labels]
    return Section(
        "spectrograms",
        "Aligned spectrograms",
        ["Log-mel spectrogram, phones and words where the alignment puts them, F0 in blue."],
        [drawn[name] for name in dict.fromkeys(order)],
    )
