"""Span parser: exact search, quality on hand-written trees, long sentences."""

import itertools
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tts_core.text.analyse import Frontend
from tts_core.text.parse import load_parser
from tts_core.text.parse.scoring import f1, plain_brackets, score_parser
from tts_core.text.parse.span import SpanScorer, best_labels, best_tree
from tts_core.text.parse.trees import Span, Tree, as_written, over_words, plain, read_trees
from tts_core.text.tagger import Tagged

# Written for this test after the Penn Treebank's bracketing guidelines.
GOLD = """
(S (NP The old man) (VP gave (NP the children) (NP a strange book)))
(S (SBAR When (S (NP the rain) (VP stopped))) (NP they) (VP walked (PP to (NP the river))))
(S (NP She) (VP said (SBAR that (S (NP he) (VP would (VP come (ADVP back) (NP tomorrow)))))))
(S (NP (NP The dog) (SBAR (WHNP that) (S (VP bit (NP me))))) (VP ran (ADVP away)))
(S (NP My sister) (VP (VP opened (NP the window)) and (VP looked (ADVP out))))
(SQ Did (NP you) (VP see (NP (NP the letter) (PP on (NP the table)))))
(S (NP (NP The end) (PP of (NP the story))) (VP was (ADJP very sad)))
(S (NP He) (VP wanted (S (VP to (VP buy (NP a new car) (PP with (NP the money)))))))
"""


@pytest.fixture(scope="module")
def gold() -> list[Tree]:
    """Return the trees above with a tag for every word."""
    tagged = " ".join(
        token if token.startswith("(") else f"(NN {token.rstrip(')')}){')' * token.count(')')}"
        for token in GOLD.split()
    )
    return [plain(tree) for tree in read_trees(tagged)]


def leaf(text: str, head: int = 0) -> Tagged:
    return Tagged(text, "NN", "NOUN", "dep", head)


def test_the_trained_parser_beats_rules_and_both_beat_right_branching(
    gold: list[Tree], need: Callable[..., None]
):
    need("minilm")
    span = score_parser(load_parser("span:minilm"), gold)
    rules = score_parser(load_parser("rules"), gold)
    right = f1([(right_branching(tree), brackets(tree)) for tree in gold], labelled=False)
    assert span.unlabelled.value > 0.9
    assert span.labelled.value > 0.85
    assert span.unlabelled.value > rules.unlabelled.value > right.value
    assert span.covered == span.sentences == len(gold)


def brackets(tree: Tree) -> Counter[Span]:
    return plain_brackets(tree.spans, len(tree.words))


def right_branching(tree: Tree) -> Counter[Span]:
    n = len(tree.words)
    return plain_brackets([("X", i, n) for i in range(n)], n)


def test_parser_on_mpnet_features(gold: list[Tree], need: Callable[..., None]):
    need("mpnet")
    parser = load_parser("auto", encoder="mpnet")
    assert parser.name == "span:mpnet"
    assert score_parser(parser, gold).unlabelled.value > 0.9


def test_trees_do_not_depend_on_the_company_of_a_sentence(
    gold: list[Tree], need: Callable[..., None]
):
    need("minilm")
    parser = load_parser("span:minilm")
    sentences = [[leaf(word) for word in tree.words] for tree in gold]
    assert parser(sentences) == [parser([sentence])[0] for sentence in sentences]
    assert parser([]) == []


def test_leaves_are_the_words_in_order_under_their_own_tags(frontend: Frontend):
    analysis = frontend.analyse("It's a well-known fact: John didn't (really) buy 3 books.")
    (tree,) = read_trees(analysis.tree)
    words = [word for word in analysis.words if not word.punctuation]
    assert tree.words == [word.text for word in words]
    assert [one.tag for one in tree.leaves] == [word.pos for word in words]


def test_a_sentence_of_500_words_has_one_tree_of_all_its_words(need: Callable[..., None]):
    need("minilm")
    words = [f"{word}" for word in ("the cat that saw the dog " * 84).split()][:500]
    (text,) = load_parser("span:minilm")([[leaf(word) for word in words]])
    (tree,) = read_trees(text)
    assert tree.words == words
    assert tree.spans[0][1:] == (0, 500)
    assert len(tree.spans) > 250


