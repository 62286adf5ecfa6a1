"""What is played in a study: the files made for it, and their manifest."""

import hashlib
import json
import os
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field

from intone.documents import Closed, read
from intone.errors import UserError

MANIFEST = "manifest.json"

PlayedRole = Literal["system", "reference", "copy_synthesis", "anchor_low", "anchor_mid"]


class Item(Closed):
    """One file as it is played."""

    sentence: str
    text: str
    system: str
    role: PlayedRole
    path: str = Field(description="file name relative to the manifest")
    sha256: str
    seconds: float = Field(description="speech without the silence added behind it, s")
    gain_db: float = Field(description="the one gain applied to the whole file, dB")
    loudness_lufs: float = Field(description="integrated loudness after the gain, LUFS")


class Manifest(Closed):
    """What `prepare` made and from what."""

    made_from: str = Field(description="digest of the stimulus set and of the study's choices")
    sample_rate: int
    channels: int
    target_lufs: float
    warnings: list[str]
    items: list[Item]

    def item(self, sentence: str, system: str) -> Item:
        """The file of one system saying one sentence."""
        return self._by_name[sentence, system]

    @property
    def played_sha256(self) -> str:
        """Digest of everything that listeners hear."""
        heard = sorted((i.sentence, i.system, i.role, i.sha256) for i in self.items)
        return hashlib.sha256(json.dumps(heard).encode()).hexdigest()

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], Item]:
        return {(i.sentence, i.system): i for i in self.items}


def audio_folder(study_yaml: Path) -> Path:
    """Folder of the played files, beside the study file."""
    return study_yaml.with_name(study_yaml.stem + "_audio")


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a folder, if every file it names is there as it was written."""
    try:
        found = read(folder / MANIFEST, Manifest)
        for item in found.items:
            if hashlib.sha256((folder / item.path).read_bytes()).hexdigest() != item.sha256:
                return None
    except (OSError, UserError):
        return None
    return found


def put(path: Path, content: bytes) -> None:
    """Write a file at once or not at all, also while another process writes the same."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    temporary.write_bytes(content)
    temporary.replace(path)
