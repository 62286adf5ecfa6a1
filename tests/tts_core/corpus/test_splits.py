import random
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intone.errors import UserError
from tts_core.corpus.sources import read_corpus
from tts_core.corpus.splits import SPLITS, groups, split
from tts_core.text.plain import normalised
from tts_core.types import Recording

rows = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from(["One.", "one", "Two?", "two", "", "Three"])),
    min_size=1,
    max_size=40,
)


def recordings(pairs) -> list[Recording]:
    return [
        Recording(f"u{index}", f"s{sentence}", text, "", "anna")
        for index, (sentence, text) in enumerate(pairs)
    ]


@given(rows, st.integers(0, 5))
def test_no_sentence_or_text_is_in_two_splits(pairs, seed):
    found = recordings(pairs)
    side = split(found, seed)
    assert set(side) == {r.utterance for r in found}
    for one in found:
        for other in found:
            same_text = normalised(one.text) and normalised(one.text) == normalised(other.text)
            if one.sentence == other.sentence or same_text:
                assert side[one.utterance] == side[other.utterance]


@given(rows, st.integers(0, 5), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(pairs, seed, shuffler: random.Random):
    found = recordings(pairs)
    mixed = found.copy()
    shuffler.shuffle(mixed)
    assert split(mixed, seed) == split(found, seed)


@settings(max_examples=20)
@given(st.integers(3, 400), st.integers(0, 100))
def test_shares_are_kept_and_no_side_is_empty(n, seed):
    found = [Recording(f"u{i}", f"s{i}", f"word {i}", "", "anna") for i in range(n)]
    sides = list(split(found, seed).values())
    counts = {name: sides.count(name) for name in SPLITS}
    assert min(counts.values()) >= 1
    assert abs(counts["test"] - 0.10 * n) <= 1
    assert abs(counts["validation"] - 0.05 * n) <= 1


@settings(max_examples=30, deadline=None)
@given(st.integers(3, 300), st.integers(1, 5), st.integers(0, 100))
def test_growth_moves_few(n, more, seed):
    found = [Recording(f"u{i}", f"s{i}", f"word {i}", "", "anna") for i in range(n + more)]
    before, after = split(found[:n], seed), split(found, seed)
    assert sum(before[u] != after[u] for u in before) <= 3 * more


@given(rows, st.integers(0, 5), st.data())
def test_a_split_that_the_corpus_brings_is_taken_or_refused_as_a_whole(pairs, seed, data):
    sides = data.draw(
        st.lists(st.sampled_from(SPLITS), min_size=len(pairs), max_size=len(pairs)), "sides"
    )
    found = [replace(r, split=side) for r, side in zip(recordings(pairs), sides, strict=True)]
    group = groups(found)
    crossing = {
        g for g in group.values() if len({r.split for r in found if group[r.utterance] == g}) > 1
    }
    if not crossing:
        assert split(found, seed) == {r.utterance: r.split for r in found}
        return
    with pytest.raises(UserError, match=r"splits\.csv puts (u\d+) in .* and (u\d+) in ") as refusal:
        split(found, seed)
    one, other = re.findall(r"\b(u\d+) in ", str(refusal.value))
    assert group[one] == group[other]


def test_connection_is_transitive():
    found = recordings([(1, "One."), (2, "one"), (2, "Two?"), (3, "two!"), (4, "Three")])
    group = groups(found)
    assert len({group[f"u{i}"] for i in range(4)}) == 1
    assert group["u4"] != group["u0"]


def test_seeds_differ():
    found = recordings([(i, f"word {i}") for i in range(50)])
    assert split(found, 0) != split(found, 1)


def test_the_human_corpus_with_one_text_under_two_ids(kathleen):
    _, found = read_corpus(kathleen)
    side = split(found)
    ids_of: dict[str, set[str]] = {}
    for r in found:
        ids_of.setdefault(normalised(r.text), set()).add(r.sentence)
    shared = [text for text, ids in ids_of.items() if len(ids) > 1]
    assert shared
    for text in shared:
        assert len({side[r.utterance] for r in found if normalised(r.text) == text}) == 1
