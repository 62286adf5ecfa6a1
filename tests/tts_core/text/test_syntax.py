"""CAMP's word features and Kathaka's graphs."""

import networkx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts_core.text.syntax import (
    NODE_LABELS,
    POS_TAGS,
    compound_nouns,
    diameter,
    pos_id,
    tree_graph,
    word_class,
)

TREE = "(S (NP (DT the) (NN cat)) (VP (VBD sat) (PP (IN on) (NP (PRP it)))))"


def test_open_and_closed_classes():
    for tag in ("NN", "NNPS", "VBZ", "JJR", "RB", "UH", "FW", "CD"):
        assert word_class(tag) == "open"
    for tag in ("DT", "IN", "MD", "WRB", "PRP$", "CC", "TO", "RP", "PUNCT"):
        assert word_class(tag) == "closed"


def test_compound_nouns_are_runs_of_two_or_more():
    tags = ["DT", "NN", "NN", "VBZ", "NNP", "PUNCT", "NNP", "NNS", "NNPS"]
    assert compound_nouns(tags) == [False, True, True, False, False, False, True, True, True]


def test_graph_drops_words_and_keeps_unary_chains():
    labels, parents, leaves = tree_graph(TREE)
    names = [NODE_LABELS[label] for label in labels]
    assert names == ["S", "NP", "DT", "NN", "VP", "VBD", "PP", "IN", "NP", "PRP"]
    assert parents.tolist() == [-1, 0, 1, 1, 0, 4, 4, 6, 6, 8]
    assert leaves.tolist() == [2, 3, 5, 7, 9]


def test_graph_of_the_tree_without_words_is_the_same():
    bare = "(S (NP (DT) (NN)) (VP (VBD) (PP (IN) (NP (PRP)))))"
    for one, other in zip(tree_graph(TREE), tree_graph(bare), strict=True):
        np.testing.assert_array_equal(one, other)


def test_functional_suffixes_and_unknown_labels():
    labels, *_ = tree_graph("(S (NP-SBJ=2 (NN a)) (ZZZ (NN b)))")
    assert [NODE_LABELS[label] for label in labels] == ["S", "NP", "NN", "<unk>", "NN"]
    assert POS_TAGS[pos_id("QQ")] == "<unk>"


@pytest.mark.parametrize("tree", ["", "(S (NN a)", "(S (NN a)))", "(S (NN a)) (S (NN b))"])
def test_broken_trees_are_refused(tree: str):
    with pytest.raises(ValueError, match=r"unbalanced|more than one"):
        tree_graph(tree)


def test_diameter_of_a_known_tree():
    # DT - NP - S - VP - PP - NP - PRP
    assert diameter(tree_graph(TREE)[1]) == 6
    assert diameter([-1]) == 0


@given(st.lists(st.integers(0, 10**6), max_size=30))
def test_diameter_agrees_with_networkx(draws: list[int]):
    parents = [-1, *(draw % (node + 1) for node, draw in enumerate(draws))]
    graph = networkx.Graph()
    graph.add_nodes_from(range(len(parents)))
    graph.add_edges_from((node, parent) for node, parent in enumerate(parents) if parent >= 0)
    assert diameter(parents) == networkx.diameter(graph)
