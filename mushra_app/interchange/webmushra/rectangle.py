"""Choice of sentences and systems such that every system says every sentence."""

from dataclasses import dataclass

from mushra_app.interchange.webmushra.stimuli import REFERENCE, Cells


@dataclass(frozen=True)
class Rectangle:
    """Sentences and systems of the stimulus set.

    Attributes:
        sentences: sentence ids in the order of the file.
        systems: systems without the reference or its substitute.
        reference: name of the reference or of its substitute.
        recorded: True if `reference` is a recorded reference.
    """

    sentences: tuple[str, ...]
    systems: tuple[str, ...]
    reference: str
    recorded: bool

    def holds(self, sentence: str, system: str) -> bool:
        """Return True if a stimulus is part of it."""
        return sentence in self.sentences and system in (self.reference, *self.systems)


def largest(cells: Cells) -> Rectangle | None:
    """Return the choice with the most stimuli.

    Of equal choices it is the first in the file. If any page has a reference, only sentences with
    one are chosen. None if no sentence has two versions.
    """
    systems_of: dict[str, list[str]] = {}
    for sentence, system in cells.audio:
        systems_of.setdefault(sentence, []).append(system)
    recorded = any(REFERENCE in systems for systems in systems_of.values())
    if recorded:
        systems_of = {s: systems for s, systems in systems_of.items() if REFERENCE in systems}
    sets = [frozenset(systems) for systems in systems_of.values()]
    choices = dict.fromkeys([*sets, frozenset.intersection(*sets)] if sets else [])
    best: tuple[int, frozenset[str], list[str]] | None = None
    for choice in choices:
        if len(choice) < 2:
            continue
        sentences = [s for s, systems in systems_of.items() if choice <= set(systems)]
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
