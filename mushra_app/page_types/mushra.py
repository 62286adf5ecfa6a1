"""MUSHRA (ITU-R BS.1534-3): a mentioned reference, and all versions of a sentence on one page."""

from collections.abc import Sequence

from mushra_app.page_types.base import Item, RatingType, one_a_sentence
from mushra_app.study.file import Study
from mushra_app.study.steps import TrainingStep, TrialsStep


class Mushra(RatingType):
    """Every version gets a score from 0 to 100 beside the open reference."""

    name = "mushra"
    open_reference = True
    scale = (0, 100)

    def items(
        self, study: Study, step: TrainingStep | TrialsStep, sentences: Sequence[str]
    ) -> list[Item]:
        """One page a sentence."""
        return one_a_sentence(study, step, sentences)
