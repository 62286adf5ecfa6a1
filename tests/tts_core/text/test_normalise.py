"""Spoken form of written text."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intone.errors import UserError
from tts_core.text.normalise import normalise
from tts_core.text.pronounce import Pronouncer

READINGS = [
    tuple(line.replace("\\u0301", "\u0301").replace("\\u0323", "\u0323").split("\t"))
    for line in Path(__file__).with_name("readings.tsv").read_text("utf-8").splitlines()
    if not line.startswith("# ")
]


def spoken(text: str, pronouncer: Pronouncer) -> str:
    units = normalise(text, pronouncer.known)
    return " ".join(unit.spoken or unit.text for unit in units)


@pytest.mark.parametrize(("category", "written", "said"), READINGS)
def test_reading(category: str, written: str, said: str, pronouncer: Pronouncer):
    assert spoken(written, pronouncer) == said, category


def test_a_written_word_is_one_unit():
    text = "Dr. O'Neil’s well-known $3.50 offer: call (555) 123-4567"
    units = normalise(text)
    assert [unit.text for unit in units] == [
        *("Dr.", "O'Neil’s", "well-known", "$3.50", "offer", ":", "call", "(555) 123-4567"),
    ]
    assert units[1].plain == "O'Neil's"


def test_spans_count_characters_of_the_text_as_written():
    text = "\ufeffThe cafe\u0301 “isn’t” co\u00adop 👩🏽‍🔬 ﬁne\u00a0!"
    units = normalise(text)
    assert [text[unit.start : unit.end] for unit in units] == [
        *("The", "cafe\u0301", "“", "isn’t", "”", "co\u00adop", "ﬁne", "!"),
    ]
    plain = [unit.plain for unit in units]
    assert plain == ["The", "café", "“", "isn't", "”", "coop", "fine", "!"]


@pytest.mark.parametrize("text", ["", "  \n", "...", "?!", "😀", "***"])
def test_text_without_words_is_refused(text: str):
    with pytest.raises(UserError, match=r"empty|no words"):
        normalise(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [("the word мир", "cyrillic"), ("a 犬", "cjk"), ("schwa ə", "schwa"), ("λόγος", "greek")],
)
def test_letters_without_english_reading_are_refused_by_name(text: str, name: str):
    with pytest.raises(UserError, match=name):
        normalise(text)


def test_word_of_user_lexicon_is_pronounced_as_written():
    units = normalise("The gif of AT&T", from_user={"gif", "at&t"}.__contains__)
    assert [unit.spoken_words for unit in units] == [("the",), ("gif",), ("of",), ("at&t",)]


MESSY = st.one_of(
    st.text(max_size=40),
    st.text(st.characters(max_codepoint=0x24F), max_size=40),
    st.text(st.sampled_from("0123456789.,:/-–$£%'°½²³#@&~ aAiIvVxXsStT()+=_”’\u0301"), max_size=25),
)


@given(MESSY)
def test_no_letter_or_digit_is_dropped(text: str):
    """Every letter and digit of an accepted text is spoken."""
    try:
        units = normalise(text)
    except UserError:
        return
    said = {i for unit in units if unit.spoken_words for i in range(unit.start, unit.end)}
    written = {i for i, char in enumerate(text) if unicodedata.category(char) in ("Ll", "Lu", "Nd")}
    assert written <= said
    assert not set("".join(unit.spoken for unit in units)) - set("abcdefghijklmnopqrstuvwxyz' ")
    for unit in units:
        if any(char.isalnum() for char in unit.plain):
            assert any(word.strip(".'") for word in unit.spoken_words)
