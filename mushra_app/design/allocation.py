"""Who hears what, in which order: decided by the study's seed and the listener's place alone."""

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
_NOBODY = Arm(name="main", page=None)
# A repeat comes that many pages after its first: nearer, listeners remember what they answered.
APART = 3


@dataclass(frozen=True)
class Page:
    """One page of one listener.

    Attributes:
        kind: type of the page.
        step: position of its step in the study's sitting, from 0.
        phase: training, test, gold or repeat; test for pages without ratings.
        repeat: 0 for the first time that this page comes.
        sentence: what is said; empty for a page without ratings.
        slots: the system behind each slot.
        question: what is rated, if not the study's question.
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
    """Seed (31 bits) of the listener who came as `number`-th, counted from 0."""
    digest = hashlib.sha256(f"{study.seed}:{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def arm_of(study: Study, place: int) -> Arm:
    """The arm of a place: of as many places in a row as there are arms, each has another."""
    if not study.arms:
        return _NOBODY
    turn, own = divmod(place, len(study.arms))
    arms = list(study.arms)
    random.Random(f"arms:{study.seed}:{turn}").shuffle(arms)
    return arms[own]


def allocate(study: Study, number: int, place: int | None = None) -> list[Page]:
    """Pages of a listener.

    Pages take turns: who stands at a place starts where the place before stopped in one fixed
    shuffle of all pages, so that after any number of places no page was rated more than once more
    than another. The order of pages, and of the versions on each, is the listener's own.

    Args:
        study: the study.
        number: how many listeners came before; decides the random orders.
        place: how many places were given out before, by default `number`; decides the sentences.
    """
    place = number if place is None else place
    arm = arm_of(study, place)
    turn = place // max(1, len(study.arms))
    generator = random.Random(listener_seed(study, number))
    pages: list[Page] = []
    rated = _rated(study, arm, turn)
    for i, step in enumerate(study.sitting):
        if isinstance(step, TrialsStep):
            pages += _trials(study, i, step, arm, turn, generator)
        elif isinstance(step, TrainingStep):
            pages += _training(study, i, step, arm, turn, generator, rated)
        else:
            pages.append(Page(step.type, i))
    return pages


def latin_rows(size: int) -> int:
    """How many rows a Williams design of `size` things has."""
    return size if size % 2 == 0 else 2 * size


def latin_row(size: int, row: int) -> list[int]:
    """Row of a Williams design: over all rows, everything stands equally often in each position
    and directly after each other thing (Williams 1949)."""
    rows = latin_rows(size)
    turn, mirrored = row % size, row % rows >= size
    zigzag = [(i + 1) // 2 if i % 2 else (size - i // 2) % size for i in range(size)]
    order = [(value + turn) % size for value in zigzag]
    return order[::-1] if mirrored else order


def deck(study: Study, index: int, arm: Arm) -> list[Item]:
    """All pages that a step can have, in the fixed shuffle in which listeners go through them."""
    step = study.sitting[index]
    assert isinstance(step, TrainingStep | TrialsStep)
    sentences = list(step.sentences or study.sentences)
    random.Random(f"deck:{study.seed}").shuffle(sentences)
    return _type(step, arm).items(study, step, sentences)


def pages_of(study: Study, step: TrialsStep, available: int) -> int:
    """How many pages a listener rates for the first time in a step."""
    return min(step.pages or study.pages_per_listener, available)


def _type(step: TrainingStep | TrialsStep, arm: Arm) -> RatingType:
    return RATING_TYPES[arm.page or step.page]


def _rated(study: Study, arm: Arm, turn: int) -> set[str]:
    """Sentences on any page of a listener that counts or is checked."""
    rated = set()
    for i, step in enumerate(study.sitting):
        if isinstance(step, TrialsStep):
            rated |= {item.sentence for item, _ in _own(study, i, step, arm, turn)}
            rated |= {gold.sentence for gold in step.gold}
    return rated


def _own(study: Study, index: int, step: TrialsStep, arm: Arm, turn: int) -> list[tuple[Item, int]]:
    """The stretch of the deck that belongs to a listener of one arm.

    Beside each card stands its row of the Latin square. Rows take turns within each group of
    systems, and a card that comes back has another row; else one sentence, or one pair, would be
    met in the same order by all listeners.
    """
    cards = deck(study, index, arm)
    count = pages_of(study, step, len(cards))
    alike: Counter[tuple[str, ...]] = Counter()
    before = []
    for card in cards:
        before.append(alike[card.systems])
        alike[card.systems] += 1
    own = []
    for at in range(turn * count, (turn + 1) * count):
        time, position = divmod(at, len(cards))
        item = cards[position]
        period = alike[item.systems]
        met = time * period + before[position]
        own.append((item, staggered(met, period, latin_rows(len(item.systems)))))
    return own


def _trials(
    study: Study, index: int, step: TrialsStep, arm: Arm, turn: int, generator: random.Random
) -> list[Page]:
    own = _own(study, index, step, arm, turn)
    kind = _type(step, arm)
    pages = []
    for item, row in own:
        ordered = row if step.order == "latin_square" else None
        pages.append(_page(kind, index, step, item, generator, ordered))
    generator.shuffle(pages)
    pages = _with_repeats(pages, step.repeats, generator)
    for page in _known(study, index, step, kind, [item for item, _ in own], generator):
        pages.insert(generator.randint(min(1, len(pages)), len(pages)), page)
    return pages


def _with_repeats(firsts: Sequence[Page], count: int, generator: random.Random) -> list[Page]:
    """Pages in random order, and some of them once more, `APART` pages or more after their first.

    If nearly all come twice, the repeats follow after everything else in the order of the firsts.
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


