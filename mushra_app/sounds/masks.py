"""Anchor filters of a study, measured against the mask of BS.1534-3."""

from pydantic import Field

from intone.documents import Closed
from mushra_app.sounds.anchors import CUT_OFFS, low_pass, measure
from mushra_app.study.file import LOW, MID, Study


class MaskReport(Closed):
    """Filter of an anchor, measured against the mask of BS.1534-3."""

    anchor: str
    cut_off_hz: float
    sample_rate: int
    ripple_db: float = Field(description="largest deviation from 0 dB up to the cut-off")
    ripple_allowed_db: float = 0.1
    first_hz: float
    first_db: float | None = Field(
        description="smallest attenuation above first_hz; none: above half the sampling rate"
    )
    first_required_db: float = 25.0
    second_hz: float
    second_db: float | None = Field(description="the same")
    second_required_db: float = 50.0
    met: bool
    source: str = Field(description="origin of this mask")


def masks(study: Study, rate: int) -> list[MaskReport]:
    """Measure the filters of a study's anchors at `rate` Hz."""
    chosen = [("anchor_low", LOW, study.anchors.low), ("anchor_mid", MID, study.anchors.mid)]
    reports = []
    for role, name, on in chosen:
        if not on:
            continue
        cut_off = CUT_OFFS[role]
        mask = measure(low_pass(cut_off, rate), cut_off, rate)
        reports.append(
            MaskReport(
                anchor=name,
                cut_off_hz=cut_off,
                sample_rate=rate,
                ripple_db=round(mask.ripple, 4),
                first_hz=cut_off + 500,
                first_db=_finite(mask.first),
                second_hz=cut_off + 1000,
                second_db=_finite(mask.second),
                met=mask.met,
                source="BS.1534-3"
                if role == "anchor_low"
                else "ours: the standard prints a mask for 3.5 kHz only",
            )
        )
    return reports


def _finite(value: float) -> float | None:
    return round(value, 1) if value < float("inf") else None
