"""Report on a prepared corpus and its alignment."""

from collections import Counter
from pathlib import Path

import numpy as np

from intone.progress import Progress
from tts_core.corpus.report import plots, quality
from tts_core.corpus.report.agreement import Agreement, agreement
from tts_core.corpus.report.alignment import (
    agreement_section,
    aligned_share,
    alignment_section,
    spectrogram_section,
    suspicion_section,
)
from tts_core.corpus.report.page import (
    SPREAD_HEAD,
    Figure,
    Report,
    Section,
    Table,
    percent,
    spread,
)
from tts_core.corpus.report.plain import text_section
from tts_core.corpus.report.survey import F0_EDGES_HZ, Survey, survey
from tts_core.corpus.settings import ALIGNERS
from tts_core.corpus.shards import PreparedInfo
from tts_core.text.tokens import CONSONANTS, VOWELS


def prepared_report(
    folder: Path, info: PreparedInfo, sample: int, seed: int, progress: Progress
) -> Report:
    """Describe a prepared corpus.

    Args:
        folder: with `prepared.json`. info: of it.
        sample: recordings that the other aligner aligns too; 0 for none.
        seed: of the sample.
        progress: receives the stage and the units done.

    Raises:
        UserError: a shard is missing or damaged.
    """
    contents = survey(folder, info, progress)
    asked = agreement(folder, info, contents, sample, seed, progress) if sample else None
    medians = asked.medians_s() if asked else {}
    scored = quality.suspicions(folder, info, contents, medians, progress)
    report = Report(info.corpus, folder, _facts(info, contents, asked))
    report.sections += [
        _splits(info, contents),
        _speakers(contents),
        text_section(
            [row.text for row in contents.rows], Counter(r.sentence for r in contents.rows)
        ),
        _coverage(contents),
        _pauses(info, contents),
        alignment_section(info, contents),
        *([agreement_section(asked)] if asked else []),
        suspicion_section(scored),
        spectrogram_section(folder, info, scored),
        _left_out(info),
    ]
    return report


