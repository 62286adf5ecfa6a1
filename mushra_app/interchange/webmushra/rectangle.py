"""The sentences and systems of a study: in Intone, every system says every sentence."""

from dataclasses import dataclass

from mushra_app.interchange.webmushra.stimuli import REFERENCE, Cells


@dataclass(frozen=True)
class Rectangle:
    """What becomes the stimulus set.

    Attributes:
        sentences: in the order of the file.
        systems: without the one that stands in for the reference.
        reference: name of the reference, or of what stands in for it.
        recorded: whether there is a reference.
    """

    sentences: tuple[str, ...]
    systems: tuple[str, ...]
    reference: str
    recorded: bool

    def holds(self, sentence: str, system: str) -> bool:
        """Whether a stimulus is part of it."""
        return sentence in self.sentences and system in (self.reference, *self.systems)


def largest(cells: Cells) -> Rectangle | None:
    """As many stimuli as can be in one study; the first such choice in the order of the file.

    With a reference on any page, only sentences that have one. None if fewer than two versions of
    any sentence are left.
    """
    there: dict[str, list[str]] = {}
    for sentence, system in cells.audio:
        there.setdefault(sentence, []).append(system)
    recorded = any(REFERENCE in systems for systems in there.values())
    if recorded:
        there = {s: systems for s, systems in there.items() if REFERENCE in systems}
    sets = [frozenset(systems) for systems in there.values()]
    choices = dict.fromkeys([*sets, frozenset.intersection(*sets)] if sets else [])
    best: tuple[int, frozenset[str], list[str]] | None = None
    for choice in choices:
        if len(choice) < 2:
            continue
        sentences = [s for s, systems in there.items() if choice <= set(systems)]
        size = len(sentences) * len(choice)
        if best is None or size > best[0]:
            best = (size, choice, sentences)
    if best is None:
        return None
    _, choice, sentences = best
    order = [s for s in dict.fromkeys(system for _, system in cells.audio) if s in choice]
    reference = REFERENCE if recorded else order[0]
    systems = tuple(s for s in order if s != reference)
    return Rectangle(tuple(sentences), systems, reference, recorded)
