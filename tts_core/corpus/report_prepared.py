"""What a prepared corpus holds, and how far its alignment can be trusted."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tts_core.corpus import quality
from tts_core.corpus import report_plots as plots
from tts_core.corpus.agreement import Agreement, agreement
from tts_core.corpus.progress import Progress
from tts_core.corpus.quality import Suspicion
from tts_core.corpus.report_page import (
    SPREAD_HEAD,
    Figure,
    Report,
    Section,
    Table,
    percent,
    spread,
)
from tts_core.corpus.report_plain import text_section
from tts_core.corpus.shards import PreparedInfo
from tts_core.corpus.splits import normalised
from tts_core.corpus.survey import F0_EDGES_HZ, Survey, survey, utterances
from tts_core.text.tokens import CONSONANTS, VOWELS

LISTED = 20
DRAWN = 4


def prepared_report(
    folder: Path, info: PreparedInfo, sample: int, seed: int, progress: Progress
) -> Report:
    """Describe a prepared corpus.

    Args:
        folder: with `prepared.json`. info: of it.
        sample: recordings that the other aligner is asked about; 0 for none.
        seed: of the sample.
        progress: is told how far it is.

    Raises:
        UserError: a shard is missing or damaged.
    """
    found = survey(folder, info, progress)
    asked = agreement(folder, info, found, sample, seed, progress) if sample else None
    medians = asked.medians_s() if asked else {}
    scored = quality.suspicions(folder, info, found, medians, progress)
    report = Report(info.corpus, folder, _facts(info, found, asked))
    report.sections += [
        _splits(info, found),
        _speakers(found),
        text_section([row.text for row in found.rows], Counter(r.sentence for r in found.rows)),
        _coverage(found),
        _pauses(found),
        _alignment(info, found),
        *([_agreement(asked)] if asked else []),
        _suspicious(scored),
        _spectrograms(folder, info, scored),
        _left_out(info),
    ]
    return report


def _failures(info: PreparedInfo) -> int:
    """Recordings that were given to the aligner in vain."""
    return sum(one.reason.startswith("alignment failed") for one in info.left_out)


def _aligned_share(info: PreparedInfo, found: Survey) -> float:
    return len(found.rows) / (len(found.rows) + _failures(info))


def _facts(info: PreparedInfo, found: Survey, asked: Agreement | None) -> list[tuple[str, str]]:
    pauses = quality.boundary_pauses_s(found)
    missing = quality.missing_phones(quality.coverage(found))
    facts = [
        ("hours", f"{info.hours:.2f}"),
        ("recordings", f"{len(found.rows):,}"),
        ("sentences", f"{len({row.sentence for row in found.rows}):,}"),
        ("speakers", f"{len(found.f0):,}"),
        ("aligned", f"{percent(_aligned_share(info, found))} by {info.aligner}"),
        ("left out", f"{len(info.left_out):,}"),
        ("median F0", f"{f0_quantile(np.sum(list(found.f0.values()), axis=0), 0.5):.0f} Hz"),
        ("phones missing", ", ".join(missing) or "none"),
        ("pauses inside phrases", f"{len(pauses):,} of 50 ms or more, without punctuation"),
        ("phones at the aligner's minimum", percent(quality.at_minimum(found))),
    ]
    if asked and asked.distances_s:
        facts.append(
            (
                f"agreement with {asked.other}",
                f"{percent(asked.share_within(0.02))} of phone starts within 20 ms, "
                f"{percent(asked.share_within(0.05))} within 50 ms",
            )
        )
    return facts


def f0_quantile(counts: np.ndarray, share: float) -> float:
    """Quantile, Hz, of F0 counted between `F0_EDGES_HZ`; nan if nothing is voiced."""
    total = np.cumsum(counts)
    if not total[-1]:
        return float("nan")
    return float(np.interp(share * total[-1], total, F0_EDGES_HZ[1:]))


def _splits(info: PreparedInfo, found: Survey) -> Section:
    rows = [
        (name, f"{side.utterances:,}", f"{side.sentences:,}", f"{side.hours:.2f}")
        for name, side in info.splits.items()
    ]
    seconds = [row.seconds for row in found.rows]
    return Section(
        "splits",
        "Recordings and splits",
        [f"Splits were drawn with seed {info.split_seed}, by groups of sentence id and text."],
        [Figure(plots.histogram(seconds, "duration", "s"), "Duration of the recordings, s.")],
        [
            Table("Splits.", ("split", "recordings", "sentences", "hours"), rows),
            Table(
                "Spread over recordings.", ("", *SPREAD_HEAD), [("duration, s", *spread(seconds))]
            ),
        ],
    )


def _speakers(found: Survey) -> Section:
    rows = []
    for name, counts in sorted(found.f0.items(), key=lambda item: -item[1].sum()):
        own = [row for row in found.rows if row.speaker == name]
        rate = sum(r.phones for r in own) / max(sum(r.phone_seconds for r in own), 1e-9)
        low, median, high = (f"{f0_quantile(counts, q):.0f}" for q in (0.05, 0.5, 0.95))
        hours = sum(row.seconds for row in own) / 3600
        rows.append((name, f"{len(own):,}", f"{hours:.2f}", low, median, high, f"{rate:.1f}"))
    head = ("speaker", "recordings", "hours", "F0 5 %, Hz", "median", "95 %", "phones/s")
    return Section(
        "speakers",
        "Speakers and F0",
        [],
        [
            Figure(
                plots.f0_histogram(found.f0, F0_EDGES_HZ),
                "F0 of the voiced frames, Hz, in steps of half a semitone.",
            )
        ],
        [Table("Phones a second of speech, pauses not counted.", head, rows)],
    )


def _coverage(found: Survey) -> Section:
    counts = quality.coverage(found)
    missing = quality.missing_phones(counts)
    said = f"Never spoken: {', '.join(missing)}." if missing else "Every phone and stress occurs."
    return Section(
        "phones",
        "Phone coverage",
        [said],
        [
            Figure(
                plots.phone_bars({phone: counts[phone] for phone in phones}),
                f"Occurrences of the {len(phones)} {kind}, in ARPAbet.",
            )
            for kind, phones in (("vowels by stress", VOWELS), ("consonants", CONSONANTS))
        ],
    )


def _pauses(found: Survey) -> Section:
    rows = [
        (
            "word boundary" if row.place == "<wb>" else row.place,
            f"{row.places:,}",
            f"{row.pauses:,}",
            percent(row.pauses / row.places),
            f"{row.median_ms:.0f}" if row.pauses else "",
            f"{row.longest_ms:.0f}" if row.pauses else "",
        )
        for row in quality.pauses(found)
    ]
    head = ("place", "places", "pauses", "share", "median, ms", "longest, ms")
    inner = quality.boundary_pauses_s(found)
    figures = []
    if len(inner):
        caption = "Pauses of 50 ms or more at word boundaries without punctuation."
        figures.append(Figure(plots.pause_histogram(inner), caption))
    return Section(
        "pauses",
        "Pauses",
        [
            "A pause is a silence of 50 ms or more between two words. Without punctuation it is "
            "part of the word before it. Of several marks the first one counts; the silence "
            "before and after a recording's speech is no pause."
        ],
        figures,
        [Table("Pauses by the mark that stands there.", head, rows)],
    )


def _alignment(info: PreparedInfo, found: Survey) -> Section:
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
            f"({percent(_aligned_share(info, found))}). An aligner gives no phone less than "
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
                ("class", "count", "5 %", "median", "95 %", "at minimum"),
                table,
            )
        ],
    )


def _agreement(asked: Agreement) -> Section:
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


def _suspicious(scored: Sequence[Suspicion]) -> Section:
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


def _spectrograms(folder: Path, info: PreparedInfo, scored: Sequence[Suspicion]) -> Section:
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


def _left_out(info: PreparedInfo) -> Section:
    tables = []
    if info.left_out:
        rows = [(one.utterance, one.reason) for one in info.left_out]
        tables.append(Table("Left out.", ("recording", "reason"), rows, 2))
    if info.warnings:
        rows = [(one.utterance, one.warning) for one in info.warnings]
        tables.append(Table("Used, but look at them.", ("recording", "what is doubtful"), rows, 2))
    said = f"{len(info.left_out):,} recordings are left out, {len(info.warnings):,} are doubtful."
    return Section("left-out", "Left out and doubtful", [said], [], tables)
