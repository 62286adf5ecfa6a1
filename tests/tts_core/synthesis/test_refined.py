"""Voices with a refiner, and what the commands do with it."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from typer.testing import CliRunner

from intone.contracts.stimuli import StimulusSet
from intone.errors import UserError
from tests.tts_core.support import write_corpus
from tts_core import voice as voices
from tts_core.commands.cli import app
from tts_core.config import Features
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.refiner.filter import sharpened
from tts_core.refiner.saved import read_refiner, save_refiner
from tts_core.synthesis.synthesize import Synthesizer
from tts_core.vocoder.load import GRIFFIN_LIM, load_vocoder
from tts_core.voice import common_refiner

TEXT = "The small boat came home."
SMALL = ("width=8", "noise=2", "dilations=[1]", "crop_frames=8", "batch=2", "steps=2")


def invoke(*words: object) -> None:
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output


def refiner_in(voice: Path) -> voices.VoiceRefiner:
    described = voices.read_voice(voice).refiner
    assert isinstance(described, voices.VoiceRefiner)
    return described


@pytest.fixture
def refined(voice: Path, corpus: PreparedCorpus, tmp_path: Path) -> Path:
    """Run of a refiner, trained by the command line."""
    run, out = tmp_path / "runs" / "ntts", tmp_path / "refined"
    invoke("refiner", "train", run, voice / "camp", *SMALL, "--data", corpus.path, "--out", out)
    # Two steps hardly move the last layer, which starts at zero: a listener would hear nothing.
    refiner, described = read_refiner(out / "refiner")
    torch.nn.init.normal_(refiner.last.weight, std=0.3)
    shutil.rmtree(out / "refiner")
    save_refiner(out / "refiner", refiner, described.model_dump(exclude={"weights_sha256"}))
    return out


@pytest.fixture
def voice_with(refined: Path, tmp_path: Path) -> Path:
    """Voice of two systems with the refiner in half precision."""
    folder = tmp_path / "with"
    runs = [tmp_path / "runs" / name for name in ("ntts", "durian_plus")]
    invoke("voice", "pack", *runs, "-o", folder, "--half", "--refiner", refined)
    return folder


def test_a_voice_carries_its_refiner_in_half_precision(voice_with, refined):
    described = refiner_in(voice_with)
    plain, halved = (read_refiner(folder / "refiner") for folder in (refined, voice_with))
    assert described.weights_sha256 == halved[1].weights_sha256 != plain[1].weights_sha256
    assert (described.recipe, described.steps) == ("refiner", 2)
    assert [teacher.system for teacher in halved[1].systems] == ["ntts", "camp"]
    for name, value in plain[0].state_dict().items():
        torch.testing.assert_close(halved[0].state_dict()[name], value, rtol=1e-3, atol=1e-6)
    shown = CliRunner().invoke(app, ["voice", "show", str(voice_with)])
    assert described.weights_sha256 in shown.output
    shutil.rmtree(voice_with / "refiner")
    with pytest.raises(UserError, match="no trained refiner there"):
        Synthesizer.load("ntts", voice_with)


def test_a_refiner_of_another_corpus_is_not_packed(refined, tmp_path):
    refiner, described = read_refiner(refined / "refiner")
    shutil.rmtree(refined / "refiner")
    other = described.model_dump(exclude={"weights_sha256"})
    other["corpus"]["inputs_digest"] = "f" * 16
    save_refiner(refined / "refiner", refiner, other)
    with pytest.raises(UserError, match="trained on another prepared corpus than the systems"):
        voices.pack([tmp_path / "runs" / "ntts"], tmp_path / "mixed", refiner=str(refined))
    assert not (tmp_path / "mixed").exists()


def test_synthesis_uses_the_refiner_by_its_name(voice, voice_with, refined, frontend):
    vocoder = load_vocoder(Features(), GRIFFIN_LIM)

    def mel(folder: Path, refiner: str) -> np.ndarray:
        speaker = Synthesizer.load("ntts", folder, vocoder, frontend, refiner)
        return speaker.speak(TEXT, seed=1).mel

    def digest(values: np.ndarray) -> str:
        return hashlib.sha256(values.tobytes()).hexdigest()

    plain = mel(voice, "none")
    assert digest(mel(voice, "auto")) == digest(plain)
    trained = mel(voice, str(refined))
    assert trained.shape == plain.shape
    assert np.abs(trained - plain).mean() > 0.05
    assert digest(mel(voice, str(refined))) == digest(trained)
    half = mel(voice_with, "none")
    assert digest(mel(voice_with, "auto")) != digest(half)
    filtered = sharpened(plain.astype(np.float64), 1, 2)
    np.testing.assert_allclose(mel(voice, "filter:1,2"), filtered, atol=1e-4)


def test_a_set_names_what_sharpened_its_speech_and_leaves_copies_alone(
    voice_with, facts, utterance, frontend, tmp_path
):
    del frontend  # whose assets this needs
    audio = tmp_path / "u1.wav"
    tone = 0.1 * np.sin(2 * np.pi * 200 * np.arange(22050) / 22050)
    soundfile.write(audio, tone, 22050)
    row = utterance(1)
    spoken = row.__class__(**{**vars(row), "text": TEXT, "audio": str(audio), "split": "test"})
    corpus = write_corpus(tmp_path / "spoken", [spoken], facts)
    out = tmp_path / "set"
    words = ["--copy-synthesis", "--refine-copy", "--vocoder", GRIFFIN_LIM, "-o", out]
    split = ["--split", "test", "--data", corpus.path, "--voice", voice_with]
    invoke("stimuli", "make", "--systems", "ntts", *split, *words)
    made = {s.system: s for s in StimulusSet.read(out).stimuli}
    described = refiner_in(voice_with)
    name = f"refiner-{described.weights_sha256[:12]}"
    assert {system: s.source.refiner for system, s in made.items()} == {
        "reference": None,
        "copy_synthesis": None,
        "copy_refined": name,
        "ntts": name,
    }
    assert made["copy_refined"].role == "copy_synthesis"
    assert made["copy_refined"].sha256 != made["copy_synthesis"].sha256
    with pytest.raises(UserError, match="--refine-copy needs a refiner"):
        invoke(
            "stimuli",
            "make",
            "--systems",
            "ntts",
            *split,
            *words[:-1],
            tmp_path / "other",
            "--refiner",
            "none",
        )


def test_systems_are_compared_under_one_refiner(voice, voice_with):
    features = Features()
    assert common_refiner("auto", [voice], features) is None
    shared = common_refiner("auto", [voice_with], features)
    assert shared is not None and shared.name.startswith("refiner-")
    # The folder of a system has the refiner of its voice.
    alone = common_refiner("auto", [voice_with / "ntts"], features)
    assert alone is not None and alone.name == shared.name
    with pytest.raises(UserError, match="some of the systems have a refiner"):
        common_refiner("auto", [voice / "camp", voice_with / "ntts"], features)
    with pytest.raises(UserError, match="some of the systems have a refiner"):
        common_refiner("auto", [voice, voice_with], features)
    assert common_refiner("none", [voice, voice_with], features) is None
    chosen = common_refiner("filter:1,1", [voice, voice_with], features)
    assert chosen is not None


def test_a_voice_carries_a_filter(voice, voice_with, frontend, tmp_path):
    runs = [voice / "ntts", voice / "camp"]
    invoke("voice", "pack", *runs, "-o", tmp_path / "filtered", "--refiner", "filter:1,0.5")
    features = voices.read_voice(voice).features
    spoken = Synthesizer.load("ntts", tmp_path / "filtered", frontend=frontend)
    named = Synthesizer.load("ntts", voice, frontend=frontend, refiner="filter:1,0.5")
    assert spoken.refiner and named.refiner and spoken.refiner.name == named.refiner.name
    shared = common_refiner("auto", [tmp_path / "filtered", tmp_path / "filtered"], features)
    assert shared and shared.name == spoken.refiner.name
    with pytest.raises(UserError, match="some of the systems have a refiner"):
        common_refiner("auto", [tmp_path / "filtered", voice_with], features)
    with pytest.raises(UserError, match="filter:-1,1: not a filter"):
        voices.pack(runs, tmp_path / "wrong", refiner="filter:-1,1")
    assert not (tmp_path / "wrong").exists()
