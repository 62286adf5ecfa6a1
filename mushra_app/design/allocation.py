"""Allocation of pages to listeners, by the study's seed and seats."""

import hashlib
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mushra_app.page_types import RATING_TYPES
from mushra_app.page_types.base import Item, RatingType, staggered
from mushra_app.study.file import Study
from mushra_app.study.steps import Arm, TrainingStep, TrialsStep

Limits = tuple[int, int]
_NO_ARM = Arm(name="main", page=None)
# Fewest pages between a page and its repeat; listeners remember more recent answers.
APART = 3


@dataclass(frozen=True)
class Page:
    """Page of one listener.

    Attributes:
        kind: type of the page.
        step: position of its step in the study's sitting, from 0.
        phase: training, test, gold (attention pages too) or repeat; test for pages without ratings.
        repeat: 0 for the first occurrence of this page.
        sentence: sentence id; empty for a page without ratings.
        slots: system of each slot.
        question: question of the page, if not the study's.
        scale: lowest and highest score.
        expected: by slot, the scores that pass; None for a page without a known answer.
        asked: band (0 is the worst) or slot that an attention page asks for.
    """

    kind: str
    step: int
    phase: str = "test"
    repeat: int = 0
    sentence: str = ""
    slots: tuple[str, ...] = ()
    question: str | None = None
    scale: Limits = (0, 100)
    expected: tuple[Limits | None, ...] | None = None
    asked: int | None = None


