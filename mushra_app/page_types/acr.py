"""Absolute category rating (ITU-T P.800): one version, from 1 to 5."""

from collections.abc import Sequence

from mushra_app.page_types.base import Item, RatingType, crossed
from mushra_app.study.file import Study, conditions
from mushra_app.study.steps import TrainingStep, TrialsStep


class Acr(RatingType):
    """One version and five categories (Bad to Excellent).

    Their mean over listeners is a mean opinion score.
    """

    name = "acr"
    open_reference = False
    scale = (1, 5)

    def items(
        self, study: Study, step: TrainingStep | TrialsStep, sentences: Sequence[str]
    ) -> list[Item]:
        """Return every system with every sentence, one per page."""
        return crossed(sentences, [(system,) for system in conditions(study, step.systems)])

    def instructed(self, band: int, slots: int) -> list[tuple[int, int]]:
        """Return the one category that passes."""
        return [(band + 1, band + 1)] * slots