def _facts(info: PreparedInfo, contents: Survey, asked: Agreement | None) -> list[tuple[str, str]]:
    pauses, quiet = quality.boundary_pauses(contents)
    of_them = "" if _mended(info) else f", {quiet.sum():,} of them quiet"
    missing = quality.missing_phones(quality.coverage(contents))
    facts = [
        ("hours", f"{info.hours:.2f}"),
        ("recordings", f"{len(contents.rows):,}"),
        ("sentences", f"{len({row.sentence for row in contents.rows}):,}"),
        ("speakers", f"{len(contents.f0):,}"),
        ("aligned", f"{percent(aligned_share(info, contents))} by {info.aligner}"),
        ("left out", f"{len(info.left_out):,}"),
        ("median F0", f"{f0_quantile(np.sum(list(contents.f0.values()), axis=0), 0.5):.0f} Hz"),
        ("phones missing", ", ".join(missing) or "none"),
        ("pauses without punctuation", f"{len(pauses):,} of 50 ms or more{of_them}"),
        ("phones at the aligner's minimum", percent(quality.at_minimum(contents))),
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


def _mended(info: PreparedInfo) -> bool:
    """Return whether loud pauses were given to the phone before."""
    return info.aligner in ALIGNERS


def f0_quantile(counts: np.ndarray, share: float) -> float:
    """Quantile, Hz, of F0 counted between `F0_EDGES_HZ`; nan if nothing is voiced."""
    total = np.cumsum(counts)
    if not total[-1]:
        return float("nan")
    return float(np.interp(share * total[-1], total, F0_EDGES_HZ[1:]))


def _splits(info: PreparedInfo, contents: Survey) -> Section:
    rows = [
        (name, f"{side.utterances:,}", f"{side.sentences:,}", f"{side.hours:.2f}")
        for name, side in info.splits.items()
    ]
    seconds = [row.seconds for row in contents.rows]
    return Section(
        "splits",
        "Recordings and splits",
        [_drawn(info.split_seed)],
        [Figure(plots.histogram(seconds, "duration", "s"), "Duration of the recordings, s.")],
        [
            Table("Splits.", ("split", "recordings", "sentences", "hours"), rows),
            Table(
                "Spread over recordings.", ("", *SPREAD_HEAD), [("duration, s", *spread(seconds))]
            ),
        ],
    )


def _drawn(seed: int | None) -> str:
    if seed is None:
        return "The corpus brought its own split."
    return f"Splits were drawn with seed {seed}, by groups of sentence id and text."


def _speakers(contents: Survey) -> Section:
    rows = []
    for name, counts in sorted(contents.f0.items(), key=lambda item: -item[1].sum()):
        speaker_rows = [row for row in contents.rows if row.speaker == name]
        rate = sum(r.phones for r in speaker_rows) / max(
            sum(r.phone_seconds for r in speaker_rows), 1e-9
        )
        low, median, high = (f"{f0_quantile(counts, q):.0f}" for q in (0.05, 0.5, 0.95))
        hours = sum(row.seconds for row in speaker_rows) / 3600
        rows.append(
            (name, f"{len(speaker_rows):,}", f"{hours:.2f}", low, median, high, f"{rate:.1f}")
        )
    head = ("speaker", "recordings", "hours", "F0 5\u00a0%, Hz", "median", "95\u00a0%", "phones/s")
    return Section(
        "speakers",
        "Speakers and F0",
        [],
        [
            Figure(
                plots.f0_histogram(contents.f0, F0_EDGES_HZ),
                "F0 of the voiced frames, Hz, in steps of half a semitone.",
            )
        ],
        [Table("Phones a second of speech, pauses not counted.", head, rows)],
    )


def _coverage(contents: Survey) -> Section:
    counts = quality.coverage(contents)
    missing = quality.missing_phones(counts)
    summary = (
        f"Never spoken: {', '.join(missing)}." if missing else "Every phone and stress occurs."
    )
    return Section(
        "phones",
        "Phone coverage",
        [summary],
        [
            Figure(
                plots.phone_bars({phone: counts[phone] for phone in phones}),
                f"Occurrences of the {len(phones)} {kind}, in ARPAbet.",
            )
            for kind, phones in (("vowels by stress", VOWELS), ("consonants", CONSONANTS))
        ],
    )


def _pauses(info: PreparedInfo, contents: Survey) -> Section:
    rows = [
        (
            "no mark" if row.mark == "<wb>" else row.mark,
            f"{row.boundaries:,}",
            f"{row.pauses:,}",
            percent(row.pauses / row.boundaries),
            percent(row.quiet / row.pauses) if row.pauses else "",
            f"{row.median_ms:.0f}" if row.pauses else "",
            f"{row.longest_ms:.0f}" if row.pauses else "",
        )
        for row in quality.pauses(contents)
    ]
    head = ("mark", "places", "pauses", "share", "quiet", "median, ms", "longest, ms")
    about_loud = (
        f"Now and then {info.aligner} takes the end of a weak sound for silence: where no mark "
        "is, a pause that was as loud as speech has been given back to the phone before it; "
        "a mark keeps its pause however loud."
        if _mended(info)
        else "Of the others the aligner may have taken the end of a weak sound for silence."
    )
    inner, quiet = quality.boundary_pauses(contents)
    figures = []
    if len(inner):
        # Measured again after loud ones were given back, a few are just beyond the limit.
        apart = None if _mended(info) else quiet
        caption = "Pauses of 50 ms or more at word boundaries without punctuation."
        figures.append(Figure(plots.pause_histogram(inner, apart), caption))
    return Section(
        "pauses",
        "Pauses",
        [
            "A pause is a silence of 50 ms or more between two words. Without punctuation it is "
            "part of the word before it. Of several marks the first one counts; the silence "
            "before and after a recording's speech is no pause. A quiet one has a mean level "
            "nearer to the recording's quietest frames than to its phones.",
            about_loud,
        ],
        figures,
        [Table("Pauses between two words, by the mark there.", head, rows)],
    )


def _left_out(info: PreparedInfo) -> Section:
    tables = []
    if info.left_out:
        rows = [(item.utterance, item.reason) for item in info.left_out]
        tables.append(Table("Left out.", ("recording", "reason"), rows, 2))
    if info.warnings:
        rows = [(item.utterance, item.warning) for item in info.warnings]
        tables.append(Table("Used, but look at them.", ("recording", "what is doubtful"), rows, 2))
    summary = f"Recordings left out: {len(info.left_out):,}; warnings: {len(info.warnings):,}."
    return Section("left-out", "Left out and doubtful", [summary], [], tables)
