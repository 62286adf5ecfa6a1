"""Cards, samples and held-out sentences of the voices in the package."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks import publish_voices, voice_figure
from benchmarks.publish_voices import METRICS, SYNTHETIC, card, publish, write_ogg
from benchmarks.workload import facts, recording
from intone.contracts.stimuli import Source, StimulusSet
from intone.errors import UserError
from tests.tts_core.conftest import tiny_recipe
from tests.tts_core.support import write_corpus
from tts_core.audio.io import read_audio_and_rate, write_audio
from tts_core.config import Features
from tts_core.corpus.info import CorpusInfo
from tts_core.corpus.sources import read_corpus
from tts_core.models.saved import read_description
from tts_core.synthesis.stimuli import StimulusWriter
from tts_core.training.loop import train
from tts_core.voice import Voice, pack, read_voice, voice_of

CORPUS = CorpusInfo(
    name="heart", speaker="heart", licence="Apache-2.0", stand_in=True, source="tests"
)
FILTER = "unsharp filter, time 1, frequency 1"


@pytest.fixture
def voice() -> Voice:
    return voice_of(CORPUS, Features(), "minilm", {})


def objective(interval: object) -> dict[str, Any]:
    metrics = dict.fromkeys(METRICS, interval)
    systems = ("reference", "copy_synthesis", *SYNTHETIC)
    rows = [{"system": name, "n_sentences": 60, "metrics": metrics} for name in systems]
    return {"caution": "These are predictions.", "systems": rows}


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> SimpleNamespace:
    """Voice of three systems with a filter, and its prepared corpus."""
    folder = tmp_path_factory.mktemp("published")
    random = np.random.default_rng(0)
    splits = ["train"] * 12 + ["validation"] * 3 + ["test"] * 12
    rows = [replace(recording(random, i, 20), split=name) for i, name in enumerate(splits)]
    known = facts().model_copy(update={"duration_std": [1.0, 1.0, 1.0], "graph_passes": 4})
    corpus = write_corpus(folder / "prepared" / "invented", rows, known)
    runs = [folder / "runs" / name for name in SYNTHETIC]
    for run in runs:
        train(tiny_recipe(run.name, 1), corpus, run)
    pack(runs, folder / "voice", half=True, refiner="filter:1,1")
    return SimpleNamespace(folder=folder, voice=folder / "voice", corpus=corpus)


@pytest.fixture
def tested(trained, tmp_path, monkeypatch) -> SimpleNamespace:
    """Folder of `benchmarks.voices` with that voice, the package's only one."""
    monkeypatch.setattr(publish_voices, "SHIPPED", ("invented",))
    out = tmp_path / "out"
    shutil.copytree(trained.folder / "prepared", out / "prepared")
    measure(trained, out)
    return SimpleNamespace(voice=trained.voice, out=out, root=tmp_path / "project")


def measure(
    trained: SimpleNamespace, out: Path, split: str = "test", refiner: str | None = FILTER
) -> None:
    """Write a stimulus set of a split with its measurements."""
    folder = out / "test" / "invented"
    shutil.rmtree(folder, ignore_errors=True)
    writer, random = StimulusWriter(folder, {}), np.random.default_rng(0)
    for row in trained.corpus.split(split):
        for system in ("reference", *SYNTHETIC):
            samples = random.normal(0, 0.05, 22050).astype(np.float32)
            source, role = Source(kind="recording"), "reference"
            if system != "reference":
                weights = read_description(trained.voice / system).weights_sha256
                source, role = (
                    Source(kind="synthesis", checkpoint_sha256=weights, refiner=refiner),
                    "system",
                )
            writer.add(row.sentence, row.text, system, role, samples, 22050, source)
    writer.finish("invented", "invented", "none", "tests")
    values = objective({"mean": 0.053, "ci": [0.021, 0.087]})
    (folder / "objective.json").write_text(json.dumps(values), "utf-8")