def listener_seed(study: Study, number: int) -> int:
    """Return the seed (31 bits) of listener `number`, counted from 0."""
    digest = hashlib.sha256(f"{study.seed}:{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def arm_of(study: Study, seat: int) -> Arm:
    """Return the arm of a seat.

    Seats are in blocks of the number of arms; every block has each arm once, in a random order.
    """
    if not study.arms:
        return _NO_ARM
    block, position = divmod(seat, len(study.arms))
    arms = list(study.arms)
    random.Random(f"arms:{study.seed}:{block}").shuffle(arms)
    return arms[position]


def allocate(study: Study, number: int, seat: int | None = None) -> list[Page]:
    """Return the pages of a listener.

    Pages take turns: each seat starts where the seat before it stopped in one fixed shuffle of all
    pages, so that after any number of seats the counts of ratings of two pages differ by one at
    most. The order of pages, and of the versions on each, differs between listeners.

    Args:
        study: the study.
        number: number of earlier listeners; decides the random orders.
        seat: number of earlier seats, by default `number`; decides the sentences, the arm and the
            row of the Latin square.
    """
    seat = number if seat is None else seat
    listener = _Listener(
        study=study,
        arm=arm_of(study, seat),
        turn=seat // max(1, len(study.arms)),
        generator=random.Random(listener_seed(study, number)),
    )
    return listener.pages()


def latin_rows(size: int) -> int:
    """Return the number of rows of a Williams design of `size` conditions."""
    return size if size % 2 == 0 else 2 * size


def latin_row(size: int, row: int) -> list[int]:
    """Return a row of a Williams design (Williams 1949).

    Over all rows, each condition is equally often at each position and directly after each other
    condition.
    """
    rows = latin_rows(size)
    turn, mirrored = row % size, row % rows >= size
    zigzag = [(i + 1) // 2 if i % 2 else (size - i // 2) % size for i in range(size)]
    order = [(value + turn) % size for value in zigzag]
    return order[::-1] if mirrored else order


def deck(study: Study, index: int, arm: Arm) -> list[Item]:
    """Return all pages that a step can have, in their fixed shuffle."""
    step = study.sitting[index]
    assert isinstance(step, TrainingStep | TrialsStep)
    sentences = list(step.sentences or study.sentences)
    random.Random(f"deck:{study.seed}").shuffle(sentences)
    return _type(step, arm).items(study, step, sentences)


def pages_of(study: Study, step: TrialsStep, available: int) -> int:
    """Return the number of test pages of a listener in a step."""
    return min(step.pages or study.pages_per_listener, available)


def _type(step: TrainingStep | TrialsStep, arm: Arm) -> RatingType:
    return RATING_TYPES[arm.page or step.page]


@dataclass(frozen=True)
class _Listener:
    """Listener whose pages are allocated.

    Attributes:
        study: the study.
        arm: the listener's arm.
        turn: number of earlier seats in this arm.
        generator: random numbers of this listener.
    """

    study: Study
    arm: Arm
    turn: int
    generator: random.Random

    def pages(self) -> list[Page]:
        """Return all pages."""
        pages: list[Page] = []
        rated = self._rated()
        for i, step in enumerate(self.study.sitting):
            if isinstance(step, TrialsStep):
                pages += self._trials(i, step)
            elif isinstance(step, TrainingStep):
                pages += self._training(i, step, rated)
            else:
                pages.append(Page(step.type, i))
        return pages

    def _rated(self) -> set[str]:
        """Return the sentences on all pages but training pages."""
        rated = set()
        for i, step in enumerate(self.study.sitting):
            if isinstance(step, TrialsStep):
                rated |= {item.sentence for item, _ in self._dealt(i, step)}
                rated |= {gold.sentence for gold in step.gold}
        return rated

    def _dealt(self, index: int, step: TrialsStep) -> list[tuple[Item, int]]:
        """Return the listener's items of the deck, with Latin square rows.

        Rows take turns within each group of systems, and an item that recurs has another row;
        otherwise all listeners would have the same order for one sentence or one pair.
        """
        items = deck(self.study, index, self.arm)
        count = pages_of(self.study, step, len(items))
        group_sizes: Counter[tuple[str, ...]] = Counter()
        positions_in_group = []
        for item in items:
            positions_in_group.append(group_sizes[item.systems])
            group_sizes[item.systems] += 1
        dealt = []
        for dealt_before in range(self.turn * count, (self.turn + 1) * count):
            cycle, position = divmod(dealt_before, len(items))
            item = items[position]
            period = group_sizes[item.systems]
            count_before = cycle * period + positions_in_group[position]
            dealt.append((item, staggered(count_before, period, latin_rows(len(item.systems)))))
        return dealt

    def _trials(self, index: int, step: TrialsStep) -> list[Page]:
        dealt = self._dealt(index, step)
        pages = []
        for item, row in dealt:
            ordered = row if step.order == "latin_square" else None
            pages.append(self._page(index, step, item, ordered))
        self.generator.shuffle(pages)
        pages = _with_repeats(pages, step.repeats, self.generator)
        for page in self._attention_and_gold(index, step, [item for item, _ in dealt]):
            pages.insert(self.generator.randint(min(1, len(pages)), len(pages)), page)
        return pages

    def _attention_and_gold(
        self, index: int, step: TrialsStep, items: Sequence[Item]
    ) -> list[Page]:
        """Return attention and gold pages."""
        kind = _type(step, self.arm)
        pages = []
        for _ in range(step.attention):
            page = self._page(index, step, self.generator.choice(items))
            band = self.generator.randrange(5)
            expected = tuple(kind.instructed(band, len(page.slots)))
            asked = band if kind.scored else expected.index((1, 1))
            pages.append(replace(page, phase="gold", expected=expected, asked=asked))
        for gold in step.gold:
            # Its sentence need not be among the sentences of the step.
            for item in kind.items(self.study, step, [gold.sentence]):
                if set(gold.expect) <= set(item.systems):
                    page = self._page(index, step, item)
                    expected = tuple(gold.expect.get(system) for system in page.slots)
                    pages.append(replace(page, phase="gold", expected=expected))
                    break
        return pages

    def _training(self, index: int, step: TrainingStep, rated: set[str]) -> list[Page]:
        """Return training pages, first of sentences that the listener does not rate."""
        items = deck(self.study, index, self.arm)
        start = self.turn * step.pages
        turned = [items[(start + i) % len(items)] for i in range(len(items))]
        turned.sort(key=lambda item: item.sentence in rated)
        return [
            replace(self._page(index, step, item), phase="training")
            for item in turned[: step.pages]
        ]

    def _page(
        self, index: int, step: TrainingStep | TrialsStep, item: Item, row: int | None = None
    ) -> Page:
        systems = list(item.systems)
        if row is None:
            self.generator.shuffle(systems)
        else:
            systems = [systems[i] for i in latin_row(len(systems), row)]
        kind = _type(step, self.arm)
        return Page(
            kind=kind.name,
            step=index,
            sentence=item.sentence,
            slots=tuple(systems),
            question=step.question,
            scale=kind.scale,
        )


def _with_repeats(firsts: Sequence[Page], count: int, generator: random.Random) -> list[Page]:
    """Repeat random pages, `APART` pages later or more.

    If nearly all are repeated, the repeats follow after all pages, in the same order.
    """
    count = min(count, len(firsts))
    pages = list(firsts)
    early = pages[: max(0, len(pages) - APART + 1)]
    scattered = count <= len(early)
    for page in generator.sample(early, count) if scattered else firsts[:count]:
        slots = tuple(generator.sample(page.slots, len(page.slots)))
        again = replace(page, phase="repeat", repeat=1, slots=slots)
        soonest = pages.index(page) + APART if scattered else len(pages)
        pages.insert(generator.randint(soonest, len(pages)), again)
    return pages
