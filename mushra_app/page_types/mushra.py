"""MUSHRA (ITU-R BS.1534-3): open reference, all versions on one page."""

from collections.abc import Sequence

from mushra_app.page_types.base import Item, RatingType, one_a_sentence
from mushra_app.study.file import Study
from mushra_app.study.steps import TrainingStep, TrialsStep


class Mushra(RatingType):
    """Every version of a sentence is rated from 0 to 100."""

    name = "mushra"
    open_reference = True
    scale = (0, 100)

    def items(
        self, study: Study, step: TrainingStep | TrialsStep, sentences: Sequence[str]
    ) -> list[Item]:
        """Return one page per sentence."""
        return one_a_sentence(study, step, sentences)
