"""Constituents from a dependency tree by rules, without weights.

F1 on the held-out GUM documents, with this tagger's dependencies: 0.709 without labels, 0.636 with
(`intone text score-parser GUM_FOLDER --held-out 12 --parser rules`); see data/parser/README.md.
"""

from collections.abc import Sequence

from tts_core.text.parse.trees import Span, bracket
from tts_core.text.tagger import Tagged

_PHRASE = {"NOUN": "NP", "PROPN": "NP", "PRON": "NP", "NUM": "QP", "ADP": "PP", "ADJ": "ADJP"}
_PHRASE |= {"ADV": "ADVP", "SCONJ": "SBAR", "PART": "VP"}
_SUBJECTS = {"nsubj", "nsubjpass", "expl", "csubj", "csubjpass"}
_CLAUSES = {"advcl", "ccomp", "relcl"}
_POSTMODIFIERS = {"prep", "relcl", "acl", "appos", "conj", "cc"}
_WH_TAGS = {"WDT", "WP", "WRB", "WP$"}


class RuleParser:
    """Trees by rules from the dependencies that the tagger found."""

    name = "rules"

    def __call__(self, sentences: Sequence[Sequence[Tagged]]) -> list[str]:
        """See `ConstituencyParser`."""
        return [bracket(words, dependency_spans(words)) for words in sentences]


def dependency_spans(words: Sequence[Tagged]) -> list[Span]:
    """Labelled constituents of two or more words.

    Args:
        words: the words of one sentence without punctuation, heads as indices into them, L.

    Returns:
        (label, start, end), end exclusive; spans may cross where the dependencies do.
    """
    children: list[list[int]] = [[] for _ in words]
    for position, word in enumerate(words):
        if word.head != position:
            children[word.head].append(position)
    extents = [_extent(position, children) for position in range(len(words))]
    spans: list[Span] = []
    for position, word in enumerate(words):
        start, end = extents[position]
        if end - start < 2:
            continue
        if word.pos in ("VERB", "AUX") and word.dep not in ("aux", "auxpass"):
            spans += _clause(position, words, children[position], extents)
        else:
            spans += _phrase(position, words, children[position], extents)
    return list(dict.fromkeys(spans))


def _extent(position: int, children: Sequence[Sequence[int]]) -> tuple[int, int]:
    members, queue = [position], [position]
    while queue:
        below = children[queue.pop()]
        members += below
        queue += below
    return min(members), max(members) + 1


def _clause(
    verb: int,
    words: Sequence[Tagged],
    children: Sequence[int],
    extents: Sequence[tuple[int, int]],
) -> list[Span]:
    """Return the spans of a clause.

    SBAR over it if something introduces it, S, and a VP from each auxiliary on.
    """
    start, end = extents[verb]
    dep = words[verb].dep
    lefts = [child for child in children if child < verb]
    subjects = [child for child in lefts if words[child].dep in _SUBJECTS]
    introduced = any(
        words[child].dep in ("mark", "dobj") or words[child].tag in _WH_TAGS for child in lefts
    )
    spans = [("SBAR", start, end)] if dep in _CLAUSES and introduced else []
    clausal = bool(subjects) or dep in ("xcomp", "ROOT", "ccomp")
    spans.append(("S" if clausal else "VP", start, end))
    predicate = extents[subjects[-1]][1] if subjects else start
    auxiliaries = [
        child for child in lefts if words[child].dep in ("aux", "auxpass") and child >= predicate
    ]
    last = max(auxiliaries, default=-1)
    adverbs = [
        extents[child][0]
        for child in lefts
        if words[child].dep == "advmod" and child >= predicate and child > last
    ]
    heads = sorted({*auxiliaries, min([verb, *adverbs])})
    return spans + [("VP", head, end) for head in heads if end - head > 1]


def _phrase(
    head: int,
    words: Sequence[Tagged],
    children: Sequence[int],
    extents: Sequence[tuple[int, int]],
) -> list[Span]:
    """Return the spans of a phrase of its head's kind.

    A noun's postmodifiers are outside an inner NP.
    """
    start, end = extents[head]
    label = _PHRASE.get(words[head].pos, "X")
    after = [child for child in children if child > head and words[child].dep in _POSTMODIFIERS]
    inner = min((extents[child][0] for child in after), default=end)
    spans = [("NP", start, inner)] if label == "NP" and 1 < inner - start < end - start else []
    return [*spans, (label, start, end)]
