"""Contract 1: the stimulus set, a folder with `stimuli.json` and lossless audio."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from intone.documents import Closed, read
from intone.errors import UserError
from intone.files import sha256, write_whole

VERSION = 1
FILE_NAME = "stimuli.json"

Role = Literal["system", "reference", "copy_synthesis"]


class Source(Closed):
    """Origin of a stimulus, enough to make it again."""

    kind: Literal["recording", "synthesis", "copy_synthesis", "import"]
    checkpoint_sha256: str | None = Field(
        default=None, description="digest of the weights that spoke"
    )
    recipe: str | None = Field(default=None, description="name of the training recipe")
    seed: int | None = Field(default=None, description="seed of the synthesis")
    vocoder: str | None = Field(default=None, description="vocoder name; none for recordings")
    refiner: str | None = Field(
        default=None,
        description="what sharpened the predicted spectrogram, with the digest of its weights; a "
        "departure from the published systems",
    )
    original: str | None = Field(
        default=None, description="name of the imported file, without its folder"
    )
    note: str | None = Field(default=None, description="what a reader of the results must know")


class Stimulus(Closed):
    """One audio file: one system saying one sentence."""

    sentence: str = Field(min_length=1, description="sentence id, unique per text")
    text: str = Field(description="the sentence as written")
    system: str = Field(min_length=1, description="name of the system, the same in every sentence")
    role: Role = Field(description="what this system is in the design")
    path: str = Field(description="file name relative to the set's folder, with forward slashes")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="digest of the audio file")
    seconds: float = Field(gt=0, description="duration, s")
    sample_rate: int = Field(gt=0, description="sampling rate, Hz")
    loudness_lufs: float | None = Field(
        description="integrated loudness (ITU-R BS.1770), LUFS; none if shorter than 0.4 s"
    )
    source: Source

    @model_validator(mode="after")
    def _stays_inside(self) -> "Stimulus":
        parts = Path(self.path).parts
        if Path(self.path).is_absolute() or ".." in parts or "\\" in self.path:
            raise ValueError(f"path {self.path!r} leaves the stimulus folder")
        return self


class StimulusSet(Closed):
    """`stimuli.json`: every audio file of a set, with what made it."""

    version: Literal[1] = VERSION
    name: str = Field(min_length=1, description="name of the set")
    language: str = Field(default="en", description="BCP 47 language tag of the texts")
    voice: str = Field(description="name of the voice; a stand-in voice is marked as such")
    licence: str = Field(description="licence of the audio")
    created_by: str = Field(description="command line that wrote the set")
    stimuli: list[Stimulus] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_of_each(self) -> "StimulusSet":
        seen: set[tuple[str, str]] = set()
        texts: dict[str, str] = {}
        roles: dict[str, str] = {}
        for s in self.stimuli:
            if (s.sentence, s.system) in seen:
                raise ValueError(f"sentence {s.sentence!r} has system {s.system!r} twice")
            seen.add((s.sentence, s.system))
            if texts.setdefault(s.sentence, s.text) != s.text:
                raise ValueError(f"sentence {s.sentence!r} has two texts")
            if roles.setdefault(s.system, s.role) != s.role:
                raise ValueError(f"system {s.system!r} has two roles")
        return self

    @property
    def sentences(self) -> list[str]:
        """Sentence ids in the order of their first mention."""
        return list(dict.fromkeys(s.sentence for s in self.stimuli))

    @property
    def systems(self) -> list[str]:
        """System names in the order of their first mention."""
        return list(dict.fromkeys(s.system for s in self.stimuli))

    def write(self, folder: Path) -> Path:
        """Write `stimuli.json` into `folder` (which holds the audio); returns its path."""
        return write_whole(folder / FILE_NAME, self.model_dump_json(indent=2) + "\n")

    @classmethod
    def read(cls, folder: Path, verify: bool = True) -> "StimulusSet":
        """Read the set in `folder` (or a path to its `stimuli.json`).

        Args:
            folder: the set's folder.
            verify: also check that every file is there with the digest written down for it.

        Raises:
            UserError: no such set, not valid, or an audio file is missing or was changed.
        """
        path = folder / FILE_NAME if folder.is_dir() else folder
        made_by = "make a set with `intone stimuli make` or `intone stimuli import`"
        stimulus_set = read(path, cls, "make the set again", made_by)
        if verify:
            for stimulus in stimulus_set.stimuli:
                _verify(path.parent / stimulus.path, stimulus.sha256)
        return stimulus_set


def _verify(path: Path, expected: str) -> None:
    if not path.is_file():
        raise UserError(f"{path}: named in {FILE_NAME} but missing; make the set again")
    if sha256(path) != expected:
        raise UserError(f"{path}: changed since {FILE_NAME} was written; make the set again")
