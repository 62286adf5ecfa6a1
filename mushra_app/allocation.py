"""Who hears what, in which order: decided by the study's seed and the listener's number alone."""

import hashlib
import random
from dataclasses import dataclass

from mushra_app.study import Study

LOW, MID = "anchor-3.5k", "anchor-7k"


@dataclass(frozen=True)
class Page:
    """One page of one listener: a sentence, and the system behind each slot."""

    sentence: str
    slots: tuple[str, ...]


def conditions(study: Study) -> list[str]:
    """Every system on a page: the hidden reference, the systems under test, the anchors."""
    anchors = [LOW] * study.anchors.low + [MID] * study.anchors.mid
    return [study.reference, *study.systems, *anchors]


def listener_seed(study: Study, number: int) -> int:
    """Seed (31 bits) of the listener who came as `number`-th, counted from 0."""
    digest = hashlib.sha256(f"{study.seed}:{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def allocate(study: Study, number: int) -> list[Page]:
    """Pages of the `number`-th listener.

    Sentences take turns: listener n starts where listener n-1 stopped in one fixed shuffle of all
    sentences, so that after any number of listeners no sentence was rated more than once more
    than another. Pages, and the stimuli on every page, come in an order of the listener's own.
    """
    deck = list(study.sentences)
    random.Random(f"deck:{study.seed}").shuffle(deck)
    start = number * study.pages_per_listener
    own = [deck[(start + i) % len(deck)] for i in range(study.pages_per_listener)]
    generator = random.Random(listener_seed(study, number))
    generator.shuffle(own)
    pages = []
    for sentence in own:
        slots = conditions(study)
        generator.shuffle(slots)
        pages.append(Page(sentence, tuple(slots)))
    return pages
