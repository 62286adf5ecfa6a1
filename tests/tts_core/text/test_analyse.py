"""The front-end as the other rooms and `intone text analyse` use it."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from intone.errors import UserError
from tts_core.text.analyse import Frontend
from tts_core.text.syntax import NODE_LABELS, POS_TAGS, PUNCT
from tts_core.text.tokens import TOKENS

TEXTS = [
    "I read it yesterday.",
    "Dr. Smith's well-known dog paid $3.50; \"Why?\" I don't know - do you (or they)?",
    "Stop! The rain started. We went home...",
    "Go",
    "Let's go, who's there, y'all needn't've come.",
    "“Hello,” he said—and left at 10:30 p.m.",
]
LONG = (
    "When the sunlight strikes the raindrops in the air, they act as a prism and form a rainbow, "
    "which is a division of white light into many beautiful colours that take the shape of a long "
    "round arch, with its path high above, and its two ends apparently beyond the horizon, where, "
    "as the legend that my grandmother told us on winter evenings has it, there is a boiling pot "
    "of gold at one end that no one who ever looked for it, young or old, has found."
)


@pytest.mark.parametrize("text", [*TEXTS, LONG])
@pytest.mark.parametrize("kind", ["frontend", "rules"])
def test_leaves_of_the_tree_are_the_words(kind: str, text: str, request: pytest.FixtureRequest):
    analysis = request.getfixturevalue(kind).analyse(text)
    words = [word for word in analysis.words if not word.punctuation]
    leaves = re.findall(r"\(([^\s()]+) ([^\s()]+)\)", analysis.tree)
    assert leaves == [(word.pos, word.text.replace("’", "'")) for word in words]
    assert analysis.spoken == " ".join(word.spoken for word in words)
    assert all(word.phones for word in words)


@pytest.mark.parametrize("text", [*TEXTS, LONG])
def test_camps_streams_have_one_value_for_every_unit(frontend: Frontend, text: str):
    """Tags equal word-level units, with a tag for punctuation (CAMP section 3.2)."""
    sentence = frontend.analyse(text)
    encoded = sentence.encoded
    for stream in (encoded.pos, encoded.word_class, encoded.compound, encoded.punctuation):
        assert stream.shape == (len(sentence.words),)
    marks = encoded.punctuation == 1
    np.testing.assert_array_equal(encoded.pos == POS_TAGS.index(PUNCT), marks)
    assert not encoded.word_class[marks].any() and not encoded.compound[marks].any()
    assert POS_TAGS.index("<unk>") not in encoded.pos
    assert NODE_LABELS.index("<unk>") not in encoded.node_labels
    assert {array.dtype for array in vars(encoded).values()} == {np.dtype(np.int64)}


def test_a_figure_is_one_unit_without_inner_boundaries(frontend: Frontend):
    encoded = frontend.analyse("It cost $3.50.").encoded
    inside = [TOKENS[t] for t in encoded.tokens[encoded.token_unit == 2]]
    assert " ".join(inside) == "TH R IY1 D AA1 L ER0 Z AH0 N D F IH1 F T IY0 S EH1 N T S"


def test_contractions_take_the_tag_of_their_first_part(frontend: Frontend):
    tags = {word.text: word.pos for word in frontend.analyse("Don't say it's John's.").words}
    assert tags == {"Don't": "VB", "say": "VB", "it's": "PRP", "John's": "NNP", ".": "PUNCT"}


def test_compound_nouns_and_classes(frontend: Frontend):
    words = {word.text: word for word in frontend.analyse("The coffee table is in my room.").words}
    assert [name for name, word in words.items() if word.compound] == ["coffee", "table"]
    assert [name for name, word in words.items() if word.word_class == "open"] == [
        "coffee",
        "table",
        "is",
        "room",
    ]


def test_several_sentences_have_one_root(frontend: Frontend):
    assert frontend.analyse("Stop! We went home.").tree.startswith("(TOP (")
    assert not frontend.analyse('"Stop!" he said.').tree.startswith("(TOP")


def test_parser_is_named(frontend: Frontend, rules: Frontend):
    assert frontend.analyse("Go home.").parser == "span:minilm"
    assert rules.analyse("Go home.").parser == "rules"


def test_batches_give_the_same_as_single_texts(frontend: Frontend):
    texts = [*TEXTS, LONG]
    together = frontend.analyse_all(texts)
    assert together == [frontend.analyse(text) for text in texts]
    assert together == frontend.analyse_all(texts)
    assert frontend.analyse_all([]) == []


def test_the_wrong_text_of_a_batch_is_named(frontend: Frontend):
    with pytest.raises(UserError, match=r"text 2 of 3.*no words"):
        frontend.analyse_all(["fine", "?!", "fine"])


def test_a_users_lexicon_wins_everywhere(need: Callable[..., None], tmp_path: Path):
    need("cmudict", "g2p-en", "minilm")
    path = tmp_path / "lexicon.txt"
    path.write_text("Kathaka K AH0 TH AA1 K AH0\nGIF JH IH1 F\ncafé K AE1 F IY0\n", "utf-8")
    own = Frontend(parser="rules", lexicon=path)
    words = own.analyse("Kathaka's GIF café").words
    assert [" ".join(word.phones) for word in words] == [
        *("K AH0 TH AA1 K AH0 Z", "JH IH1 F", "K AE1 F IY0"),
    ]


def test_the_before_a_vowel_inside_a_figure(rules: Frontend):
    henry = rules.analyse("Henry VIII").words[1]
    assert " ".join(henry.phones) == "DH IY0 EY1 T TH"
