"""Base classes of page types; docs/page-types.md is the guide."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, TypeVar

from mushra_app.http.errors import RefusedError
from mushra_app.page_types.score import Score
from mushra_app.study.file import Study, conditions
from mushra_app.study.manifest import Manifest
from mushra_app.study.steps import Step, TrainingStep, TrialsStep

Choice = Literal["first", "second", "none"]


@dataclass(frozen=True)
class Item:
    """Sentence of a page and its systems."""

    sentence: str
    systems: tuple[str, ...]


class RatingType(ABC):
    """Page type on which speech is heard and rated.

    Attributes:
        name: as in the study file and in `page_type` of the ratings; its module in the browser is
            `player/types/NAME.js`.
        open_reference: whether a reference that is named as such is offered.
        scale: lowest and highest score.
        scored: whether versions get scores; else the page is answered by a choice.
    """

    name: ClassVar[str]
    open_reference: ClassVar[bool]
    scale: ClassVar[tuple[int, int]]
    scored: ClassVar[bool] = True

    @abstractmethod
    def items(
        self, study: Study, step: TrainingStep | TrialsStep, sentences: Sequence[str]
    ) -> list[Item]:
        """Return every possible page; any consecutive ones are balanced.

        Args:
            study: the study.
            step: the step.
            sentences: its sentences, in a random order.
        """

    def asked(self, step: TrainingStep | TrialsStep) -> dict[str, Any]:
        """Return the JSON fields that only this page type has."""
        return {"labels": step.labels}

    def instructed(self, band: int, slots: int) -> list[tuple[int, int]]:
        """Return the scores that pass an attention page, by slot.

        Args:
            band: part of the scale that is asked for; 0 is the worst of five.
            slots: number of versions.
        """
        low, high = self.scale
        width = (high - low) / 5
        return [(round(low + band * width), round(low + (band + 1) * width))] * slots

    def complete(self, scores: Mapping[int, Score], slots: int, choice: Choice | None) -> bool:
        """Check whether every version was played and rated."""
        heard = all(i in scores and scores[i].n_plays > 0 for i in range(slots))
        judged = all(i in scores and scores[i].score is not None for i in range(slots))
        return heard and (judged if self.scored else choice is not None)

    def passes(
        self,
        expected: Sequence[tuple[int, int] | None],
        scores: Mapping[int, Score],
        choice: Choice | None,
    ) -> bool:
        """Check whether a page with a known answer was answered correctly."""
        del choice
        got = [(limits, scores[i].score) for i, limits in enumerate(expected) if limits]
        return all(s is not None and low <= s <= high for (low, high), s in got)


def one_a_sentence(
    study: Study, step: TrainingStep | TrialsStep, sentences: Sequence[str]
) -> list[Item]:
    """Return items of pages that show all systems of a sentence."""
    systems = tuple(conditions(study, step.systems))
    return [Item(sentence, systems) for sentence in sentences]


def crossed(sentences: Sequence[str], groups: Sequence[tuple[str, ...]]) -> list[Item]:
    """Return items that combine every group of systems with every sentence.

    As many pages in a row as there are sentences have every sentence once. The first pages, however
    many, have every group equally often, to within one; any others in a row, to within two.
    """
    a_round = len(sentences)
    return [
        Item(sentences[i % a_round], groups[staggered(i, a_round, len(groups))])
        for i in range(a_round * len(groups))
    ]


def staggered(index: int, period: int, size: int) -> int:
    """Return the `index`-th of `size` elements that take turns.

    Indices `period` apart meet each of the elements in turn, too.
    """
    return (index + index // math.lcm(period, size)) % size


StepT = TypeVar("StepT", bound=Step)


@dataclass(frozen=True)
class PageContext(Generic[StepT]):
    """Context of a page without ratings.

    Attributes:
        study: the study.
        step: the step of its sitting.
        seed: random seed of the listener and the page.
        kind: type of the pages that this listener will rate.
        manifest: what the study plays.
        loudness: gain that the listener has set, if any.
    """

    study: Study
    step: StepT
    seed: int
    kind: str
    manifest: Manifest
    loudness: float | None


class UnratedType(ABC, Generic[StepT]):
    """Page type without ratings.

    Attributes:
        name: type of the step in the study file; its module in the browser is
            `player/types/NAME.js`.
    """

    name: ClassVar[str]

    @abstractmethod
    def asked(self, page: PageContext[StepT]) -> dict[str, Any]:
        """Return the JSON fields of the page."""

    def sounds(self, step: StepT) -> int:
        """Return the number of sounds that the page plays."""
        del step
        return 0

    def sound(self, page: PageContext[StepT], slot: int, folder: Path) -> bytes:
        """Return a WAV file that the page plays.

        Args:
            page: context of the page.
            slot: number of the sound, from 0.
            folder: folder of the files in the manifest.

        Raises:
            RefusedError: no sound of that number (404).
        """
        del page, slot, folder
        raise RefusedError(404, "no such sound")

    def check(
        self, page: PageContext[StepT], answers: Mapping[str, Any], opened_s: float
    ) -> bool | None:
        """Check the answers when the page is closed.

        Returns whether a check was passed; None if the page is no check.

        Args:
            page: context of the page.
            answers: answers of the browser.
            opened_s: time since the page was opened, s.

        Raises:
            RefusedError: an answer is missing (409) or invalid (422).
        """
        del page, opened_s
        if answers:
            raise RefusedError(422, "this page takes no answers")
        return None

    def remembered(self, answers: Mapping[str, Any], passed: bool | None) -> dict[str, Any]:
        """Return columns of the sitting to set, with their values."""
        del answers, passed
        return {}
