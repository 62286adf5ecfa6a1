"""Simulation of a study before launch: coverage, balance and expected precision.

Only the allocation of listeners who finish is simulated, not their ratings. Further listeners leave
at a random page; the next listener takes their seat, as in the running study.
"""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from intone.errors import UserError
from mushra_app.design.allocation import Page, allocate, arm_of, deck
from mushra_app.design.precision import Design, Expected, PrecisionOf, no_precision
from mushra_app.page_types import RATING_TYPES
from mushra_app.study.file import Study
from mushra_app.study.steps import (
    Arm,
    HeadphonesStep,
    PauseStep,
    QuestionsStep,
    TextStep,
    TrialsStep,
)

# The consent text of a new study assumes 1.5 minutes for a page of six versions.
SECONDS_A_VERSION = 15.0
_SECONDS = {"text": 60.0, "loudness": 30.0, "comments": 30.0}
_SECONDS_A_QUESTION, _SECONDS_A_ROUND = 10.0, 8.0

Pages = list[list[Page]]


@dataclass(frozen=True)
class Spread:
    """Minimum, median and maximum of a count."""

    min: float
    median: float
    max: float


@dataclass(frozen=True)
class Group:
    """Test pages of one step in one arm, of listeners who finish.

    Repeats and gold pages are not counted.

    Attributes:
        step: position in the study's sitting, from 1.
        arm: name of the arm.
        page: type of the pages.
        listeners: listeners who finish in this arm.
        pages: pages of this step that a listener rates for the first time.
        texts: texts that are heard, of `texts_in_all`.
        ratings: number of ratings by system (by pair for ab).
        cells: ratings of a system x text (pair x text).
        cells_with_left: the same, including the pages of listeners who left.
        positions: how often a system (of a pair, for ab) is at a position of the page, over
            all systems and positions; None for pages of one version.
        coverage: number of ratings by system (pair) and text.
        expected: precision of a difference of two systems; None without statistics or for
            the reason in `why_not`.
        same_texts: the same if all listeners heard the same `pages` texts.
        why_not: reason for the lack of a precision; None if there is one.
    """

    step: int
    arm: str
    page: str
    listeners: int
    pages: int
    texts: int
    texts_in_all: int
    ratings: dict[str, int]
    cells: Spread
    cells_with_left: Spread
    positions: Spread | None
    coverage: dict[str, dict[str, int]]
    expected: Expected | None
    same_texts: Expected | None
    why_not: str | None


@dataclass(frozen=True)
class Plan:
    """Result of a simulation.

    Attributes:
        study: name of the study.
        seed: seed of the drop-outs; the allocation has the study's seed.
        listeners: listeners who finish.
        left: listeners who leave before the end; only `cells_with_left` counts their ratings.
        arms: listeners who finish, by arm.
        pages: rating pages of a listener, with practice, repeats and gold.
        minutes: estimated length of a sitting without consent.
        groups: steps of trials, by arm.
        notes: sentences on possible mistakes in the study.
    """

    study: str
    seed: int
    listeners: int
    left: int
    arms: dict[str, int]
    pages: Spread
    minutes: Spread
    groups: list[Group]
    notes: list[str]


def plan(
    study: Study,
    listeners: int,
    dropout: float = 0.0,
    seed: int = 1,
    precision: PrecisionOf = no_precision,
) -> Plan:
    """Simulate the allocation of a study.

    Args:
        study: the study.
        listeners: number of listeners who finish.
        dropout: probability that a listener leaves before the end, at a random page.
        seed: decides who leaves.
        precision: expected precision of a design, from the statistics.

    Raises:
        UserError: no listeners, or a dropout outside 0 to 0.9.
    """
    if listeners < 1:
        raise UserError(f"--listeners {listeners}: a plan needs at least 1 listener")
    if not 0 <= dropout <= 0.9:
        raise UserError(f"--dropout {dropout:g}: give a probability from 0 to 0.9")
    finished, left = _crowd(study, listeners, dropout, random.Random(f"dropout:{seed}"))
    plans = [pages for arm_plans in finished.values() for pages in arm_plans]
    groups = [
        _group(study, i, arm, finished[arm.name], left[arm.name], precision)
        for i, step in enumerate(study.sitting)
        if isinstance(step, TrialsStep)
        for arm in _arms(study)
        if finished[arm.name]
    ]
    return Plan(
        study=study.name,
        seed=seed,
        listeners=listeners,
        left=sum(map(len, left.values())),
        arms={name: len(arm_plans) for name, arm_plans in finished.items()},
        pages=_spread(sum(p.kind in RATING_TYPES for p in pages) for pages in plans),
        minutes=_spread(round(minutes(study, pages), 1) for pages in plans),
        groups=groups,
        notes=_notes(study, plans, groups),
    )


def _crowd(
    study: Study, listeners: int, dropout: float, chance: random.Random
) -> tuple[dict[str, Pages], dict[str, Pages]]:
    """Return the pages of listeners who finish and who leave, by arm."""
    finished: dict[str, Pages] = {arm.name: [] for arm in _arms(study)}
    left: dict[str, Pages] = {arm.name: [] for arm in _arms(study)}
    number = 0
    for seat in range(listeners):
        arm = arm_of(study, seat).name
        while chance.random() < dropout:
            pages = allocate(study, number, seat)
            left[arm].append(pages[: chance.randrange(len(pages))])
            number += 1
        finished[arm].append(allocate(study, number, seat))
        number += 1
    return finished, left


