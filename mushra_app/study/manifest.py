"""Manifest of the played files of a study."""

import hashlib
import json
import os
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field

from intone.documents import Closed, read
from intone.errors import UserError
from intone.files import sha256

MANIFEST = "manifest.json"

PlayedRole = Literal["system", "reference", "copy_synthesis", "anchor_low", "anchor_mid"]


class Item(Closed):
    """Played file of one system and sentence."""

    sentence: str
    text: str
    system: str
    role: PlayedRole
    path: str = Field(description="file name relative to the manifest")
    sha256: str
    seconds: float = Field(description="duration without the silence added at the end, s")
    gain_db: float = Field(description="gain of the whole file, dB")
    loudness_lufs: float = Field(description="integrated loudness after the gain, LUFS")


class Manifest(Closed):
    """Played files of a study, and their source."""

    made_from: str = Field(description="digest of the stimulus set and of the study's settings")
    sample_rate: int
    channels: int
    target_lufs: float
    warnings: list[str]
    items: list[Item]

    def item(self, sentence: str, system: str) -> Item:
        """Return the file of one system and sentence."""
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
    """Return the folder of the played files, beside the study file."""
    return study_yaml.with_name(study_yaml.stem + "_audio")


def read_manifest(folder: Path) -> Manifest | None:
    """Return a folder's manifest; None if a file is missing or damaged."""
    try:
        manifest = read(folder / MANIFEST, Manifest)
        for item in manifest.items:
            if sha256(folder / item.path) != item.sha256:
                return None
    except (OSError, UserError):
        return None
    return manifest


def write_bytes_whole(path: Path, content: bytes) -> None:
    """Write a file in one step, safe against other writing processes."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    temporary.write_bytes(content)
    temporary.replace(path)
