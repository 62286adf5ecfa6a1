"""AB preference: which of two versions is better, or neither."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from mushra_app.page_types.base import Choice, Item, RatingType, crossed
from mushra_app.page_types.score import Score
from mushra_app.study.file import Study
from mushra_app.study.steps import TrainingStep, TrialsStep


class Ab(RatingType):
    """Two versions of a sentence and a choice."""

    name = "ab"
    open_reference = False
    scale = (0, 1)
    scored = False

    def items(
        self, study: Study, step: TrainingStep | TrialsStep, sentences: Sequence[str]
    ) -> list[Item]:
        """Return every pair with every sentence."""
        tested = [study.reference, *(step.systems or study.systems)]
        systems = list(dict.fromkeys(tested))
        pairs = step.pairs or list(itertools.combinations(systems, 2))
        return crossed(sentences, [tuple(pair) for pair in pairs])

    def asked(self, step: TrainingStep | TrialsStep) -> dict[str, Any]:
        """Return whether "no preference" is an answer."""
        return {"no_preference": step.no_preference}

    def instructed(self, band: int, slots: int) -> list[tuple[int, int]]:
        """Return (1, 1) for the version to choose, else (0, 0)."""
        del slots
        return [(1, 1), (0, 0)] if band < 2 else [(0, 0), (1, 1)]

    def passes(
        self,
        expected: Sequence[tuple[int, int] | None],
        scores: Mapping[int, Score],
        choice: Choice | None,
    ) -> bool:
        """Check whether the right version was chosen; one known version is enough."""
        del scores
        first, second = expected
        return choice == ("first" if first == (1, 1) or second == (0, 0) else "second")
