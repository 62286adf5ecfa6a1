"""The front-end as the other rooms and `intone text analyse` use it."""

import re

import numpy as np
import pytest

from intone.errors import UserError
from tts_core.text.analyse import Frontend
from tts_core.text.syntax import NODE_LABELS, POS_TAGS
from tts_core.text.tokens import TOKENS
from tts_core.types import Sentence

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
    "of gold at one end that nobody who ever looked for it, young or old, has found."
)


def phones(sentence: Sentence, word: str) -> str:
    return next(" ".join(w.phones) for w in sentence.words if w.text.lower() == word)


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("I read it yesterday.", "read", "R EH1 D"),
        ("She had read the book.", "read", "R EH1 D"),
        ("He read the letter.", "read", "R EH1 D"),
        ("I will read it.", "read", "R IY1 D"),
        ("They often read books.", "read", "R IY1 D"),
        ("We record everything.", "record", "R AH0 K AO1 R D"),
        ("He broke the record.", "record", "R EH1 K ER0 D"),
        ("They live here.", "live", "L IH1 V"),
        ("It was a live show.", "live", "L AY1 V"),
        ("Please close the door.", "close", "K L OW1 Z"),
        ("She sat close to me.", "close", "K L OW1 S"),
        ("The wind was cold.", "wind", "W IH1 N D"),
    ],
)
def test_homographs_in_sentences(frontend: Frontend, text: str, word: str, expected: str):
    assert phones(frontend.analyse(text), word) == expected


@pytest.mark.parametrize("text", [*TEXTS, LONG])
@pytest.mark.parametrize("kind", ["frontend", "rules"])
def test_leaves_of_the_tree_are_the_words(kind: str, text: str, request: pytest.FixtureRequest):
    analysis = request.getfixturevalue(kind).analyse(text)
    words = [word for word in analysis.words if not word.punctuation]
    leaves = re.findall(r"\(([^\s()]+) ([^\s()]+)\)", analysis.tree)
    assert leaves == [(word.pos, word.text) for word in words]
    assert analysis.spoken == " ".join(word.spoken for word in words)
    assert all(word.phones for word in words)


@pytest.mark.parametrize("text", [*TEXTS, LONG])
def test_encoding_is_consistent(frontend: Frontend, text: str):
    analysis = frontend.analyse(text)
    encoded = analysis.encoded
    n_units = len(analysis.words)
    for per_unit in (encoded.pos, encoded.word_class, encoded.compound, encoded.punctuation):
        assert per_unit.shape == (n_units,)
    assert sorted(set(encoded.token_unit)) == list(range(n_units))
    assert sorted(set(encoded.piece_unit)) == list(range(-1, n_units))
    assert encoded.pieces.shape == encoded.piece_unit.shape
    assert len(encoded.leaves) == (encoded.punctuation == 0).sum()
    assert encoded.node_parents[0] == -1 and (encoded.node_parents[1:] >= 0).all()
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


def test_several_sentences_stand_under_one_root(frontend: Frontend):
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


def test_text_longer_than_the_encoder_reads_is_refused(frontend: Frontend):
    with pytest.raises(UserError, match="word pieces"):
        frontend.analyse("dog " * 600)
