"""Modes of a rendition: sources of its prosody and its durations."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mode:
    """Source of a rendition's prosody.

    Attributes:
        name: "text", "sampled" or "oracle".
        reads_recording: whether two readings of one text give different renditions.
        timings: possible durations: the system's "own", or those of the "recording".
    """

    name: str
    reads_recording: bool
    timings: tuple[str, ...]


TEXT = Mode("text", False, ("recording", "own"))
SAMPLED = Mode("sampled", False, ("own",))
ORACLE = Mode("oracle", True, ("recording", "own"))
