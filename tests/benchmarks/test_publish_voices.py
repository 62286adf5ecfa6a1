"""Cards, samples and held-out sentences of the voices in the package."""

import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks import publish_voices
from benchmarks.publish_voices import METRICS, SYNTHETIC, Published, card, samples_page, write_ogg
from intone.contracts.stimuli import Source, Stimulus
from tts_core.audio.io import read_audio_and_rate, write_audio
from tts_core.config import Features
from tts_core.corpus.info import CorpusInfo
from tts_core.corpus.sources import read_corpus
from tts_core.voice import Voice, voice_of

CORPUS = CorpusInfo(
    name="heart", speaker="heart", licence="Apache-2.0", stand_in=True, source="tests"
)


@pytest.fixture
def voice() -> Voice:
    return voice_of(CORPUS, Features(), "minilm", {})


def stimulus(system: str, sentence: str, role: str = "system") -> Stimulus:
    return Stimulus(
        sentence=sentence,
        text=f"Text of {sentence}.",
        system=system,
        role=role,  # pyright: ignore[reportArgumentType]
        path=f"{system}/{sentence}.wav",
        sha256="0" * 64,
        seconds=1.0,
        sample_rate=22050,
        loudness_lufs=-23.0,
        source=Source(kind="recording" if role == "reference" else "synthesis"),
    )


def test_every_link_of_the_samples_page_is_a_sample(voice):
    stimuli = [stimulus(system, name) for name in ("s1", "s2") for system in SYNTHETIC]
    page = samples_page([Published(voice, stimuli)])
    links = re.findall(r"\]\((.*?)\)", page)
    assert links == [publish_voices.sample_path(voice, each) for each in stimuli]
    assert "stand-in" in page


def test_held_out_sentences_are_a_corpus_with_its_licence(tmp_path):
    samples = 0.1 * np.sin(np.arange(22050) / 10).astype(np.float32)
    write_audio(tmp_path / "set" / "reference" / "s1.wav", samples, 22050)
    recordings = [stimulus("reference", "s1", "reference")]
    publish_voices.write_sentences(recordings, tmp_path / "set", tmp_path / "sentences", CORPUS)
    info, rows = read_corpus(tmp_path / "sentences")
    assert (info.licence, info.stand_in) == ("Apache-2.0", True)
    assert [(row.sentence, row.text) for row in rows] == [("s1", "Text of s1.")]
    heard, rate = read_audio_and_rate(Path(rows[0].path))
    assert rate == 22050
    assert np.corrcoef(heard[: len(samples)], samples[: len(heard)])[0, 1] > 0.99


def test_a_sample_is_much_smaller_than_the_audio(tmp_path):
    samples = np.random.default_rng(0).normal(0, 0.05, 44100).astype(np.float32)
    write_audio(tmp_path / "a.wav", samples, 22050)
    write_ogg(tmp_path / "a.wav", tmp_path / "a.ogg")
    sizes = [(tmp_path / name).stat().st_size for name in ("a.wav", "a.ogg")]
    assert sizes[1] < 0.25 * sizes[0]


def test_card_names_measured_values_as_predictions(voice):
    metrics = {name: {"mean": 0.053, "ci": [0.021, 0.087]} for name in METRICS}
    objective = {
        "caution": "These are predictions.",
        "systems": [{"system": "ntts", "n_sentences": 60, "metrics": metrics}],
    }
    text = card(voice, objective, {"train": 2.4, "validation": 0.1, "test": 0.3})
    assert "| ntts | 5.3 % [2.1, 8.7] | 0.05 [0.02, 0.09] |" in text
    for words in ("60 sentences", "These are predictions.", "not a person", "2.40 h", "Apache-2.0"):
        assert words in text
