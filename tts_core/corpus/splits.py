"""Assignment of sentences to training, validation and test.

Several readings of one sentence, and one text under several sentence ids, must never be on both
sides of a split: a model would be tested on what it was trained on. So whole groups are
assigned, where recordings that share a sentence id or a normalised text are connected.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Literal

from intone.errors import UserError
from tts_core.text.plain import normalised
from tts_core.types import Prepared, Recording

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
FRACTIONS = (0.85, 0.05, 0.10)


def groups(recordings: Iterable[Recording | Prepared]) -> dict[str, str]:
    """Connect recordings that share a sentence id or a normalised text.

    Returns:
        utterance to the name of its group; the name is the least sentence id of the group and so
        does not depend on the order of the recordings.
    """
    parent: dict[tuple[str, str], tuple[str, str]] = {}

    def root(node: tuple[str, str]) -> tuple[str, str]:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    recordings = list(recordings)
    for recording in recordings:
        root(("sentence", recording.sentence))
        # No text, no evidence that two recordings belong together.
        if key := normalised(recording.text):
            parent[root(("text", key))] = root(("sentence", recording.sentence))
    least: dict[tuple[str, str], str] = {}
    for recording in recordings:
        top = root(("sentence", recording.sentence))
        least[top] = min(least.get(top, recording.sentence), recording.sentence)
    return {r.utterance: least[root(("sentence", r.sentence))] for r in recordings}


def split(
    recordings: Sequence[Recording], seed: int = 0, fractions: Sequence[float] = FRACTIONS
) -> dict[str, Split]:
    """Assign every recording to train, validation or test.

    A split that the recordings bring (`splits.csv`) is taken as it is. Else groups are ranked by a
    seeded digest of their name, so the assignment does not depend on the order of the rows, and
    changes little when a corpus grows: one more group moves at most three others.

    Args:
        recordings: of one corpus.
        seed: another seed, another split.
        fractions: shares of the groups for train, validation and test; sum 1.

    Returns:
        utterance to split. Validation and test get at least one group each if there are three.

    Raises:
        UserError: the split that the recordings bring puts one group on two sides.
    """
    if len(fractions) != len(SPLITS) or min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError(f"fractions must be three shares with sum 1, not {tuple(fractions)}")
    group_of = groups(recordings)
    if any(r.split is not None for r in recordings):
        return _given(recordings, group_of)
    ranked = sorted(set(group_of.values()), key=lambda name: _rank(name, seed))
    least = 1 if len(ranked) >= len(SPLITS) else 0
    held_out = {
        name: max(round(share * len(ranked)), least if share > 0 else 0)
        for name, share in (("test", fractions[2]), ("validation", fractions[1]))
    }
    side: dict[str, Split] = dict.fromkeys(ranked, "train")
    side.update(dict.fromkeys(ranked[: held_out["test"]], "test"))
    end = held_out["test"] + held_out["validation"]
    side.update(dict.fromkeys(ranked[held_out["test"] : end], "validation"))
    return {utterance: side[group] for utterance, group in group_of.items()}


def _given(recordings: Sequence[Recording], group_of: dict[str, str]) -> dict[str, Split]:
    side: dict[str, Split] = {}
    first: dict[str, Recording] = {}
    for r in recordings:
        given: Split | None = next((name for name in SPLITS if name == r.split), None)
        if given is None:
            raise ValueError(f"{r.utterance}: its split is {r.split!r}, one of {SPLITS} is needed")
        other = first.setdefault(group_of[r.utterance], r)
        if other.split != given:
            raise UserError(
                f"splits.csv puts {other.utterance} in {other.split} and {r.utterance} in {given}, "
                "but they share a sentence or a text: a system would be tested on what it was "
                "trained on; put both on one side"
            )
        side[r.utterance] = given
    return side


def _rank(name: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}/{name}".encode()).hexdigest()
