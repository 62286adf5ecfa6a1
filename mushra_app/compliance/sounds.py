"""Rows of the compliance table about signals, switching and levels."""

from collections.abc import Iterator

from intone.contracts import bs1534
from intone.contracts.bs1534 import DEPARTS, MET, REPORT, ComplianceRow
from mushra_app.compliance.rated_steps import named, rating_pages
from mushra_app.sounds.masks import MaskReport
from mushra_app.sounds.played_files import TOLERANCE_LU
from mushra_app.sounds.preflight import Preflight
from mushra_app.sounds.preflight_rules import ANCHOR_NEEDS_HZ, LONGEST_S, median_bandwidths
from mushra_app.study.file import LOW, MID, Study
from mushra_app.study.steps import LoudnessStep

_NOT_MEASURED = "not measured yet"


def signal_rows(study: Study, preflight: Preflight | None) -> Iterator[ComplianceRow]:
    """Length, bandwidth and anchors."""
    speech = [f for f in preflight.files if f.system not in (LOW, MID)] if preflight else []
    lengths = [f.sound.seconds for f in speech]
    long = sum(s > LONGEST_S for s in lengths)
    text = f"{min(lengths):.1f} to {max(lengths):.1f} s" if lengths else _NOT_MEASURED
    yield bs1534.LENGTH.row(
        REPORT if not lengths else DEPARTS if long else MET,
        text + (f"; {named(long, 'file')} longer than 12 s" if long else ""),
    )
    widths = median_bandwidths({(f.sentence, f.system): f.sound for f in speech})
    width = widths.get(study.reference)
    rates = sorted({f.sound.sample_rate for f in speech if f.system == study.reference})
    yield bs1534.BANDWIDTH.row(
        DEPARTS if width and width <= ANCHOR_NEEDS_HZ else REPORT,
        f"reaches to {width / 1000:.2f} kHz (median), sampled at "
        f"{', '.join(str(rate) for rate in rates)} Hz"
        if width
        else _NOT_MEASURED,
    )
    by_name = {mask.anchor: mask for mask in preflight.masks} if preflight else {}
    yield _mask(bs1534.LOW_MASK, study.anchors.low, by_name.get(LOW))
    yield _mask(bs1534.MID_MASK, study.anchors.mid, by_name.get(MID))


def _mask(demand: bs1534.Demand, on: bool, mask: MaskReport | None) -> ComplianceRow:
    if not on:
        return demand.row(DEPARTS, "not made")
    if mask is None:
        return demand.row(REPORT, _NOT_MEASURED)
    return demand.row(MET if mask.met else DEPARTS, mask_text(mask))


def mask_text(mask: MaskReport) -> str:
    """Return a measured mask in words."""

    def attenuation(value: float | None, at: float) -> str:
        level = "nothing is left" if value is None else f"{value:.1f} dB"
        return f"{level} at {at / 1000:.1f} kHz and above"

    return (
        f"ripple {mask.ripple_db:.3f} dB, {attenuation(mask.first_db, mask.first_hz)}, "
        f"{attenuation(mask.second_db, mask.second_hz)} (filter at {mask.sample_rate} Hz)"
    )


def switching_rows(study: Study) -> Iterator[ComplianceRow]:
    """Yield rows on switching from one version to another."""
    alone = [where for where, page in rating_pages(study) if page == "acr"]
    yield bs1534.FREE_LISTENING.row(
        DEPARTS if alone else MET,
        f"{', '.join(alone)}: one version a page" if alone else "the player does so",
    )
    restart = study.on_switch == "restart"
    yield bs1534.SYNCHRONY.row(
        REPORT if restart else MET,
        "on_switch: restart, so another version starts at its beginning (speech of unequal length)"
        if restart
        else "on_switch: keep_position, to the sample",
    )
    yield bs1534.LOOPS.row(
        MET,
        "the player does so",
    )


def level_rows(study: Study, preflight: Preflight | None) -> Iterator[ComplianceRow]:
    """Loudness."""
    target = preflight.target_lufs if preflight else None
    off = [
        abs(f.played_lufs - target)
        for f in (preflight.files if preflight else [])
        if target is not None and f.played_lufs is not None
    ]
    yield bs1534.LOUDNESS.row(
        DEPARTS if off and max(off) > TOLERANCE_LU else REPORT,
        f"aligned by BS.1770, not by experts: {named(len(off), 'file')} within "
        f"{max(off):.2f} LU of {target:.1f} LUFS; gains are fixed"
        if off
        else _NOT_MEASURED,
    )
    control = any(isinstance(step, LoudnessStep) for step in study.sitting)
    yield bs1534.ADJUSTMENT.row(
        REPORT,
        "set once, and kept"
        if control
        else "the page has no control; a computer's own cannot be locked",
    )
    yield bs1534.REFERENCE_LEVEL.row(REPORT, "cannot be known in a browser")
