"""Bracketed trees: reading treebanks, removing punctuation, writing."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from intone.errors import UserError
from tts_core.text.tagger import Tagged

Span = tuple[str, int, int]
"""(label, start, end) of a constituent, end exclusive."""

NO_LABEL = "FRAG"
_TOKEN = re.compile(r"[()]|[^\s()]+")
_ROOTS = {"", "ROOT", "TOP", "S1"}
# Traces and everything that is not a word, as the Penn Treebank and GUM tag it.
_NOT_WORDS = {",", ".", ":", "``", "''", "-LRB-", "-RRB-", "$", "#", "-NONE-"}
_NOT_WORDS |= {"HYPH", "NFP", "SYM", "PUNCT"}
_CLITIC = re.compile(r"(?i)n['’]t|['’](?:s|m|re|ve|ll|d)?|%")
_ONE_WORD = {"can not", "gon na", "wan na", "got ta", "gim me", "lem me"}
_ESCAPES = {"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}"}


@dataclass(frozen=True)
class Leaf:
    """A token of a treebank."""

    tag: str
    text: str


@dataclass(frozen=True)
class Tree:
    """A constituency tree.

    Attributes:
        leaves: the tokens in order, L.
        spans: (label, start, end) of every constituent over leaves, outer ones first.
        line: where it starts in its file, from 1.
    """

    leaves: tuple[Leaf, ...]
    spans: tuple[Span, ...]
    line: int = 1

    @property
    def words(self) -> list[str]:
        """The leaves as written."""
        return [leaf.text for leaf in self.leaves]


def read_trees(text: str, source: str = "tree") -> Iterator[Tree]:
    """Yield every tree of a text in Penn brackets.

    A tree is on one line or over many.

    Args:
        text: the brackets. source: what to name in a refusal.

    Raises:
        UserError: brackets that do not balance, or a word outside of them.
    """
    leaves: list[Leaf] = []
    spans: list[Span] = []
    path: list[tuple[int, int]] = []
    previous, line, seen = "", 1, 0
    for match in _TOKEN.finditer(text):
        token = match.group()
        line += text.count("\n", seen, match.start())
        seen = match.start()
        if token == "(":
            if not path:
                first = line
            path.append((len(spans), len(leaves)))
            spans.append(("", len(leaves), len(leaves)))
        elif not path:
            raise UserError(
                f"{source}, line {line}: {token!r} is outside of every tree; check the brackets"
            )
        elif token != ")":
            node, start = path[-1]
            if previous == "(":
                spans[node] = (token, start, start)
            else:
                leaves.append(Leaf(spans[node][0], _ESCAPES.get(token, token)))
                spans[node] = ("", start, -1)
        else:
            node, start = path.pop()
            label, _, end = spans[node]
            spans[node] = (label, start, -1 if end < 0 else len(leaves))
            if not path:
                yield Tree(tuple(leaves), tuple(s for s in spans if s[2] >= 0), first)
                leaves, spans = [], []
        previous = token
    if path:
        raise UserError(
            f"{source}, line {first}: the tree that starts here is never closed; add its brackets"
        )


def read_file(path: Path) -> list[Tree]:
    """Trees of one file.

    Raises:
        UserError: not readable, no tree in it, or brackets that do not balance.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path}: cannot be read as UTF-8 text ({error}); check the file"
        ) from error
    trees = list(read_trees(text, str(path)))
    if not trees:
        raise UserError(f"{path}: holds no tree; one in Penn brackets looks like (S (NP (PRP I)))")
    return trees


def plain(tree: Tree) -> Tree:
    """Without punctuation, traces, functional labels and roots; emptied constituents go too."""
    kept = [leaf.tag not in _NOT_WORDS for leaf in tree.leaves]
    return _select(tree, kept)


