"""Kinds of simulated listeners, and the judgement of each."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from intone.errors import UserError

Kind = Literal["honest", "lazy", "random", "one_sided", "reference_matching"]
KINDS: tuple[Kind, ...] = get_args(Kind)

# Points that a reference-matching listener takes off everything but the reference.
MATCHING_COSTS = 15


@dataclass(frozen=True)
class Manner:
    """Judgement of a page by one listener.

    Attributes:
        scores: by slot, 0 to 100.
        heard_ms: listening time of each version, ms.
        attentive: attention pages get the answer that they ask for.
        always_first: the first of a pair is always preferred.
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
    """Return a listener's judgement where an honest listener answers `heard`.

    Args:
        kind: honest; lazy: hardly listens and leaves every slider near the middle; random: answers
            at random; one_sided: rates everything as good, and prefers the first of every pair;
            reference_matching: penalises a prosody that differs from the reference's where the
            page has a reference, and is honest elsewhere.
        heard: an honest listener's scores by slot, 0 to 100.
        is_reference: by slot, True for the hidden reference.
        open_reference: the page has an open reference.
        generator: random numbers of this listener.
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


def cast_of(text: str) -> dict[Kind, int]:
    """Read numbers of listeners by kind, such as "honest=20,lazy=2".

    Raises:
        UserError: an unknown kind, or no number.
    """
    cast: dict[Kind, int] = {}
    for part in text.split(","):
        name, _, number = part.partition("=")
        kind: Kind | None = next((k for k in KINDS if k == name.strip()), None)
        if kind is None or not number.strip().isdigit():
            raise UserError(
                f"--cast {text}: {part!r} is not KIND=NUMBER; the kinds are {', '.join(KINDS)}"
            )
        cast[kind] = int(number)
    return cast


def roles(cast: Mapping[Kind, int], seed: int) -> list[Kind]:
    """Return the kind of every listener, in a seeded random order."""
    kinds: list[Kind] = [kind for kind in KINDS for _ in range(cast.get(kind, 0))]
    random.Random(f"cast:{seed}").shuffle(kinds)
    return kinds