def test_a_published_voice_has_card_sentences_and_samples(tested):
    publish([tested.voice], tested.out, tested.root)
    voice = tested.root / "data" / "voices" / "invented"
    assert read_voice(voice).systems == read_voice(tested.voice).systems
    text = (voice / "README.md").read_text("utf-8")
    assert "`filter:1,1`, unsharp masking" in text
    assert "| ntts | 5.3 % [2.1, 8.7] | 0.05 [0.02, 0.09] |" in text
    rows = read_corpus(voice / "sentences")[1]
    test = StimulusSet.read(tested.out / "test" / "invented")
    assert len(rows) == 10
    assert {row.sentence for row in rows} < set(test.sentences)
    first = next(s for s in test.stimuli if s.path.endswith(f"reference/{rows[0].sentence}.flac"))
    heard, rate = read_audio_and_rate(Path(rows[0].path))
    wanted, _ = read_audio_and_rate(tested.out / "test" / "invented" / first.path)
    assert rate == 22050
    np.testing.assert_array_equal(heard, wanted)
    samples = tested.root / "docs" / "samples"
    links = re.findall(r"\]\((.*?)\)", (samples / "README.md").read_text("utf-8"))
    assert len(links) == 10 * len(SYNTHETIC)
    assert all((samples / link).is_file() for link in links)
    # The voice in the package can be published again.
    publish([voice], tested.out, tested.root)
    assert (voice / "voice.json").is_file()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"split": "validation"}, "is not of the test split"),
        ({"refiner": None}, "measure this voice with its own refiner"),
    ],
)
def test_nothing_is_published_that_was_measured_otherwise(tested, trained, change, problem):
    publish([tested.voice], tested.out, tested.root)
    before = written(tested.root)
    measure(trained, tested.out, **change)
    with pytest.raises(UserError, match=problem):
        publish([tested.voice], tested.out, tested.root)
    assert written(tested.root) == before


def written(root: Path) -> dict[Path, int]:
    """Return when each file was written: a rewritten one keeps its name."""
    return {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}


def test_an_unmeasured_voice_is_not_published(tested):
    (tested.out / "test" / "invented" / "objective.json").unlink()
    with pytest.raises(UserError, match="measure the set with `intone objective`"):
        publish([tested.voice], tested.out, tested.root)
    assert not tested.root.exists()


def test_voices_of_another_package_are_refused(tested, monkeypatch):
    monkeypatch.setattr(publish_voices, "SHIPPED", ("heart",))
    with pytest.raises(UserError, match="invented: not the package's voices; name heart"):
        publish([tested.voice], tested.out, tested.root)


def test_a_sample_is_much_smaller_than_the_audio(tmp_path):
    samples = np.random.default_rng(0).normal(0, 0.05, 44100).astype(np.float32)
    write_audio(tmp_path / "a.wav", samples, 22050)
    write_ogg(tmp_path / "a.wav", tmp_path / "a.ogg")
    sizes = [(tmp_path / name).stat().st_size for name in ("a.wav", "a.ogg")]
    assert sizes[1] < 0.25 * sizes[0]


def test_card_names_measured_values_as_predictions(voice):
    hours = {"train": 2.4, "validation": 0.1, "test": 0.3}
    text = card(voice, objective({"mean": 0.053, "ci": [0.021, 0.087]}), hours)
    assert "| ntts | 5.3 % [2.1, 8.7] | 0.05 [0.02, 0.09] |" in text
    for words in ("60 sentences", "These are predictions.", "not a person", "2.40 h", "Apache-2.0"):
        assert words in text
    assert "| ntts | not measured | not measured |" in card(voice, objective(None), hours)


def test_the_figure_is_the_same_for_the_same_values(tmp_path):
    measured = objective({"mean": 0.053, "ci": [0.021, 0.087]})
    measured["systems"][0]["metrics"] = {"wer": {"mean": 0.01, "ci": [0.0, 0.02]}}
    for name in ("a.svg", "b.svg"):
        voice_figure.draw({"heart": measured}, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    with pytest.raises(UserError, match="no measured test"):
        voice_figure.read_tests(tmp_path)


def test_goals_are_compared_sentence_by_sentence():
    """Word errors by words; sentences that one side lacks are left out."""
    spoken = [("a", 10, 1, 2), ("b", 30, 0, 3), ("c", 5, 4, None)]
    files = [
        {"system": "reference", "sentence": name, "words": words, "word_errors": errors}
        for name, words, errors, _ in spoken
    ] + [
        {"system": "camp", "sentence": name, "words": words, "word_errors": errors}
        for name, words, _, errors in spoken
        if errors is not None
    ]
    table = voice_figure.difference_table({"heart": {"files": files}})
    word_errors = dict(zip(table[0], table[2], strict=True))
    assert word_errors["CAMP"].startswith("+10.0 [+10.0, +10.0]")
    assert word_errors["NTTS"] == "not measured"
    assert word_errors["measure"] == "word error rate, %, minus recordings (goal: +5)"
