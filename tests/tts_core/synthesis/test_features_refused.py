"""Mixed spectrogram settings are refused with both digests."""

import json
from pathlib import Path

import pytest

from intone.errors import UserError
from tts_core import voice as voices
from tts_core.config import Features, preset
from tts_core.synthesis.synthesize import Synthesizer
from tts_core.training.loop import train

OURS, OTHER = Features(), Features(name="wider", hop=275)
BOTH = f"{OTHER.digest()} instead of {OURS.digest()}: hop 275 instead of 256"


def rewrite(path: Path, change) -> None:
    value = json.loads(path.read_text("utf-8"))
    change(value)
    path.write_text(json.dumps(value), "utf-8")


def with_other_features(corpus):
    """The corpus as if it had been prepared with the other features."""
    changed = {"features": OTHER, "features_digest": OTHER.digest()}
    corpus.info = corpus.info.model_copy(update=changed)
    return corpus


@pytest.fixture
def run(corpus, tiny, tmp_path) -> Path:
    train(tiny("ntts", 2), corpus, tmp_path / "run")
    return tmp_path / "run"


def test_resuming_a_run_on_other_features(run, corpus, tiny):
    with pytest.raises(UserError, match=BOTH):
        train(tiny("ntts", 2), with_other_features(corpus), run)


def test_packing_runs_of_different_features_into_one_voice(run, corpus, tiny, tmp_path):
    train(tiny("camp", 2), corpus, tmp_path / "camp")
    path = tmp_path / "camp" / "model" / "model.json"
    rewrite(path, lambda model: model["corpus"].update(features=OTHER.model_dump()))
    with pytest.raises(UserError, match=BOTH):
        voices.pack([run, tmp_path / "camp"], tmp_path / "voice")


def test_a_voice_whose_description_was_changed(run, tmp_path):
    folder = tmp_path / "voice"
    voices.pack([run], folder)
    path = folder / "voice.json"
    rewrite(path, lambda voice: voice.update(features=preset("paper24k").model_dump()))
    with pytest.raises(UserError, match=f"digest is {OURS.digest()}, but the features give"):
        voices.read_voice(folder)
    rewrite(path, lambda voice: voice.update(features_digest=preset("paper24k").digest()))
    with pytest.raises(UserError, match=f"{OURS.digest()}, the voice has"):
        Synthesizer.load("ntts", folder)
