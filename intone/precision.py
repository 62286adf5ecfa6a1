"""Expected precision of a design, from the statistics, as the listening test's plan takes it."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mushra_app.precision import Design, Expected, PrecisionOf


def assuming(like: Path | None = None) -> "PrecisionOf":
    """Precision with a pilot's scatter (its `report.json`), or that which `intone power` assumes.

    The result raises UserError for a design that does not exist or if there is no such report, and
    gives None where the statistics are not installed.
    """

    def precision(design: "Design") -> "Expected | None":
        try:
            from analysis import power
        except ModuleNotFoundError:
            return None
        from mushra_app.precision import Expected

        scatter = power.Scatter() if like is None else power.Scatter.of_report(like)
        found = power.precision(design.listeners, design.texts, design.pages, scatter)
        sds = (
            f"SDs of listener x system {scatter.listener:.1f}, text x system "
            f"{scatter.utterance:.1f}, noise {scatter.noise:.1f} points"
        )
        if like is None:
            known = "typical of published data; assumptions until a pilot has measured yours"
        else:
            known = f"found by {like}" + (f" ({scatter.label})" if scatter.label else "")
        return Expected(found.se, found.detectable, f"{sds}, {known}")

    return precision
