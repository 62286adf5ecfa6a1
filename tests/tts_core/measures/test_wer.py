import pytest

from intone.edit_distance import edit_distance
from tts_core.measures.wer import spoken_words


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("Well, I AM here!", "well i am here"),
        ("It’s Dr. Smith's.", "it's doctor smith's"),
        ("42 boats in 1999", "forty-two boats in nineteen ninety nine"),
        ("A well-known, “old” man…", "a well known old man"),
        ("The U.S. and NASA", "the US and nasa"),
        ("It cost $5.", "It cost five dollars."),
    ],
)
def test_writing_habits_are_no_errors(written: str, heard: str) -> None:
    assert edit_distance(spoken_words(written), spoken_words(heard)) == 0


def test_other_words_are_errors() -> None:
    assert edit_distance(spoken_words("It is."), spoken_words("It's.")) == 2
    assert edit_distance(spoken_words("colour"), spoken_words("color")) == 1


@pytest.mark.parametrize("nothing", ["", "  ", "?!", "…", "♪", "你好", "⅝ ƕ"])
def test_text_without_words_gives_none(nothing: str) -> None:
    assert spoken_words(nothing) == []


def test_a_recogniser_may_write_anything() -> None:
    assert spoken_words("♪ la ♪ 5 µ Привет") == ["la", "five", "micro"]
