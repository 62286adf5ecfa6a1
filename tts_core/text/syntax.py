"""Syntactic vocabularies, CAMP's word features, and parse trees as graphs for Kathaka."""

import re
from collections.abc import Sequence

import numpy as np

from tts_core.types import WordClass

PENN_TAGS = tuple(
    (  # noqa: SIM905
        "CC CD DT EX FW IN JJ JJR JJS LS MD NN NNP NNPS NNS PDT POS PRP PRP$ RB RBR RBS RP "
        "SYM TO UH VB VBD VBG VBN VBP VBZ WDT WP WP$ WRB"
    ).split()
)
PHRASES = tuple(
    (  # noqa: SIM905
        "S SBAR SBARQ SINV SQ ADJP ADVP CONJP FRAG INTJ LST NAC NP NX PP PRN PRT QP RRC UCP "
        "VP WHADJP WHADVP WHNP WHPP X TOP"
    ).split()
)
PUNCT = "PUNCT"

POS_TAGS: tuple[str, ...] = ("<pad>", "<unk>", PUNCT, *PENN_TAGS)
NODE_LABELS: tuple[str, ...] = ("<pad>", "<unk>", *PHRASES, *PENN_TAGS)

_POS_IDS = {tag: index for index, tag in enumerate(POS_TAGS)}
_NODE_IDS = {label: index for index, label in enumerate(NODE_LABELS)}
_OPEN = re.compile(r"NN|VB|JJ|RB|UH$|FW$|CD$")
_NOUN = re.compile(r"NNP?S?$")


def pos_id(tag: str) -> int:
    """Index in `POS_TAGS`; an unknown tag becomes `<unk>`."""
    return _POS_IDS.get(tag, _POS_IDS["<unk>"])


def word_class(tag: str) -> WordClass:
    """Open (content) or closed (function) class of a Penn tag.

    CAMP (section 3.2) derives it from the tag and prints no table. Open here: nouns, verbs without
    modals, adjectives, adverbs without wh-adverbs, interjections, foreign words, numbers.
    """
    return "open" if _OPEN.match(tag) else "closed"


def compound_nouns(tags: Sequence[str]) -> list[bool]:
    """Return for each tag if it is part of a compound noun.

    Compound nouns are maximal runs of two or more noun tags.

    Args:
        tags: Penn tags of the units in order, W; punctuation breaks a run.
    """
    nouns = [bool(_NOUN.match(tag)) for tag in tags]
    padded = [False, *nouns, False]
    return [
        current and (before or after)
        for before, current, after in zip(padded, nouns, padded[2:], strict=False)
    ]


def tree_graph(tree: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Convert a constituency tree to a graph, words removed.

    Source: Kathaka section 3.2.2.

    Args:
        tree: Penn brackets; functional suffixes ("NP-SBJ") are cut off.

    Returns:
        labels: (G,) int64 indices into `NODE_LABELS` in depth-first order.
        parents: (G,) int64 index of each node's parent, -1 for the root.
        leaves: (L,) int64 indices of the POS nodes.

    Raises:
        ValueError: not one balanced tree.
    """
    labels: list[int] = []
    parents: list[int] = []
    path: list[int] = []
    for match in re.finditer(r"\(\s*([^\s()]*)|\)", tree):
        if match.group().startswith("("):
            if not path and labels:
                raise ValueError(f"more than one tree: {tree}")
            parents.append(path[-1] if path else -1)
            path.append(len(labels))
            name = match.group(1).split("-")[0].split("=")[0]
            labels.append(_NODE_IDS.get(name, _NODE_IDS["<unk>"]))
        elif not path:
            raise ValueError(f"unbalanced brackets: {tree}")
        else:
            path.pop()
    if path or not labels:
        raise ValueError(f"unbalanced brackets: {tree}")
    leaves = sorted(set(range(len(labels))) - set(parents))
    return np.array(labels, np.int64), np.array(parents, np.int64), np.array(leaves, np.int64)


def diameter(parents: Sequence[int] | np.ndarray) -> int:
    """Edges on the longest path between two nodes of a tree.

    Kathaka passes as many messages as the 75th percentile of this over the training trees.

    Args:
        parents: (G,) parent of each node in depth-first order, -1 for the root.
    """
    height = [0] * len(parents)
    longest = 0
    for node in range(len(parents) - 1, 0, -1):
        parent, reach = int(parents[node]), height[node] + 1
        longest = max(longest, height[parent] + reach)
        height[parent] = max(height[parent], reach)
    return longest
