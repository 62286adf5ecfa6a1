"""Trees: exact search, well-formedness, and quality against trees written by hand."""

import itertools
import re
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intone.errors import UserError
from tts_core.text.analyse import Frontend
from tts_core.text.parse import best_tree, bracket, load_parser
from tts_core.text.tagger import Tagged

# Written for this test after the Penn Treebank's bracketing guidelines, without tags.
GOLD = [
    "(S (NP The old man) (VP gave (NP the children) (NP a strange book)))",
    "(S (SBAR When (S (NP the rain) (VP stopped))) (NP they) (VP walked (PP to (NP the river))))",
    "(S (NP She) (VP said (SBAR that (S (NP he) (VP would (VP come (ADVP back) (NP tomorrow)))))))",
    "(S (NP (NP The dog) (SBAR (WHNP that) (S (VP bit (NP me))))) (VP ran (ADVP away)))",
    "(S (NP My sister) (VP (VP opened (NP the window)) and (VP looked (ADVP out))))",
    "(SQ Did (NP you) (VP see (NP (NP the letter) (PP on (NP the table)))))",
    "(S (NP (NP The end) (PP of (NP the story))) (VP was (ADJP very sad)))",
    "(S (NP He) (VP wanted (S (VP to (VP buy (NP a new car) (PP with (NP the money)))))))",
]


def spans(tree: str) -> tuple[list[str], Counter[tuple[int, int]]]:
    """Words, and constituents of two or more words without the root."""
    words: list[str] = []
    found: list[tuple[int, int]] = []
    path: list[int] = []
    for token in re.findall(r"\([^\s()]+|\)|[^\s()]+", tree):
        if token.startswith("("):
            path.append(len(words))
        elif token == ")":
            found.append((path.pop(), len(words)))
        else:
            words.append(token)
    n = len(words)
    return words, Counter({span for span in found if 1 < span[1] - span[0] < n})


def f1(trees: list[Counter[tuple[int, int]]], gold: list[Counter[tuple[int, int]]]) -> float:
    hits = sum((ours & theirs).total() for ours, theirs in zip(trees, gold, strict=True))
    return 2 * hits / sum(one.total() for one in trees + gold)


def leaf(text: str, head: int = 0) -> Tagged:
    return Tagged(text, "NN", "NOUN", "dep", head)


def test_span_parser_beats_rules_and_both_beat_right_branching(frontend: Frontend, rules: Frontend):
    words, gold = zip(*(spans(tree) for tree in GOLD), strict=True)
    texts = [" ".join(sentence) + "." for sentence in words]
    scores = {}
    for name, parser in (("span", frontend), ("rules", rules)):
        analyses = parser.analyse_all(texts)
        scores[name] = f1([spans(a.tree)[1] for a in analyses], list(gold))
    right = [Counter((i, len(w)) for i in range(1, len(w) - 1)) for w in words]
    scores["right"] = f1(right, list(gold))
    assert scores["span"] > 0.9
    assert scores["span"] > scores["rules"] > scores["right"]


def test_parser_on_mpnet_features(need: Callable[..., None]):
    need("mpnet")
    parser = load_parser("auto", encoder="mpnet")
    assert parser.name == "span:mpnet"
    words, gold = zip(*(spans(tree) for tree in GOLD), strict=True)
    trees = parser([[leaf(word) for word in sentence] for sentence in words])
    assert f1([spans(tree)[1] for tree in trees], list(gold)) > 0.9


def _score(scores: np.ndarray, i: int, j: int) -> float:
    """Best total of a span by trying every split: the definition that CKY must agree with."""
    gain = scores[i, j] - scores[i, j, 0]
    own = float(gain[1:].max() if i == 0 and j == len(scores) - 1 else gain.max())
    if j - i == 1:
        return own
    return own + max(_score(scores, i, k) + _score(scores, k, j) for k in range(i + 1, j))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 6), st.integers(0, 10**6))
def test_cky_finds_the_best_tree(n: int, seed: int):
    scores = np.random.default_rng(seed).normal(size=(n + 1, n + 1, 3))
    found = best_tree(scores, ["", "A", "B"])
    names = {"A": 1, "B": 2}
    total = sum(scores[i, j, names[label]] - scores[i, j, 0] for label, i, j in found)
    assert total == pytest.approx(_score(scores, 0, n))
    assert all(not a[1] < b[1] < a[2] < b[2] for a, b in itertools.permutations(found, 2)), (
        "constituents must not cross"
    )
    assert any((i, j) == (0, n) for _, i, j in found)


def test_unary_chains_are_opened_outer_first():
    scores = np.zeros((2, 2, 2))
    scores[0, 1, 1] = 1
    assert bracket([leaf("go")], best_tree(scores, ["", "S+VP"])) == "(S (VP (NN go)))"


def test_crossing_spans_are_dropped_and_a_root_is_added():
    words = [leaf(text) for text in "abcd"]
    tree = bracket(words, [("X", 0, 3), ("NP", 1, 4), ("VP", 0, 2)])
    assert tree == "(FRAG (X (VP (NN a) (NN b)) (NN c)) (NN d))"


def test_brackets_in_words_are_escaped():
    assert bracket([leaf("f(x)")], []) == "(FRAG (NN f-LRB-x-RRB-))"


def test_unknown_parser_is_refused():
    with pytest.raises(UserError, match="span:minilm"):
        load_parser("benepar")


def test_without_encoder_weights_the_rules_step_in_and_say_so(
    tmp_path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setenv("INTONE_CACHE", str(tmp_path))
    assert load_parser("auto").name == "rules"
    assert "intone assets minilm" in caplog.text
    with pytest.raises(UserError, match="intone assets"):
        load_parser("span:minilm")
