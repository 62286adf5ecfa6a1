"""Every layer of a sentence agrees on the spans of its words."""

import random
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from intone.errors import UserError
from tts_core.text.analyse import Frontend
from tts_core.text.tokens import TOKENS, punctuation_mark
from tts_core.types import Sentence

WORDS = [
    *("the", "don’t", "O'Neil's", "well-known", "$3.50", "e\u0301te\u0301", "U.S.", "Dr."),
    *("(555)", "123-4567", "😀", "👩🏽‍🔬", "“quoted”", "—", "...", "?!", "rock 'n' roll", "a@b.co"),
    *("naïve", "1/2", "MMXX", "#1", "°", "x²", "\u00ad", "\u200b", "\t", "\u00a0", "[", ")", "‘"),
    *("'90s", "ﬁ"),
]
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=12).map("".join),
)
LONG = "The old dog, who doesn't bark, saw 3 cats near Mr. Lee's well-known shop today. "


def span_of(owners: np.ndarray, unit: int) -> slice:
    members = np.flatnonzero(owners == unit)
    return slice(int(members[0]), int(members[-1]) + 1)


def assert_spans_agree(sentence: Sentence) -> None:
    text, words, encoded = sentence.text, sentence.words, sentence.encoded
    assert words
    ends = [0, *(word.end for word in words)]
    for before, word in zip(ends, words, strict=False):
        assert before <= word.start < word.end
        assert word.text == text[word.start : word.end]
        assert word.punctuation == (not word.phones) == (not word.spoken)

    spans = [span_of(encoded.token_unit, unit) for unit in range(len(words))]
    assert [span.start for span in spans] == [0, *(span.stop for span in spans[:-1])]
    assert spans[-1].stop == len(encoded.tokens)
    for unit, (word, span) in enumerate(zip(words, spans, strict=True)):
        symbols = [TOKENS[token] for token in encoded.tokens[span]]
        own = [s for s in symbols if s not in ("<s>", "</s>", "<wb>")]
        assert len(own) == 1 if word.punctuation else tuple(own) == word.phones
        assert ("<s>" in symbols, "</s>" in symbols) == (unit == 0, unit == len(words) - 1)
        assert (encoded.token_unit[span] == unit).all()
        assert (encoded.piece_unit[span_of(encoded.piece_unit, unit)] == unit).all()
    assert set(encoded.piece_unit[encoded.piece_unit >= 0]) == set(range(len(words)))

    spoken = [unit for unit, word in enumerate(words) if not word.punctuation]
    assert np.flatnonzero(encoded.punctuation == 0).tolist() == spoken
    assert len(encoded.leaves) == len(spoken)
    tags = re.findall(r"\((\S+) [^\s()]+\)", sentence.tree)
    assert tags == [words[unit].pos for unit in spoken]


@given(TEXTS)
@example("")
@example("'")
@example("a")
@example("no.\u00ad.")
@example("one，two．")
@example("go!\u0301")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_spans_agree_on_any_text_that_is_not_refused(rules: Frontend, text: str):
    try:
        sentence = rules.analyse(text)
    except UserError as error:
        assert str(error) and "\n" not in str(error)
        return
    assert_spans_agree(sentence)


@pytest.mark.parametrize("kind", ["frontend", "rules"])
def test_spans_agree_on_five_hundred_words(kind: str, request: pytest.FixtureRequest):
    frontend = request.getfixturevalue(kind)
    sentence = frontend.analyse(LONG * 36)
    assert sum(not word.punctuation for word in sentence.words) >= 500
    assert_spans_agree(sentence)


def test_spans_agree_on_five_hundred_words_without_a_full_stop(rules: Frontend):
    words = random.Random(0).choices(["the", "dog", "saw", "a", "cat", "and", "ran"], k=500)
    assert_spans_agree(rules.analyse(" ".join(words)))


def test_a_word_leads_to_its_phones_pieces_and_leaf(frontend: Frontend):
    sentence = frontend.analyse("Well, the “unbelievable” dog's £5!")
    unit = next(i for i, word in enumerate(sentence.words) if word.text == "unbelievable")
    assert sentence.text[sentence.words[unit].start - 1] == "“"
    tokens = sentence.encoded.tokens[sentence.encoded.token_unit == unit]
    assert tuple(TOKENS[token] for token in tokens) == sentence.words[unit].phones
    assert (sentence.encoded.piece_unit == unit).any()
    assert not set(sentence.encoded.leaves) & set(sentence.encoded.node_parents)
    assert sentence.words[1].punctuation and punctuation_mark(sentence.words[1].text) == ","
