"""What a kind of page says about itself; docs/page-types.md is the guide to a new one."""

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
    """What one page is about: a sentence, and the systems that say it."""

    sentence: str
    systems: tuple[str, ...]


class RatingType(ABC):
    """A kind of page on which speech is heard and judged.

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
        """Every page that the step can have, in an order of which any stretch is balanced.

        Args:
            study: the study.
            step: the step.
            sentences: its sentences, in a random order.
        """

    def asked(self, step: TrainingStep | TrialsStep) -> dict[str, Any]:
        """What the browser is told beyond what all rating pages are told."""
        return {"labels": step.labels}

    def instructed(self, band: int, slots: int) -> list[tuple[int, int]]:
        """Scores that pass an attention page, by slot. `band`: 0 is the worst of five."""
        low, high = self.scale
        width = (high - low) / 5
        return [(round(low + band * width), round(low + (band + 1) * width))] * slots

    def complete(self, scores: Mapping[int, Score], slots: int, choice: Choice | None) -> bool:
        """Whether a page may be closed: everything heard, and judged."""
        heard = all(i in scores and scores[i].n_plays > 0 for i in range(slots))
        judged = all(i in scores and scores[i].score is not None for i in range(slots))
        return heard and (judged if self.scored else choice is not None)

    def passes(
        self,
        expected: Sequence[tuple[int, int] | None],
        scores: Mapping[int, Score],
        choice: Choice | None,
    ) -> bool:
        """Whether a page with a known answer was answered so."""
        del choice
        got = [(limits, scores[i].score) for i, limits in enumerate(expected) if limits]
        return all(s is not None and low <= s <= high for (low, high), s in got)


def one_a_sentence(
    study: Study, step: TrainingStep | TrialsStep, sentences: Sequence[str]
) -> list[Item]:
    """Items of pages that show all systems of a sentence together."""
    systems = tuple(conditions(study, step.systems))
    return [Item(sentence, systems) for sentence in sentences]


def crossed(sentences: Sequence[str], groups: Sequence[tuple[str, ...]]) -> list[Item]:
    """Items of pages that show one group of systems each, every group with every sentence.

    As many pages in a row as there are sentences have every sentence once. The first pages, however
    many, have every group equally often, to within one; any others in a row, to within two.
    """
    a_round = len(sentences)
    return [
        Item(sentences[i % a_round], groups[staggered(i, a_round, len(groups))])
        for i in range(a_round * len(groups))
    ]


def staggered(index: int, period: int, size: int) -> int:
    """Which of `size` things is taken `index`-th, so that they take turns, and so that what comes
    back every `period` indices also meets each of them in turn."""
    return (index + index // math.lcm(period, size)) % size


StepT = TypeVar("StepT", bound=Step)


@dataclass(frozen=True)
class Scene(Generic[StepT]):
    """Where a page without ratings stands.

    Attributes:
        study: the study.
        step: the step of its sitting.
        seed: belongs to the listener and the page.
        kind: type of the pages that this listener will rate.
        manifest: what the study plays.
        loudness: gain that the listener has set, if so far they have.
    """

    study: Study
    step: StepT
    seed: int
    kind: str
    manifest: Manifest
    loudness: float | None


class Screen(ABC, Generic[StepT]):
    """A kind of page without ratings.

    Attributes:
        name: type of the step in the study file; its module in the browser is
            `player/types/NAME.js`.
    """

    name: ClassVar[str]

    @abstractmethod
    def asked(self, scene: Scene[StepT]) -> dict[str, Any]:
        """What the browser is told."""

    def sounds(self, step: StepT) -> int:
        """How many sounds the page plays."""
        del step
        return 0

    def sound(self, scene: Scene[StepT], slot: int, folder: Path) -> bytes:
        """A WAV file that the page plays.

        Args:
            scene: where the page stands.
            slot: number of the sound, from 0.
            folder: folder of the files in the manifest.

        Raises:
            RefusedError: this page plays nothing of that number.
        """
        del scene, slot, folder
        raise RefusedError(404, "no such sound")

    def check(
        self, scene: Scene[StepT], answers: Mapping[str, Any], opened_s: float
    ) -> bool | None:
        """Look at the answers when the page is closed; whether a check was passed, if it is one.

        Args:
            scene: where the page stands.
            answers: what the browser sent.
            opened_s: for how long the page has been open, s.

        Raises:
            RefusedError: something is missing (409), or no answer to what was asked (422).
        """
        del scene, opened_s
        if answers:
            raise RefusedError(422, "this page asks nothing")
        return None

    def remembered(self, answers: Mapping[str, Any], passed: bool | None) -> dict[str, Any]:
        """Return columns of the sitting, with values, that hold for all of it."""
        del answers, passed
        return {}