def _known(
    study: Study,
    index: int,
    step: TrialsStep,
    kind: RatingType,
    own: Sequence[Item],
    generator: random.Random,
) -> list[Page]:
    """Attention and gold pages."""
    pages = []
    for _ in range(step.attention):
        page = _page(kind, index, step, generator.choice(own), generator)
        band = generator.randrange(5)
        expected = tuple(kind.instructed(band, len(page.slots)))
        asked = band if kind.scored else expected.index((1, 1))
        pages.append(replace(page, phase="gold", expected=expected, asked=asked))
    for gold in step.gold:
        # Its sentence need not be one of those that the step has listeners rate.
        for item in kind.items(study, step, [gold.sentence]):
            if set(gold.expect) <= set(item.systems):
                page = _page(kind, index, step, item, generator)
                expected = tuple(gold.expect.get(system) for system in page.slots)
                pages.append(replace(page, phase="gold", expected=expected))
                break
    return pages


def _training(
    study: Study,
    index: int,
    step: TrainingStep,
    arm: Arm,
    turn: int,
    generator: random.Random,
    rated: set[str],
) -> list[Page]:
    """Pages to practise on: of sentences that the listener does not rate, as long as there are."""
    cards = deck(study, index, arm)
    start = turn * step.pages
    turned = [cards[(start + i) % len(cards)] for i in range(len(cards))]
    turned.sort(key=lambda item: item.sentence in rated)
    kind = _type(step, arm)
    return [
        replace(_page(kind, index, step, item, generator), phase="training")
        for item in turned[: step.pages]
    ]


def _page(
    kind: RatingType,
    index: int,
    step: TrainingStep | TrialsStep,
    item: Item,
    generator: random.Random,
    row: int | None = None,
) -> Page:
    systems = list(item.systems)
    if row is None:
        generator.shuffle(systems)
    else:
        systems = [systems[i] for i in latin_row(len(systems), row)]
    return Page(
        kind=kind.name,
        step=index,
        sentence=item.sentence,
        slots=tuple(systems),
        question=step.question,
        scale=kind.scale,
    )
