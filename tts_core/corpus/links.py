"""Links from a recording to the sentences before and after it."""

from collections.abc import Iterable

from tts_core.types import Recording

Neighbours = tuple[str | None, str | None]


def neighbours(recordings: Iterable[Recording]) -> dict[str, Neighbours]:
    """Link the sentences that were read one after the other.

    Two recordings are neighbours if one speaker read them in one paragraph and their positions
    follow each other; where the sentence between two recordings is missing there is no link. Of
    several readings of one position the one with the least id represents all.

    Returns:
        utterance to the utterances before and after it, None where there is none or the corpus
        does not know.
    """
    recordings = list(recordings)
    at: dict[tuple[str, str, int], str] = {}
    for r in recordings:
        if r.paragraph is not None and r.position is not None:
            key = (r.speaker, r.paragraph, r.position)
            at[key] = min(at.get(key, r.utterance), r.utterance)
    links: dict[str, Neighbours] = {}
    for r in recordings:
        if r.paragraph is None or r.position is None:
            links[r.utterance] = (None, None)
            continue
        before = at.get((r.speaker, r.paragraph, r.position - 1))
        after = at.get((r.speaker, r.paragraph, r.position + 1))
        links[r.utterance] = (before, after)
    return links
