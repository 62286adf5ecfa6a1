"""Settings of a preparation, and the recordings they select."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import soundfile

from intone.errors import UserError
from intone.files import sha256
from intone.resources import data_path
from tts_core.config import Features
from tts_core.types import Recording

ALL = "all"
ALIGNERS = ("auto", "viter", "pocketsphinx")
_SHOWN = 12


@dataclass(frozen=True)
class Settings:
    """Everything besides the corpus that decides the result.

    Attributes:
        features: how audio becomes a spectrogram.
        aligner: one of `ALIGNERS`, or a folder of TextGrids or a CTM file with an alignment.
        speaker: whose recordings are used: a name, or "all". None for a corpus of one speaker.
        lexicon: file with pronunciations of one's own.
        parser: `tts_core.text.parse`'s name of a constituency parser.
        encoder: text encoder whose word pieces are stored.
        seed: of the split and of the aligner's training.
    """

    features: Features = field(default_factory=Features)
    aligner: str = "auto"
    speaker: str | None = None
    lexicon: Path | None = None
    parser: str = "auto"
    encoder: str = "minilm"
    seed: int = 0

    def described(self) -> dict[str, Any]:
        """Return a JSON value of everything the result depends on.

        Files are described by their content.
        """
        encoder = Path(self.encoder).expanduser()
        return {
            "features": self.features.digest(),
            "aligner": self.aligner if self.aligner in ALIGNERS else _digest(Path(self.aligner)),
            "speaker": self.speaker,
            "lexicon": self.lexicon_digest(),
            "parser": self._parser(),
            "encoder": _digest(encoder) if encoder.is_dir() else self.encoder,
            "seed": self.seed,
        }

    def _parser(self) -> list[str]:
        """Describe the parser; weights and files by their content.

        "auto" is described by the parser it selects.
        """
        kind, _, detail = self.parser.partition(":")
        if kind == "auto":
            from tts_core.text.parse import automatic

            detail = automatic(self.encoder) or ""
        shipped = data_path("parser", f"span_{detail}.safetensors")
        weights = shipped if shipped.is_file() else Path(detail).expanduser()
        return [kind, _digest(weights) if weights.is_file() else detail]

    def lexicon_digest(self) -> str | None:
        """Digest of the user's lexicon, None without one.

        Raises:
            UserError: the file is not there.
        """
        return None if self.lexicon is None else _digest(self.lexicon)


def of_speaker(recordings: Sequence[Recording], speaker: str | None) -> list[Recording]:
    """Return the recordings of a speaker.

    The systems speak with one voice, so a corpus of several speakers is not mixed unasked.

    Args:
        recordings: of a corpus.
        speaker: a name, "all", or None if the corpus has one speaker only.

    Raises:
        UserError: several speakers and none chosen, or no such speaker; lists them with hours.
    """
    known = {recording.speaker for recording in recordings}
    if speaker == ALL or (speaker is None and len(known) == 1):
        return list(recordings)
    if speaker in known:
        return [recording for recording in recordings if recording.speaker == speaker]
    listed = _with_hours(recordings)
    if speaker is None:
        raise UserError(
            f"the corpus has {len(known)} speakers ({listed}) and a system speaks with one voice; "
            "choose one with --speaker NAME, or mix them with --speaker all"
        )
    raise UserError(f"--speaker {speaker}: no such speaker in the corpus; it has {listed}")


def _with_hours(recordings: Sequence[Recording]) -> str:
    hours: dict[str, float] = defaultdict(float)
    for recording in recordings:
        hours[recording.speaker] += _seconds(recording) / 3600
    ranked = sorted(hours.items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{name} {amount:.2f} h" for name, amount in ranked[:_SHOWN])
    return shown + (f" and {len(ranked) - _SHOWN} more" if len(ranked) > _SHOWN else "")


def _seconds(recording: Recording) -> float:
    if recording.seconds is not None:
        return recording.seconds
    try:
        return soundfile.info(recording.path).duration
    except (soundfile.LibsndfileError, OSError):
        return 0.0


def _digest(path: Path) -> str:
    """Return the digest of a file or of a folder's files."""
    if path.is_file():
        return sha256(path)
    if not path.is_dir():
        raise UserError(f"{path}: no such file or folder; check the path")
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")):
        if file.is_file():
            digest.update(f"{file.relative_to(path)}/{sha256(file)}".encode())
    return digest.hexdigest()
