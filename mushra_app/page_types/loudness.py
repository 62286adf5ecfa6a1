"""Comfortable loudness, set once for all rated sounds."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mushra_app.http.errors import RefusedError
from mushra_app.page_types.base import PageContext, UnratedType
from mushra_app.study.steps import LoudnessStep

# All sounds are level-matched below full scale; a positive gain could clip them.
FREE_DB = (-40.0, 0.0)
FIRST_DB = -10.0
# ITU-R BS.1534-3: a later adjustment, between items, stays within 4 dB of the first.
ADJUST_DB = 4.0


class Loudness(UnratedType[LoudnessStep]):
    """Recording and slider; a later change stays within 4 dB."""

    name = "loudness"

    def asked(self, page: PageContext[LoudnessStep]) -> dict[str, Any]:
        """Return the limits and the start of the slider, dB."""
        low, high = _limits(page)
        return {"min_db": low, "max_db": high, "start_db": _set_db(page, FIRST_DB)}

    def sounds(self, step: LoudnessStep) -> int:
        """Return one: the recording."""
        del step
        return 1

    def sound(self, page: PageContext[LoudnessStep], slot: int, folder: Path) -> bytes:
        """Return the recording of one sentence, chosen by the seed."""
        del slot
        study = page.study
        sentence = study.sentences[page.seed % len(study.sentences)]
        return (folder / page.manifest.item(sentence, study.reference).path).read_bytes()

    def check(
        self, page: PageContext[LoudnessStep], answers: Mapping[str, Any], opened_s: float
    ) -> None:
        """Check that the gain is a number within the limits."""
        del opened_s
        gain = answers.get("gain_db")
        if gain is None:
            raise RefusedError(409, "gain_db: missing; set a loudness first")
        low, high = _limits(page)
        number = isinstance(gain, int | float) and not isinstance(gain, bool)
        if set(answers) != {"gain_db"} or not number or not low <= gain <= high:
            raise RefusedError(422, f"gain_db: must be a number from {low:g} to {high:g}")

    def remembered(self, answers: Mapping[str, Any], passed: bool | None) -> dict[str, Any]:
        """Return the gain as a factor."""
        del passed
        return {"loudness": 10 ** (answers["gain_db"] / 20)}


def _set_db(page: PageContext[LoudnessStep], otherwise: float) -> float:
    return round(20 * math.log10(page.loudness), 1) if page.loudness else otherwise


def _limits(page: PageContext[LoudnessStep]) -> tuple[float, float]:
    if not page.loudness:
        return FREE_DB
    now = _set_db(page, FIRST_DB)
    return max(FREE_DB[0], now - ADJUST_DB), min(FREE_DB[1], now + ADJUST_DB)