def test_scores_of_a_sentence_in_parts_are_those_of_the_whole(monkeypatch: pytest.MonkeyPatch):
    torch.manual_seed(0)
    scorer = SpanScorer(6, 5, 4).eval()
    sentences = [torch.randn(7, 6), torch.randn(3, 6)]
    whole = scorer(sentences)
    monkeypatch.setattr("tts_core.text.parse.span._CHUNK", 5)
    torch.testing.assert_close(torch.cat(list(scorer.spans(sentences))), whole)


def test_a_spans_features_are_the_differences_of_its_boundaries_states():
    """The rewriting over boundaries keeps the definition (Stern et al. 2017)."""
    torch.manual_seed(0)
    scorer = SpanScorer(6, 5, 4).eval()
    words = torch.randn(4, 6)
    inputs = torch.nn.functional.gelu(scorer.project(torch.nn.functional.pad(words, (0, 0, 1, 1))))
    forward, backward = scorer.lstm(inputs[None])[0][0].chunk(2, -1)
    rows = [
        torch.cat([forward[j] - forward[i], backward[i + 1] - backward[j + 1]])
        for i, j in itertools.combinations(range(5), 2)
    ]
    hidden = torch.nn.functional.gelu(scorer.norm(scorer.hidden(torch.stack(rows))))
    torch.testing.assert_close(scorer([words]), scorer.score(hidden))


def chart(scores: np.ndarray, n: int) -> dict[tuple[int, int], np.ndarray]:
    pairs = itertools.combinations(range(n + 1), 2)
    return dict(zip(pairs, scores - scores[:, :1], strict=True))


def best_by_trial(gains: dict[tuple[int, int], np.ndarray], i: int, j: int, n: int) -> float:
    """Return the best total of a span by trying every split."""
    gain = gains[i, j]
    own = float(gain[1:].max() if (i, j) == (0, n) else gain.max())
    if j - i == 1:
        return own
    parts = (best_by_trial(gains, i, k, n) + best_by_trial(gains, k, j, n) for k in range(i + 1, j))
    return own + max(parts)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 6), st.integers(0, 10**6))
def test_cky_finds_the_best_tree(n: int, seed: int):
    scores = np.random.default_rng(seed).normal(size=(n * (n + 1) // 2, 3)).astype(np.float32)
    gains = chart(scores, n)
    found = best_tree(*best_labels(torch.from_numpy(scores), n), ["", "A", "B"])
    total = sum(gains[i, j][{"A": 1, "B": 2}[label]] for label, i, j in found)
    assert total == pytest.approx(best_by_trial(gains, 0, n, n), abs=1e-5)
    assert all(not a[1] < b[1] < a[2] < b[2] for a, b in itertools.permutations(found, 2)), (
        "constituents must not cross"
    )
    assert any((i, j) == (0, n) for _, i, j in found)


def test_unary_chains_are_opened_outer_first():
    scores = torch.tensor([[0.0, 1.0]])
    assert best_tree(*best_labels(scores, 1), ["", "S+VP"]) == [("S", 0, 1), ("VP", 0, 1)]


def test_f1_of_a_case_counted_by_hand():
    (gold,) = read_trees("(S (NP (DT a) (NN b)) (VP (VB c) (NP (DT d) (NN e))))")
    (found,) = read_trees("(S (NP (DT a) (NN b)) (VP (VB c) (DT d)) (ADJP (NN e)))")
    pair = (brackets(found), brackets(gold))
    assert list(pair[1]) == [("NP", 0, 2), ("VP", 2, 5), ("NP", 3, 5)]
    score = f1([pair], labelled=True)
    assert (score.precision, score.recall) == (1 / 2, 1 / 3)
    assert score.value == pytest.approx(2 * 1 / (2 + 3))
    relabelled = Counter({("X", start, end): n for (_, start, end), n in pair[1].items()})
    assert f1([(relabelled, pair[1])], labelled=False).value == 1.0
    assert f1([(relabelled, pair[1])], labelled=True).value == 0.0


def test_a_sentence_without_its_words_counts_as_missed(gold: list[Tree]):
    class Nonsense:
        name = "nonsense"

        def __call__(self, sentences: Sequence[Sequence[Tagged]]) -> list[str]:
            return ["(S (NN other) (NN words))"] * len(sentences)

    score = score_parser(Nonsense(), gold)
    assert score.covered == 0
    assert score.unlabelled.value == 0.0
    assert over_words(gold[0], gold[0].words) == list(gold[0].spans)
    assert as_written(gold[0]) == gold[0]
