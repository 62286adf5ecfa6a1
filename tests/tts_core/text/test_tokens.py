"""The token layout that every model relies on."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts_core.text.tokens import (
    DURATION_GROUPS,
    PHONES,
    PUNCTUATION,
    TOKENS,
    duration_group,
    encode_words,
    punctuation_mark,
    token_id,
)
from tts_core.types import Word


def word(*phones: str) -> Word:
    return Word("x", "x", phones, "NN", "open", False, False, 0, 1)


def mark(text: str) -> Word:
    return Word(text, "", (), "PUNCT", "closed", False, True, 0, 1)


words = st.lists(st.sampled_from(PHONES), min_size=1, max_size=6).map(lambda phones: word(*phones))
marks = st.sampled_from(PUNCTUATION).map(mark)


def test_inventory_has_39_phones_with_three_stresses_on_vowels():
    assert TOKENS[0] == "<pad>"
    assert len(set(TOKENS)) == len(TOKENS) == 84
    assert len({phone.rstrip("012") for phone in PHONES}) == 39
    assert {"AH0", "AH1", "AH2", "ZH"} <= set(PHONES)


def test_layout_of_a_sentence():
    units = [word("HH", "AY1"), mark(","), word("B", "OY1"), word("G", "OW1"), mark(".")]
    tokens, owner = encode_words(units)
    symbols = [TOKENS[token] for token in tokens]
    assert symbols == ["<s>", "HH", "AY1", ",", "B", "OY1", "<wb>", "G", "OW1", ".", "</s>"]
    assert owner.tolist() == [0, 0, 0, 1, 2, 2, 2, 3, 3, 4, 4]


@given(st.lists(st.one_of(words, marks), min_size=1, max_size=20))
def test_every_token_has_one_unit_and_units_are_contiguous(units: list[Word]):
    tokens, owner = encode_words(units)
    assert tokens.shape == owner.shape
    assert set(np.diff(owner)) <= {0, 1}
    assert owner[0] == 0 and owner[-1] == len(units) - 1
    assert TOKENS[tokens[0]] == "<s>" and TOKENS[tokens[-1]] == "</s>"
    for unit, source in enumerate(units):
        own = [TOKENS[token] for token in tokens[owner == unit]]
        inner = [symbol for symbol in own if not symbol.startswith("<")]
        assert inner == ([source.text] if source.punctuation else list(source.phones))


@given(st.lists(st.one_of(words, marks), min_size=1, max_size=20))
def test_word_boundary_is_exactly_between_two_words(units: list[Word]):
    tokens, _ = encode_words(units)
    pairs = itertools.pairwise(units)
    expected = sum(not a.punctuation and not b.punctuation for a, b in pairs)
    assert (tokens == token_id("<wb>")).sum() == expected


def test_duration_groups_are_kathakas_three_modes():
    symbols = ["<s>", "AH0", "ZH", "<wb>", ",", '"', "</s>"]
    groups = duration_group(np.array([token_id(symbol) for symbol in symbols]))
    names = [DURATION_GROUPS[group] for group in groups]
    pause = "punctuation"
    assert names == [pause, "phone", "phone", "boundary", pause, pause, pause]


@pytest.mark.parametrize(
    ("written", "token"),
    [("—", "-"), ("–", "-"), ("…", "..."), ("....", "..."), ("“", '"'), ("[", "("), ("a", None)],
)
def test_written_marks_map_to_tokens(written: str, token: str | None):
    assert punctuation_mark(written) == token


def test_units_that_cannot_be_laid_out_are_refused():
    with pytest.raises(ValueError, match="no phones"):
        encode_words([word()])
    with pytest.raises(ValueError, match="no punctuation token"):
        encode_words([mark("*")])
    with pytest.raises(ValueError, match="at least one unit"):
        encode_words([])
