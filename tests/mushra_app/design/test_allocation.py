"""Allocation: equal coverage, balanced orders, correct checks, repeatable."""

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mushra_app.design.allocation import APART, allocate, arm_of, deck, latin_row, latin_rows
from mushra_app.page_types import RATING_TYPES
from mushra_app.page_types.base import crossed
from mushra_app.study.file import conditions
from tests.mushra_app.plans import ARMS, KINDS, cell, even, make, rated, score, studies


@given(studies(), st.integers(1, 40))
def test_coverage_is_even_after_any_number_of_listeners(study, listeners):
    """Cells: system x text (acr), pair x text (ab), text (mushra)."""
    heard = {arm.name: Counter() for arm in study.arms} or {"main": Counter()}
    alone = {name: Counter() for name in heard}
    for seat in range(listeners):
        arm = arm_of(study, seat)
        pages = rated(study, seat)
        assert len({cell(p) for p in pages}) == len(pages)
        assert len({p.sentence for p in pages}) == len(pages), "a text twice for one listener"
        heard[arm.name].update(map(cell, pages))
        alone[arm.name].update(frozenset(p.slots) for p in pages)
        cells = {(i.sentence, frozenset(i.systems)) for i in deck(study, 0, arm)}
        assert set(heard[arm.name]) <= cells
        assert even(heard[arm.name], cells)
        assert even(alone[arm.name], {systems for _, systems in cells})


@pytest.mark.parametrize(("kind", "groups"), [("mushra", 1), ("acr", 5), ("ab", 3)])
def test_content_of_a_page_depends_on_its_type(kind, groups):
    study = make(sentences=7, pages=7, page=kind)
    cards = deck(study, 0, arm_of(study, 0))
    assert len(cards) == len(set(cards)) == 7 * groups
    size = {"mushra": len(conditions(study)), "acr": 1, "ab": 2}[kind]
    assert all(len(page.slots) == size for page in rated(study, 0))


@given(st.integers(1, 12), st.integers(1, 8), st.data())
def test_any_stretch_of_crossed_pages_is_balanced(sentences, groups, data):
    names, systems = [f"s{i}" for i in range(sentences)], [(f"x{i}",) for i in range(groups)]
    items = crossed(names, systems)
    assert len(set(items)) == len(items) == sentences * groups
    start = data.draw(st.integers(0, len(items) - 1))
    length = data.draw(st.integers(1, len(items)))
    stretch = [items[(start + i) % len(items)] for i in range(length)]
    assert even(Counter(i.sentence for i in stretch), names)
    assert even(Counter(i.systems for i in items[:length]), systems)
    counts = Counter(i.systems for i in stretch)
    assert max(counts.values()) - min(counts[s] for s in systems) <= 2


@pytest.mark.parametrize("size", range(1, 10))
def test_a_williams_design_balances_positions_and_neighbours(size):
    rows = [latin_row(size, row) for row in range(latin_rows(size))]
    assert all(sorted(row) == list(range(size)) for row in rows)
    for position in range(size):
        assert len(set(Counter(row[position] for row in rows).values())) == 1
    after = Counter(pair for row in rows for pair in itertools.pairwise(row))
    assert len(after) == size * (size - 1)
    assert len(set(after.values())) <= 1


@given(studies(order="latin_square"), st.integers(1, 60))
def test_rows_of_the_square_take_turns_within_each_text_and_each_pair(study, listeners):
    """Otherwise all listeners might hear a text in the same order."""
    rows, groups = {}, {}
    for seat in range(listeners):
        arm = arm_of(study, seat)
        for page in rated(study, seat):
            rows.setdefault((arm.name, cell(page)), Counter())[page.slots] += 1
            groups.setdefault((arm.name, frozenset(page.slots)), Counter())[page.slots] += 1
    for counts in [*rows.values(), *groups.values()]:
        size = len(next(iter(counts)))
        missing = latin_rows(size) > len(counts) and size > 1
        assert max(counts.values()) - (0 if missing else min(counts.values())) <= 1


def test_a_random_order_belongs_to_the_listener():
    study = make(sentences=7, systems=3, pages=3)
    assert allocate(study, 4) == allocate(study, 4)
    orders = {page.slots for n in range(40) for page in allocate(study, n)}
    assert len(orders) > 80
    assert all(sorted(order) == sorted(conditions(study)) for order in orders)
    first = Counter(page.slots[0] for n in range(400) for page in allocate(study, n))
    # 1,200 pages, 6 versions: 200 +- 13 (binomial) each.
    assert all(140 < first[system] < 260 for system in conditions(study))


@given(studies(repeats=1, attention=1), st.integers(0, 50), st.integers(0, 50))
def test_seed_number_and_seat_decide_a_plan(study, number, seat):
    assert allocate(study, number, seat) == allocate(study, number, seat)
    assert allocate(study, seat) == allocate(study, seat, seat)
    cells, others = (set(map(cell, rated(study, n, seat))) for n in (number, number + 1))
    assert cells == others, "the seat decides the cells"


def test_another_seed_is_another_plan():
    plans = {tuple(allocate(make(sentences=9, pages=4, seed=seed), 0)) for seed in range(20)}
    assert len(plans) == 20
    blocks = {
        tuple(arm_of(make(arms=ARMS, seed=seed), seat).name for seat in range(12))
        for seed in range(20)
    }
    assert len(blocks) == 20


@given(st.integers(0, 99), st.integers(2, 5), st.integers(0, 30))
def test_arms_come_in_shuffled_blocks(seed, arms, block):
    study = make(arms=[None] * arms, seed=seed)
    names = [arm_of(study, arms * block + i).name for i in range(arms)]
    assert sorted(names) == sorted(arm.name for arm in study.arms)


