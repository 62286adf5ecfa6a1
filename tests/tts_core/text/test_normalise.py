"""What is said for what is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intone.errors import UserError
from tts_core.text.normalise import normalise

WORDS = {"nasa", "us", "hello", "ai"}


def spoken(text: str) -> str:
    units = normalise(text, WORDS.__contains__)
    return " ".join(unit.spoken or unit.text for unit in units)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("It cost $3.50.", "it cost three dollars and fifty cents ."),
        ("$1, £2.01 and €0.05", "one dollar , two pounds and one penny and five cents"),
        ("$3 million", "three million dollars"),
        ("$2.5bn", "two point five billion dollars"),
        (
            "1,234,567 dogs",
            "one million two hundred thirty four thousand five hundred sixty seven dogs",
        ),
        ("in 1905", "in nineteen oh five"),
        ("in 2000, 2005, 2020", "in two thousand , two thousand five , twenty twenty"),
        ("1900 to 1066", "nineteen hundred to one thousand sixty six"),
        ("the 1990s and the '60s", "the nineteen nineties and the sixties"),
        ("1990–1995", "nineteen ninety to nineteen ninety five"),
        ("the 21st, 2nd, 100th", "the twenty first , second , one hundredth"),
        ("March 3, 2020", "march third , twenty twenty"),
        ("12/25/2020", "december twenty fifth twenty twenty"),
        ("2020-12-25", "december twenty fifth twenty twenty"),
        ("10:30, 10:00, 9:05 p.m.", "ten thirty , ten o'clock , nine oh five p m ."),
        ("5pm", "five p m"),
        ("3.14% of -5", "three point one four percent of minus five"),
        ("-5°C", "minus five degrees celsius"),
        ("1 km, 5km, 60 mph", "one kilometer , five kilometers , sixty miles per hour"),
        ("2 lbs. of tea", "two pounds of tea"),
        ("3/4, 1/2, 9/11, 24/7", "three quarters , one half , nine eleven , twenty four seven"),
        ("the 10-year-old and 1st-class", "the ten year old and first class"),
        ("5'10\" in the '98 final", "five foot ten in the ninety eight final"),
        ("2½ cups", "two and one half cups"),
        ("007 or 555-1234", "zero zero seven or five five five one two three four"),
        ("No. 5 and #7", "number five and number seven"),
        ("No. I won't.", "no . i won't ."),
        ("Dr. Ray of 5 Oak Dr.", "doctor ray of five oak drive ."),
        ("St. Paul on Main St.", "saint paul on main street ."),
        ("Mr. and Mrs. Lee, etc.", "mister and missus lee , et cetera ."),
        ("cats, e.g. lions, i.e. big", "cats , for example lions , that is big"),
        ("J. R. R. Tolkien met W. Bush", "j r r tolkien met w bush"),
        ("the U.S. won", "the u s won"),
        ("the US, BBC and NASA", "the u s , b b c and nasa"),
        ("HELLO US", "hello us"),
        ("MP3 and B2B", "m p three and b two b"),
        ("Henry VIII, World War II", "henry the eighth , world war two"),
        ("AT&T, R&D, you & me", "a t and t , r and d , you and me"),
        ("me@mail.org", "me at mail dot org"),
        ("well-known and/or café", "well known and or cafe"),
        ("yes 😀 • no", "yes no"),
        ("go—now... or “stay”?!", "go — now ... or “ stay ” ? !"),
        ("the boys' 'best' dog", "the boys' ' best ' dog"),
        ("I don’t, ’tis", "i don't , 'tis"),
    ],
)
def test_reading(written: str, said: str):
    assert spoken(written) == said


def test_a_written_word_is_one_unit():
    units = normalise("Dr. O'Neil's well-known $3.50 offer")
    assert [unit.text for unit in units] == ["Dr.", "O'Neil's", "well-known", "$3.50", "offer"]


@pytest.mark.parametrize("text", ["", "  \n", "...", "?!", "😀", "***"])
def test_text_without_words_is_refused(text: str):
    with pytest.raises(UserError, match=r"empty|no words"):
        normalise(text)


def test_other_alphabets_are_refused_by_name():
    with pytest.raises(UserError, match="cyrillic"):
        normalise("the word мир")


@given(st.text(st.characters(max_codepoint=0x24F), min_size=1, max_size=40))
def test_any_latin_text_is_read_or_refused(text: str):
    try:
        units = normalise(text)
    except UserError:
        return
    assert any(unit.said for unit in units)
    assert not set("".join(unit.spoken for unit in units)) - set("abcdefghijklmnopqrstuvwxyz' ")
