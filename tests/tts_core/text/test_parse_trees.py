"""Bracketed trees: treebanks, replaced words, trees from a file."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intone.errors import UserError
from tts_core.text.parse import load_parser
from tts_core.text.parse.trees import as_written, bracket, over_words, plain, read_trees
from tts_core.text.tagger import Tagged

# Written for this test in the manner of the Penn Treebank: traces, functions, parted words.
PENN = """
( (S
    (NP-SBJ-1 (PRP He))
    (VP (VBD did) (RB n't)
      (VP (VB want)
        (S (NP-SBJ (-NONE- *-1))
          (VP (TO to) (VP (VB see)
            (NP (NP (NNP John) (POS 's)) (JJ well) (HYPH -) (JJ known) (NN house)))))))
    (, ,) (PRN (-LRB- -LRB-) (ADVP (RB really)) (-RRB- -RRB-))
    (. .)))
(ROOT (FRAG (NP (CD 50) (NN %)) (. ?)))
"""


WORDS = ["He", "didn't", "want", "to", "see", "John's", "well-known", "house", "really"]


def leaf(text: str, tag: str = "NN") -> Tagged:
    return Tagged(text, tag, "NOUN", "dep", 0)


def test_traces_functions_punctuation_and_roots_are_taken_out():
    tree = plain(next(read_trees(PENN)))
    assert " ".join(tree.words) == "He did n't want to see John 's well known house really"
    assert tree.spans[:3] == (("S", 0, 12), ("NP", 0, 1), ("VP", 1, 11))
    assert ("PRN", 11, 12) in tree.spans
    assert sum(label == "S" for label, *_ in tree.spans) == 2, "an empty subject is no constituent"


def test_words_are_parted_as_our_front_end_parts_them():
    first, second = map(as_written, read_trees(PENN))
    assert first.words == WORDS
    assert ("NP", 5, 6) in first.spans
    assert ("NP", 5, 8) in first.spans
    assert second.words == ["50%"]
    assert second.line == 11


def test_brackets_that_do_not_balance_are_refused_with_their_line():
    with pytest.raises(UserError, match="gold, line 2: the tree that starts here"):
        list(read_trees("(S (NN go))\n(S (NN go)", "gold"))
    with pytest.raises(UserError, match=r"line 2: '\)' is outside"):
        list(read_trees("(S (NN go))\n)"))


def test_a_tree_over_words_that_are_parted_differently():
    tree = next(read_trees("(S (NP (NNP John) (POS 's) (JJ well-known) (NN dog)) (VP (VBD ran)))"))
    words = ["John's", "well", "known", "dog", "ran"]
    assert over_words(tree, words) == [("S", 0, 5), ("NP", 0, 4), ("VP", 4, 5)]


LABELS = st.sampled_from(["S", "NP", "VP", "PP"])


@given(st.data())
def test_bracketed_trees_are_read_back(data: st.DataObject):
    words = data.draw(st.lists(st.sampled_from(["a", "bb", "it's", "f(x)", "é"]), min_size=1))
    spans = []
    for _ in range(data.draw(st.integers(0, 6))):
        start = data.draw(st.integers(0, len(words) - 1))
        spans.append((data.draw(LABELS), start, data.draw(st.integers(start + 1, len(words)))))
    text = bracket([leaf(word, f"T{i}") for i, word in enumerate(words)], spans)
    (tree,) = read_trees(text)
    assert [one.tag for one in tree.leaves] == [f"T{i}" for i in range(len(words))]
    assert [one.text for one in tree.leaves] == [
        word.replace("(", "-LRB-").replace(")", "-RRB-") for word in words
    ]
    assert {(start, end) for _, start, end in tree.spans} <= {
        (0, len(words)),
        *((start, end) for _, start, end in spans),
    }
    assert any(span[1:] == (0, len(words)) for span in tree.spans)


def test_unary_chains_are_kept_outer_first():
    spans = [("S", 0, 1), ("VP", 0, 1)]
    assert bracket([leaf("go", "VB")], spans) == "(S (VP (VB go)))"


def test_crossing_spans_are_dropped_and_a_root_is_added():
    words = [leaf(text) for text in "abcd"]
    tree = bracket(words, [("X", 0, 3), ("NP", 1, 4), ("VP", 0, 2)])
    assert tree == "(FRAG (X (VP (NN a) (NN b)) (NN c)) (NN d))"


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    path = tmp_path / "gold.ptb"
    path.write_text(PENN, encoding="utf-8")
    return path


def test_ready_trees_are_found_by_their_words_and_keep_our_tags(ready: Path):
    tags = ["PRP", "VBD", "VB", "TO", "VB", "NNP", "JJ", "NN", "RB"]
    parser = load_parser(f"file:{ready}")
    assert parser.name == "file:gold.ptb"
    fifty, tree = parser(
        [[leaf("50%", "CD")], [leaf(w, t) for w, t in zip(WORDS, tags, strict=True)]]
    )
    assert fifty == "(FRAG (NP (CD 50%)))"
    assert tree == (
        "(S (NP (PRP He)) (VP (VBD didn't) (VP (VB want) (S (VP (TO to) (VP (VB see) "
        "(NP (NP (NNP John's)) (JJ well-known) (NN house))))))) (PRN (ADVP (RB really))))"
    )


def test_ready_trees_are_found_whatever_the_accents_and_apostrophes(tmp_path: Path):
    path = tmp_path / "café.ptb"
    path.write_text("(S (NP (NNP Zoë) (POS ’s)) (NP (NN café)))", encoding="utf-8")
    (tree,) = load_parser(f"file:{path}")([[leaf("Zoe's", "NNP"), leaf("cafe")]])
    assert tree == "(S (NP (NNP Zoe's)) (NP (NN cafe)))"


def test_a_sentence_without_a_ready_tree_is_named(ready: Path):
    with pytest.raises(UserError, match=r"gold.ptb: holds no tree of the sentence 'Go home'"):
        load_parser(f"file:{ready}")([[leaf("Go"), leaf("home")]])


def test_two_different_trees_of_one_sentence_are_refused(tmp_path: Path):
    path = tmp_path / "twice.ptb"
    path.write_text("(S (VP (VB go)))\n(S (VP (VB Go)))\n(FRAG (VB go))\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"line 3: 'go' has another tree in line 1"):
        load_parser(f"file:{path}")
    path.write_text("", encoding="utf-8")
    with pytest.raises(UserError, match="holds no tree"):
        load_parser(f"file:{path}")
    with pytest.raises(UserError, match=r"none.ptb: cannot be read"):
        load_parser(f"file:{tmp_path / 'none.ptb'}")


@pytest.mark.skipif(find_spec("benepar") is not None, reason="benepar is installed here")
def test_missing_benepar_names_the_action():
    with pytest.raises(UserError, match=r"benepar is not installed; `pip install benepar`"):
        load_parser("benepar:benepar_en3")


@pytest.mark.parametrize("name", ["stanford", "span:", "file:", "span:huge", "benepar:", ""])
def test_unknown_parsers_are_refused_with_the_known_ones(name: str):
    with pytest.raises(UserError, match=r"no such parser; choose one of auto, span:minilm"):
        load_parser(name)


def test_rules_replace_missing_encoder_weights_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setenv("INTONE_CACHE", str(tmp_path))
    assert load_parser("auto").name == "rules"
    assert "intone assets minilm" in caplog.text
    with pytest.raises(UserError, match="intone assets"):
        load_parser("span:minilm")