def test_blocks_of_arms_differ():
    study = make(arms=[None] * 3)
    blocks = {tuple(arm_of(study, 3 * b + i).name for i in range(3)) for b in range(60)}
    assert len(blocks) == 6


@given(
    st.integers(1, 8),
    st.integers(1, 8),
    st.integers(1, 4),
    st.integers(0, 40),
    st.sampled_from(KINDS),
)
def test_practice_is_on_texts_that_are_not_rated_if_there_are_any(
    sentences, pages, practice, number, kind
):
    gold = [{"sentence": "s00", "expect": {"ref": (1, 1)}}]
    study = make(
        sentences=sentences, pages=pages, training={"pages": practice}, page=kind, gold=gold
    )
    plan = allocate(study, number)
    practised = [p.sentence for p in plan if p.phase == "training"]
    judged = {p.sentence for p in plan if p.phase in ("test", "gold")}
    groups = len(deck(study, 0, arm_of(study, number))) // sentences
    free = (sentences - len(judged)) * groups
    assert len(practised) == min(practice, sentences * groups)
    assert sum(s in judged for s in practised) == max(0, len(practised) - free)
    assert [p.phase for p in plan[: len(practised)]] == ["training"] * len(practised)


@given(st.integers(1, 12), st.data(), st.integers(0, 40), st.sampled_from(KINDS))
def test_repeats_come_pages_after_their_first(pages, data, number, kind):
    repeats = data.draw(st.integers(0, pages))
    study = make(sentences=12, pages=pages, repeats=repeats, attention=2, page=kind)
    plan = allocate(study, number)
    again = [p for p in plan if p.phase == "repeat"]
    assert len({cell(p) for p in again}) == len(again) == repeats
    for page in again:
        first = next(p for p in plan if p.phase == "test" and cell(p) == cell(page))
        assert plan.index(page) - plan.index(first) >= min(APART, pages)
        assert (page.repeat, first.repeat) == (1, 0)


def test_any_page_may_be_repeated_anywhere():
    study = make(sentences=8, pages=8, repeats=2)
    plans = [allocate(study, n) for n in range(300)]
    repeated = Counter(p.sentence for plan in plans for p in plan if p.phase == "repeat")
    assert min(repeated[s] for s in study.sentences) > 40
    gaps = Counter(
        plan.index(p) - next(i for i, q in enumerate(plan) if cell(q) == cell(p))
        for plan in plans
        for p in plan
        if p.phase == "repeat"
    )
    assert set(gaps) == set(range(APART, 10))


@given(studies(attention=3), st.integers(0, 60))
def test_attention_pages_ask_for_what_passes(study, number):
    plan = allocate(study, number)
    assert plan[0].phase == "test"
    checks = [p for p in plan if p.phase == "gold"]
    assert len(checks) == 3
    for page in checks:
        kind = RATING_TYPES[page.kind]
        assert page.asked is not None and page.expected is not None
        assert page.sentence in {p.sentence for p in plan if p.phase == "test"}
        if not kind.scored:
            asked, other = ("first", "second") if page.asked == 0 else ("second", "first")
            assert kind.passes(page.expected, {}, asked)
            assert not kind.passes(page.expected, {}, other)
            assert not kind.passes(page.expected, {}, "none")
            continue
        low, high = page.scale
        for share in (0.1, 0.3, 0.5, 0.7, 0.9):
            value = round(low + share * (high - low)) if high == 100 else 1 + int(5 * share)
            scores = {i: score(value) for i in range(len(page.slots))}
            assert kind.passes(page.expected, scores, None) == (int(5 * share) == page.asked)


@pytest.mark.parametrize("kind", ["mushra", "mushra_nmr", "acr"])
@pytest.mark.parametrize("sentences", [None, ["s01", "s02"]])
def test_a_gold_page_expects_its_answer_of_the_right_slot(kind, sentences):
    """The text need not be among the rated texts of the step."""
    gold = [{"sentence": "s00", "expect": {"x1": (0, 2)}}]
    study = make(texts=sentences, sentences=5, pages=2, page=kind, gold=gold)
    slots = set()
    for number in range(30):
        plan = allocate(study, number)
        assert plan[0].phase == "test"
        (page,) = [p for p in plan if p.phase == "gold"]
        assert page.sentence == "s00" and page.asked is None and page.expected is not None
        at = page.slots.index("x1")
        assert page.expected == tuple((0, 2) if i == at else None for i in range(len(page.slots)))
        scores = {i: score(5) for i in range(len(page.slots))}
        assert not RATING_TYPES[kind].passes(page.expected, scores, None)
        assert RATING_TYPES[kind].passes(page.expected, {**scores, at: score(1)}, None)
        slots.add(at)
    assert slots == set(range(len(page.slots)))


@pytest.mark.parametrize("expect", [{"x0": (1, 1)}, {"x1": (0, 0)}, {"x0": (1, 1), "x1": (0, 0)}])
def test_a_gold_pair_expects_the_same_system_whichever_comes_first(expect):
    gold = [{"sentence": "s00", "expect": expect}]
    study = make(page="ab", pairs=[("x0", "x1")], gold=gold)
    firsts = set()
    for number in range(20):
        (page,) = [p for p in allocate(study, number) if p.phase == "gold"]
        right = "first" if page.slots[0] == "x0" else "second"
        assert page.expected is not None
        for choice in ("first", "second", "none"):
            assert RATING_TYPES["ab"].passes(page.expected, {}, choice) == (choice == right)
        firsts.add(right)
    assert firsts == {"first", "second"}
