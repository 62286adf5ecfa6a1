"""Pause."""

import math
from collections.abc import Mapping
from typing import Any

from mushra_app.http.errors import RefusedError
from mushra_app.page_types.base import PageContext, UnratedType
from mushra_app.study.steps import PauseStep


class Pause(UnratedType[PauseStep]):
    """A page that can be left once the rest is over."""

    name = "pause"

    def asked(self, page: PageContext[PauseStep]) -> dict[str, Any]:
        """Return the shortest rest, s."""
        return {"rest_s": page.step.minutes * 60}

    def check(
        self, page: PageContext[PauseStep], answers: Mapping[str, Any], opened_s: float
    ) -> None:
        """Check that the rest is over."""
        left = page.step.minutes * 60 - opened_s
        if left > 0:
            raise RefusedError(409, f"the rest is not over; wait {math.ceil(left)} seconds")
        super().check(page, answers, opened_s)
