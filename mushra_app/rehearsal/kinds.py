"""Kinds of simulated listeners: what each does with what an honest one would answer."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from intone.errors import UserError

Kind = Literal["honest", "lazy", "random", "one_sided", "reference_matching"]
KINDS: tuple[Kind, ...] = get_args(Kind)

# What follows the reference instead of judging speech takes from all that is not the reference.
MATCHING_COSTS = 15


@dataclass(frozen=True)
class Manner:
    """How somebody judged a page.

    Attributes:
        scores: by slot, 0 to 100.
        heard_ms: how long each version was heard, ms.
        attentive: whether a page that asks for one answer gets it.
        always_first: whether the first of a pair is always preferred.
    """

    scores: list[int]
    heard_ms: int = 3000
    attentive: bool = True
    always_first: bool = False


def judge(
    kind: Kind,
    heard: Sequence[int],
    is_reference: Sequence[bool],
    open_reference: bool,
    generator: random.Random,
) -> Manner:
    """What a listener of a kind answers where an honest one would answer `heard`.

    Args:
        kind: honest; lazy: hardly listens and leaves everything about the middle; random: answers
            at random; one_sided: finds everything good, and of two always the first better;
            reference_matching: takes another prosody than the reference's for a fault, where a
            reference is mentioned, and is honest where none is.
        heard: an honest listener's scores by slot, 0 to 100.
        is_reference: by slot, whether it is the hidden reference.
        open_reference: whether the page mentions a reference.
        generator: the listener's own.
    """
    if kind == "lazy":
        return Manner([generator.randint(47, 53) for _ in heard], 250, attentive=False)
    if kind == "random":
        return Manner([generator.randint(0, 100) for _ in heard], attentive=False)
    if kind == "one_sided":
        return Manner([85 + round(0.15 * score) for score in heard], always_first=True)
    if kind == "reference_matching" and open_reference:
        pairs = zip(heard, is_reference, strict=True)
        return Manner([100 if same else max(0, s - MATCHING_COSTS) for s, same in pairs])
    return Manner(list(heard))


def cast_of(said: str) -> dict[Kind, int]:
    """Read "honest=20,lazy=2" as numbers of listeners by kind.

    Raises:
        UserError: an unknown kind, or no number.
    """
    found: dict[Kind, int] = {}
    for part in said.split(","):
        name, _, number = part.partition("=")
        kind: Kind | None = next((k for k in KINDS if k == name.strip()), None)
        if kind is None or not number.strip().isdigit():
            raise UserError(
                f"--cast {said}: {part!r} is not KIND=NUMBER; the kinds are {', '.join(KINDS)}"
            )
        found[kind] = int(number)
    return found


def roles(cast: Mapping[Kind, int], seed: int) -> list[Kind]:
    """The kind of every listener, in a fixed random order."""
    people: list[Kind] = [kind for kind in KINDS for _ in range(cast.get(kind, 0))]
    random.Random(f"cast:{seed}").shuffle(people)
    return people
