"""Rows of the compliance table about signals, switching and levels."""

from collections.abc import Iterator

from mushra_app.compliance.rows import DEPARTS, MET, REPORT, Row, named, rating_pages
from mushra_app.sounds.masks import MaskReport
from mushra_app.sounds.preflight import Preflight
from mushra_app.sounds.preflight_rules import ANCHOR_NEEDS_HZ, LONGEST_S, median_bandwidths
from mushra_app.sounds.stimuli import TOLERANCE_LU
from mushra_app.study.file import LOW, MID, Study
from mushra_app.study.steps import LoudnessStep

_NOT_MEASURED = "not measured yet"


def signal_rows(study: Study, preflight: Preflight | None) -> Iterator[Row]:
    """Length, bandwidth and anchors."""
    speech = [f for f in preflight.files if f.system not in (LOW, MID)] if preflight else []
    lengths = [f.sound.seconds for f in speech]
    long = sum(s > LONGEST_S for s in lengths)
    text = f"{min(lengths):.1f} to {max(lengths):.1f} s" if lengths else _NOT_MEASURED
    yield Row(
        "signals",
        "about 10 s, preferably at most 12 s; longer ones are justified",
        REPORT if not lengths else DEPARTS if long else MET,
        text + (f"; {named(long, 'file')} longer than 12 s" if long else ""),
    )
    widths = median_bandwidths({(f.sentence, f.system): f.sound for f in speech})
    width = widths.get(study.reference)
    rates = sorted({f.sound.sample_rate for f in speech if f.system == study.reference})
    yield Row(
        "signals",
        "the reference has full bandwidth",
        DEPARTS if width and width <= ANCHOR_NEEDS_HZ else REPORT,
        f"reaches to {width / 1000:.2f} kHz (median), sampled at "
        f"{', '.join(str(rate) for rate in rates)} Hz"
        if width
        else _NOT_MEASURED,
    )
    by_name = {mask.anchor: mask for mask in preflight.masks} if preflight else {}
    for name, on in ((LOW, study.anchors.low), (MID, study.anchors.mid)):
        yield _mask(name, on, by_name.get(name))


def _mask(name: str, on: bool, mask: MaskReport | None) -> Row:
    low = name == LOW
    requirement = (
        "low anchor of 3.5 kHz: ripple at most 0.1 dB, 25 dB at 4 kHz, 50 dB at 4.5 kHz"
        if low
        else "mid anchor of 7 kHz (no mask is printed for it; held to the shape of the low one)"
    )
    if not on:
        return Row("signals", requirement, DEPARTS, "not made")
    if mask is None:
        return Row("signals", requirement, REPORT, _NOT_MEASURED)
    return Row("signals", requirement, MET if mask.met else DEPARTS, mask_text(mask))


def mask_text(mask: MaskReport) -> str:
    """Return a measured mask in words."""

    def attenuation(value: float | None, at: float) -> str:
        level = "nothing is left" if value is None else f"{value:.1f} dB"
        return f"{level} at {at / 1000:.1f} kHz and above"

    return (
        f"ripple {mask.ripple_db:.3f} dB, {attenuation(mask.first_db, mask.first_hz)}, "
        f"{attenuation(mask.second_db, mask.second_hz)} (filter at {mask.sample_rate} Hz)"
    )


def switching_rows(study: Study) -> Iterator[Row]:
    """Yield rows on switching from one version to another."""
    alone = [where for where, page in rating_pages(study) if page == "acr"]
    yield Row(
        "trials",
        "free order, replays without limit, switching at once",
        DEPARTS if alone else MET,
        f"{', '.join(alone)}: one version a page" if alone else "the player does so",
    )
    restart = study.on_switch == "restart"
    yield Row(
        "switching and looping",
        "switching among versions in synchrony",
        REPORT if restart else MET,
        "on_switch: restart, so another version starts at its beginning (speech of unequal length)"
        if restart
        else "on_switch: keep_position, to the sample",
    )
    yield Row(
        "switching and looping",
        "loops of 500 ms or more; 5 ms raised-cosine fades out, then in; never a cross-fade",
        MET,
        "the player does so",
    )


def level_rows(study: Study, preflight: Preflight | None) -> Iterator[Row]:
    """Loudness."""
    target = preflight.target_lufs if preflight else None
    off = [
        abs(f.played_lufs - target)
        for f in (preflight.files if preflight else [])
        if target is not None and f.played_lufs is not None
    ]
    yield Row(
        "levels",
        "loudness aligned by experts, one fixed gain in a trial",
        DEPARTS if off and max(off) > TOLERANCE_LU else REPORT,
        f"aligned by BS.1770, not by experts: {named(len(off), 'file')} within "
        f"{max(off):.2f} LU of {target:.1f} LUFS; gains are fixed"
        if off
        else _NOT_MEASURED,
    )
    control = any(isinstance(step, LoudnessStep) for step in study.sitting)
    yield Row(
        "levels",
        "listeners adjust between items only, by at most 4 dB",
        REPORT,
        "set once, and kept"
        if control
        else "the page has no control; a computer's own cannot be locked",
    )
    yield Row("levels", "reference at 78 ± 0.25 dBA", REPORT, "cannot be known in a browser")
