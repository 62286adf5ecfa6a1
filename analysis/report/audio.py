"""The audio behind the numbers: players that are part of the page."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.data.ratings import Ratings
from analysis.report.details import PairDetails
from intone.contracts import Stimulus, StimulusSet
from intone.errors import UserError

# As many texts as the table of the worst ones has.
N_WORST = 5
_KINDS = {".wav": "wav", ".flac": "flac", ".ogg": "ogg", ".opus": "ogg", ".mp3": "mpeg"}


@dataclass(frozen=True)
class Player:
    """One system saying one sentence.

    Attributes:
        system: its name.
        seconds: duration, s.
        uri: the audio file itself, as a data URI.
    """

    system: str
    seconds: float
    uri: str


@dataclass(frozen=True)
class Sentence:
    """One of the worst texts, to be heard.

    Attributes:
        utterance: its name.
        text: wording of the sentence.
        players: the systems of the first comparison, then the reference if there is one.
    """

    utterance: str
    text: str
    players: tuple[Player, ...]


def sentences(
    stimulus_set: StimulusSet, folder: Path, ratings: Ratings, pair: PairDetails
) -> tuple[Sentence, ...]:
    """Return the worst texts of a comparison with their audio.

    Args:
        stimulus_set: the stimulus set that was rated, read from `folder` with its files verified.
        folder: its folder (or its `stimuli.json`).
        ratings: the ratings.
        pair: the comparison.

    Raises:
        UserError: a set that does not have what was rated, or audio that browsers do not play.
    """
    root = folder if folder.is_dir() else folder.parent
    stimuli = {(s.sentence, s.system): s for s in stimulus_set.stimuli}
    reference = ratings.roles.reference
    systems = [pair.x, pair.y]
    if reference is not None and reference not in systems:
        systems.append(reference)
    _check("system", systems, stimulus_set.systems, folder, ratings)
    worst = [item.utterance for item in pair.items[:N_WORST]]
    _check("sentence", worst, stimulus_set.sentences, folder, ratings)
    # A recording may be missing of a text that was rated without it.
    return tuple(
        Sentence(
            name,
            next(s.text for s in stimulus_set.stimuli if s.sentence == name),
            tuple(
                _player(root, stimuli[name, system])
                for system in systems
                if (name, system) in stimuli
            ),
        )
        for name in worst
    )


def _check(
    what: str, wanted: Sequence[str], there: Sequence[str], folder: Path, ratings: Ratings
) -> None:
    missing = [name for name in wanted if name not in there]
    if missing:
        some = ", ".join(map(repr, there[:4])) + (" ..." if len(there) > 4 else "")
        raise UserError(
            f"--stimuli {folder}: the set has no {what} {missing[0]!r}, which {ratings.source} has "
            f"ratings of (it has {some}); give the stimulus set that was rated"
        )


def _player(root: Path, stimulus: Stimulus) -> Player:
    path = root / stimulus.path
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        raise UserError(
            f"--stimuli {path}: browsers do not play {path.suffix or 'a file without a suffix'}; "
            f"convert it to one of {', '.join(_KINDS)} and make the set again"
        )
    content = base64.b64encode(path.read_bytes()).decode("ascii")
    return Player(stimulus.system, stimulus.seconds, f"data:audio/{kind};base64,{content}")
