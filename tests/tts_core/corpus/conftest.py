"""A few demo sentences, read once for all tests of this folder."""

import os
import shutil
from pathlib import Path

import pytest

from intone import assets
from tts_core.corpus.demo import build_demo

SENTENCES = 8


@pytest.fixture(scope="session")
def read_aloud(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Demo corpus of the first sentences; not to be changed."""
    if not assets.available("piper-joe"):
        pytest.skip("the stand-in voice is not here: `intone assets piper-joe`")
    folder = tmp_path_factory.mktemp("demo") / "corpus"
    build_demo(folder, limit=SENTENCES)
    return folder


@pytest.fixture
def corpus(read_aloud: Path, tmp_path: Path) -> Path:
    """A copy of the demo corpus that a test may damage."""
    return Path(shutil.copytree(read_aloud, tmp_path / "corpus"))


@pytest.fixture(scope="session")
def kathleen() -> Path:
    """The human corpus, where it is."""
    folder = Path(os.environ.get("INTONE_CORPORA", "../shared/corpora"), "kathleen")
    if not folder.is_dir():
        pytest.skip(f"no human corpus at {folder}; INTONE_CORPORA says where it is")
    return folder