def minutes(study: Study, pages: Iterable[Page]) -> float:
    """Estimate the length of a sitting.

    `SECONDS_A_VERSION` per version, a minute for a page to read.
    """
    seconds = 0.0
    for page in pages:
        step = study.sitting[page.step]
        if page.kind in RATING_TYPES:
            seconds += SECONDS_A_VERSION * len(page.slots)
        elif isinstance(step, TextStep) and step.text is not None:
            # Adults read some 240 words a minute silently (Brysbaert 2019).
            seconds += len(step.text.split()) / 4
        elif isinstance(step, QuestionsStep):
            seconds += _SECONDS_A_QUESTION * len(step.questions)
        elif isinstance(step, HeadphonesStep):
            seconds += _SECONDS_A_ROUND * step.rounds * (1 + (step.method == "both"))
        elif isinstance(step, PauseStep):
            seconds += 60 * step.minutes
        else:
            seconds += _SECONDS.get(page.kind, 0.0)
    return seconds / 60


def _arms(study: Study) -> list[Arm]:
    return list(study.arms) or [arm_of(study, 0)]


def _group(
    study: Study, index: int, arm: Arm, plans: Pages, left: Pages, precision: PrecisionOf
) -> Group:
    cards = deck(study, index, arm)
    pages = [p for listener in plans for p in listener if p.step == index and p.phase == "test"]
    kind = RATING_TYPES[pages[0].kind]
    texts = list(dict.fromkeys(c.sentence for c in cards))
    rows = {
        frozenset(c.systems): c.systems if kind.scored else (" / ".join(c.systems),) for c in cards
    }
    coverage = {row: dict.fromkeys(texts, 0) for group in rows.values() for row in group}
    _count(pages, rows, coverage)
    with_left = {row: dict(counts) for row, counts in coverage.items()}
    of_left = [p for listener in left for p in listener if p.step == index and p.phase == "test"]
    _count(of_left, rows, with_left)
    heard = len({page.sentence for page in pages})
    design = Design(len(plans), heard, len(pages) // len(plans))
    expected, same, why_not = _precision(design, kind.name, precision)
    return Group(
        step=index + 1,
        arm=arm.name,
        page=kind.name,
        listeners=design.listeners,
        pages=design.pages,
        texts=heard,
        texts_in_all=len(texts),
        ratings={row: sum(counts.values()) for row, counts in coverage.items()},
        cells=_spread(n for counts in coverage.values() for n in counts.values()),
        cells_with_left=_spread(n for counts in with_left.values() for n in counts.values()),
        positions=_positions(pages),
        coverage=coverage,
        expected=expected,
        same_texts=same,
        why_not=why_not,
    )


def _count(
    pages: list[Page],
    rows: dict[frozenset[str], tuple[str, ...]],
    coverage: dict[str, dict[str, int]],
) -> None:
    for page in pages:
        for row in rows[frozenset(page.slots)]:
            coverage[row][page.sentence] += 1


def _precision(
    design: Design, kind: str, precision: PrecisionOf
) -> tuple[Expected | None, Expected | None, str | None]:
    """Return the precision, that with equal texts, and a reason for None."""
    if kind not in ("mushra", "mushra_nmr"):
        return None, None, f"no variance of {kind} pages is published; run a pilot"
    if min(design.listeners, design.texts) < 2:
        return None, None, "at least 2 listeners and 2 texts are needed"
    expected = precision(design)
    if expected is None:
        return None, None, "statistics not installed"
    if design.pages < 2:
        return expected, None, None
    return expected, precision(Design(design.listeners, design.pages, design.pages)), None


def _positions(pages: list[Page]) -> Spread | None:
    """Count positions per group of systems; groups may differ in pages."""
    counter: Counter[tuple[frozenset[str], str, int]] = Counter()
    for page in pages:
        counter.update((frozenset(page.slots), s, i) for i, s in enumerate(page.slots))
    shown = {frozenset(page.slots) for page in pages}
    counts = [counter[g, s, i] for g in shown for s in g for i in range(len(g))]
    return _spread(counts) if len(pages[0].slots) > 1 else None


def _notes(study: Study, plans: Pages, groups: list[Group]) -> list[str]:
    notes = []
    for group in groups:
        where = f"Step {group.step}, arm {group.arm}" if study.arms else f"Step {group.step}"
        if group.texts < group.texts_in_all:
            notes.append(
                f"{where}: {group.texts_in_all - group.texts} of {group.texts_in_all} texts are "
                "not heard by any listener; invite more listeners or list fewer sentences."
            )
        elif group.cells.min == 0:
            notes.append(
                f"{where}: some texts are not heard from every system; invite more listeners."
            )
    gold = sum(len(s.gold) + s.attention for s in study.sitting if isinstance(s, TrialsStep))
    if any(sum(p.phase == "gold" for p in pages) < gold for pages in plans):
        notes.append(
            "A gold page is left out: no page of its type shows all systems in its `expect`; "
            "correct it."
        )
    return notes


def _spread(counts: Iterable[float]) -> Spread:
    values = list(counts)
    return Spread(min(values), median(values), max(values))
