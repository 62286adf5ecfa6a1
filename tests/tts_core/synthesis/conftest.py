"""Tiny voices of a few steps: noise in the right shape."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from intone import assets
from intone.resources import corpora_path
from tts_core import voice as voices
from tts_core.config import Features
from tts_core.synthesis.synthesize import Synthesizer
from tts_core.text.analyse import Frontend
from tts_core.training.loop import train
from tts_core.vocoder.load import GRIFFIN_LIM, load_vocoder

SYSTEMS = ("ntts", "ntts_attention", "durian_plus", "kathaka", "camp")


@pytest.fixture(scope="session")
def frontend() -> Frontend:
    if not all(assets.available(name) for name in ("minilm", "cmudict", "g2p-en")):
        pytest.skip("assets of the front-end are not here; `intone assets` fetches them")
    return Frontend()


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Path:
    """Runs that one test trains and every other copies."""
    return tmp_path_factory.mktemp("trained")


@pytest.fixture
def voice(corpus, tiny, tmp_path, trained) -> Path:
    runs = []
    for system in SYSTEMS:
        if not (trained / system / "model").is_dir():
            train(tiny(system, 5), corpus, trained / system)
        runs.append(shutil.copytree(trained / system, tmp_path / "runs" / system))
    voices.pack(runs, tmp_path / "voice")
    return tmp_path / "voice"


@pytest.fixture
def speaker(frontend) -> Callable[[str, Path], Synthesizer]:
    """speaker(system, voice) with a vocoder that costs little."""
    vocoder = load_vocoder(Features(), GRIFFIN_LIM)

    def load(system: str, voice: Path) -> Synthesizer:
        return Synthesizer.load(system, voice, vocoder, frontend)

    return load


@pytest.fixture
def recording() -> Path:
    """Return a reading of "Author of the danger trail, Philip Steels, etc."."""
    path = corpora_path("kathleen", "wavs", "arctic_a0001_1.flac")
    if not path.is_file():
        pytest.skip("the corpus Kathleen is not here; name its folder in INTONE_CORPORA")
    return path