def as_written(tree: Tree) -> Tree:
    """Join in `plain` the parts that our front-end keeps in one word.

    Treebanks part "do n't", "John 's", "eye - tracking" and "50 %". The word takes the
    position of its first part.
    """
    joined: list[Leaf] = []
    kept: list[bool] = []
    hyphen = False
    for leaf in tree.leaves:
        word = leaf.tag not in _NOT_WORDS
        before = joined[-1].text if joined else ""
        pair = f"{before} {leaf.text}".lower()
        glue = hyphen or leaf.tag == "HYPH" or pair in _ONE_WORD
        glue |= word and _CLITIC.fullmatch(leaf.text) is not None
        hyphen = leaf.tag == "HYPH" and bool(before)
        if glue and before and (word or hyphen):
            joined[-1] = Leaf(joined[-1].tag, before + leaf.text)
            kept.append(False)
        elif word:
            joined.append(leaf)
            kept.append(True)
        else:
            kept.append(False)
    selected = _select(tree, kept)
    return Tree(tuple(joined), selected.spans, tree.line)


def _select(tree: Tree, kept: Sequence[bool]) -> Tree:
    """Return the chosen leaves and the constituents that hold one."""
    before = [0]
    for keep in kept:
        before.append(before[-1] + keep)
    spans = tuple(
        (_category(label), before[start], before[end])
        for label, start, end in tree.spans
        if before[start] < before[end] and label not in _ROOTS
    )
    leaves = tuple(leaf for leaf, keep in zip(tree.leaves, kept, strict=True) if keep)
    return Tree(leaves, spans, tree.line)


def _category(label: str) -> str:
    """Strip functional suffixes: NP-SBJ=1 is NP."""
    return re.split("[-=|]", label)[0] or label


def over_words(tree: Tree, words: Sequence[str]) -> list[Span]:
    """Return constituents as spans of differently split words.

    Args:
        tree: any tree of the same letters and digits (`letters`).
        words: L.

    Returns:
        Spans over the words; a word belongs to the span of its first letter.
    """
    tree = plain(tree)
    ends = [0]
    for leaf in tree.leaves:
        ends.append(ends[-1] + len(letters([leaf.text])))
    starts, at = [], 0
    for word in words:
        starts.append(at)
        at += len(letters([word]))
    spans = []
    for label, start, end in tree.spans:
        last = float("inf") if end == len(tree.leaves) else ends[end]
        inside = [position for position, at in enumerate(starts) if ends[start] <= at < last]
        if inside:
            spans.append((label, inside[0], inside[-1] + 1))
    return spans


def letters(words: Iterable[str]) -> str:
    """Return letters and digits of a sentence without accents.

    Two ways to write a sentence have these in common.
    """
    plain_text = unicodedata.normalize("NFKD", "".join(words).casefold())
    return "".join(char for char in plain_text if char.isalnum())


def bracket(words: Sequence[Tagged], spans: Iterable[Span]) -> str:
    """Return Penn brackets of labelled spans.

    One that crosses a longer one is left out.

    The leaves are the words in order, each under the tag that our own tagger gave it, whichever
    parser found the spans: so a leaf's tag is the word's `pos` in every analysis.

    Args:
        words: the leaves, L. spans: (label, start, end) in any order, equal spans outer first.
    """
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: span[1] - span[2]):
        if not any(_cross(span, other) for other in kept):
            kept.append(span)
    if not any(start == 0 and end == len(words) for _, start, end in kept):
        kept.insert(0, (NO_LABEL, 0, len(words)))
    opening: list[list[str]] = [[] for _ in words]
    closing = [0] * len(words)
    for label, start, end in kept:
        opening[start].append(label)
        closing[end - 1] += 1
    return " ".join(
        "".join(f"({label} " for label in labels)
        + f"({word.tag} {_escape(word.text)})"
        + ")" * closed
        for word, labels, closed in zip(words, opening, closing, strict=True)
    )


def _cross(a: Span, b: Span) -> bool:
    return a[1] < b[1] < a[2] < b[2] or b[1] < a[1] < b[2] < a[2]


def _escape(text: str) -> str:
    return text.replace("(", "-LRB-").replace(")", "-RRB-").replace(" ", "")
