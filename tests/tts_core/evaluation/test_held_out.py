import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from torch import Tensor
from typer.testing import CliRunner

from intone.errors import UserError
from tts_core.audio.pitch import f0
from tts_core.commands.cli import app
from tts_core.config import Features, Recipe
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.corpus.shards import write_shard
from tts_core.evaluation import held_out
from tts_core.evaluation.held_out import draw_sentences, evaluate, other_readings
from tts_core.measures.journal import Journal
from tts_core.training.loop import train
from tts_core.types import Prepared

Utterance = Callable[..., Prepared]
SYSTEMS = ("ntts", "durian_plus", "kathaka", "camp")


class Buzzer:
    """Vocoder with a known pitch: 100 Hz times e^level."""

    name = "buzzer"
    sample_rate_hz = 22050

    def __call__(self, mel: np.ndarray | Tensor) -> np.ndarray:
        level = np.clip(np.asarray(mel, np.float64).mean(1), 0, 1)
        hz = np.repeat(100 * np.exp(level), 256)
        phase = np.cumsum(hz) / self.sample_rate_hz
        return 0.5 * (np.diff(np.floor(phase), prepend=0) > 0).astype(np.float32)


def reading(row: Prepared, sentence: int, number: int) -> Prepared:
    """Return a sentence with its own timing and melody."""
    random = np.random.default_rng((sentence, number))
    durations = random.integers(4, 12, len(row.durations))
    time = np.linspace(0, 3, int(durations.sum()))[:, None]
    melody = 0.5 + 0.4 * np.sin(2 * time + sentence)
    mel = (melody + random.normal(0, 0.3, (1, 80))).astype(np.float32)
    return replace(
        row,
        utterance=f"u{sentence}_{number}",
        text=f"{row.text} {sentence}",
        split="test",
        durations=durations,
        mel=mel,
        f0=f0(Buzzer()(mel), Features()),
    )


@pytest.fixture
def prepared(corpus: PreparedCorpus, utterance: Utterance) -> PreparedCorpus:
    """Return the invented corpus with 5 test sentences, two read twice."""
    rows = [reading(utterance(200 + i, 4), i, 1) for i in range(5)]
    rows += [reading(utterance(200 + i, 4), i, 2) for i in range(2)]
    write_shard(corpus.path / "shards" / "001.parquet", rows, Features())
    path = corpus.path / "prepared.json"
    info = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**info, "shards": [*info["shards"], "001.parquet"]}), "utf-8")
    return PreparedCorpus(corpus.path)


@pytest.fixture
def trained(
    prepared: PreparedCorpus, tiny: Callable[..., Recipe], tmp_path: Path
) -> Callable[[str], Path]:
    """Two steps of a system, in a run folder."""

    def make(system: str) -> Path:
        folder = tmp_path / "runs" / system
        train(tiny(system, 2), prepared, folder)
        return folder

    return make


def test_an_evaluation_holds_every_mode_both_timings_the_ceiling_and_all_primary_differences(
    prepared: PreparedCorpus, trained: Callable[[str], Path], tmp_path: Path
) -> None:
    out = tmp_path / "evaluation"
    runs = [trained(system) for system in SYSTEMS]
    result = evaluate(runs, prepared.path, "test", out, vocoder=Buzzer())
    assert json.loads((out / "evaluation.json").read_text("utf-8")) == result
    assert (result["sentences"], result["recordings"], result["read_more_than_once"]) == (5, 7, 2)
    rows = {(r["system"], r["mode"], r["timing"]): r for r in result["prosody"]}
    assert set(rows) == {
        ("human", "other reading", "own"),
        ("copy", "copy", "recording"),
        *((system, "text", t) for system in SYSTEMS for t in ("recording", "own")),
        *((system, "oracle", t) for system in ("kathaka", "camp") for t in ("recording", "own")),
        ("kathaka", "sampled", "own"),
    }
    assert rows["human", "other reading", "own"]["all"]["phone_error_frames"]["n"] == 2
    own = rows["ntts", "text", "own"]
    assert own["all"]["phone_error_frames"]["n"] == 5
    assert own["read_more_than_once"]["phone_error_frames"]["n"] == 2
    assert "phone_error_frames" not in rows["ntts", "text", "recording"]["all"]
    copied = rows["copy", "copy", "recording"]["all"]
    # Shards hold half precision.
    assert copied["energy_correlation"]["mean"] == pytest.approx(1, abs=1e-3)
    assert copied["f0_correlation"]["mean"] == pytest.approx(1, abs=1e-3)
    assert copied["f0_rmse_semitones"]["mean"] == pytest.approx(0, abs=0.1)
    # The buzzer follows one melody in both readings, whatever their timing.
    assert rows["human", "other reading", "own"]["all"]["f0_correlation"]["mean"] > 0.8
    kathaka = result["latents"]["kathaka"]
    assert kathaka["sampler_kl"]["n"] == 5
    assert kathaka["human_kl"]["n"] == kathaka["sampler_kl"]["read_more_than_once"]["n"] == 2
    questions = [row["difference"] for row in result["primary"]]
    assert questions[:3] == [
        "kathaka: sampler KL - constant KL, nats",
        "camp: Huber - median's Huber",
        "camp: Huber - Huber with shuffled context",
    ]
    assert [question.split(": ")[1] for question in questions[3:]] == [
        "kathaka, oracle - kathaka",
        "kathaka - ntts",
        "camp, oracle - camp",
        "camp - durian_plus",
    ]
    page = (out / "evaluation.md").read_text("utf-8")
    for figure in ("f0_correlation.svg", *(f"learning-{system}.svg" for system in SYSTEMS)):
        assert figure in page
        assert (out / figure).read_text("utf-8").count("<svg") == 1
    assert "no human ceiling" in page
    assert "nan" not in page.lower()
    assert not (out / "evaluation.part.jsonl").exists()


def test_drawn_sentences_are_measured_with_all_their_readings(
    prepared: PreparedCorpus, trained: Callable[[str], Path], tmp_path: Path
) -> None:
    run = trained("camp")
    results = {
        count: evaluate(
            [run], prepared.path, "test", tmp_path / str(count), vocoder=Buzzer(), sentences=count
        )
        for count in (3, 99, None)
    }
    assert results[3]["sentences"] == results[3]["latents"]["camp"]["huber"]["n"] == 3
    assert results[99] == results[None]
    assert (results[3]["drawn"], results[99]["drawn"]) == ({"of": 5, "seed": 0}, None)
    assert "of 3 of 5 sentences, drawn with seed 0" in (tmp_path / "3/evaluation.md").read_text()
    rows = prepared.split("test")
    for seed in range(5):
        drawn = draw_sentences(rows, 3, seed)
        sentences = [rows[position].sentence for position in drawn]
        assert len(set(sentences)) == 3
        assert len(drawn) == sum(row.sentence in sentences for row in rows)
    assert len({tuple(draw_sentences(rows, 3, seed)) for seed in range(5)}) > 1


def test_a_refiner_changes_synthesized_speech_alone_and_is_named(
    prepared: PreparedCorpus, trained: Callable[[str], Path], tmp_path: Path
) -> None:
    run = trained("ntts")
    plain, refined = (
        evaluate([run], prepared.path, "test", tmp_path / name, vocoder=Buzzer(), refiner=name)
        for name in ("none", "filter:2,2")
    )
    assert plain["refiner"] is None
    assert refined["refiner"] == "unsharp filter, time 2, frequency 2"
    assert f"Refiner: {refined['refiner']}." in (tmp_path / "filter:2,2/evaluation.md").read_text()
    energies = [
        {row["system"]: row["all"]["energy_correlation"]["mean"] for row in result["prosody"]}
        for result in (plain, refined)
    ]
    assert energies[0]["copy"] == energies[1]["copy"]
    assert energies[0]["ntts"] != energies[1]["ntts"]


def test_an_interrupted_evaluation_renders_only_what_is_missing(
    prepared: PreparedCorpus,
    trained: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vocoder, out, runs = Buzzer(), tmp_path / "evaluation", [trained("ntts")]
    rendered: list[str] = []
    real = held_out.render

    def breaking(model, mode, timing, row, seed):
        rendered.append(f"{mode.name} {timing} {row.utterance}")
        if len(rendered) == 5:
            raise KeyboardInterrupt
        return real(model, mode, timing, row, seed)

    monkeypatch.setattr(held_out, "render", breaking)
    with pytest.raises(KeyboardInterrupt):
        evaluate(runs, prepared.path, "test", out, vocoder=vocoder)
    first = evaluate(runs, prepared.path, "test", out, vocoder=vocoder)
    # 7 recordings under their own durations, 5 texts, and the one that broke.
    assert len(rendered) == 7 + 5 + 1
    monkeypatch.undo()
    assert evaluate(runs, prepared.path, "test", tmp_path / "b", vocoder=vocoder) == first


def test_a_system_of_another_preparation_is_refused(
    prepared: PreparedCorpus, trained: Callable[[str], Path], tmp_path: Path
) -> None:
    run = trained("ntts")
    path = prepared.path / "prepared.json"
    info = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**info, "inputs_digest": "1" * 16}), "utf-8")
    with pytest.raises(UserError, match="another preparation"):
        evaluate([run], prepared.path, "test", tmp_path / "out")
    with pytest.raises(UserError, match="two systems are ntts"):
        evaluate([run, run], prepared.path, "test", tmp_path / "out")


def test_readings_are_paired_only_within_one_speaker_and_one_text(utterance: Utterance) -> None:
    a, b = utterance(1), utterance(2)
    rows = [a, replace(a, utterance="a2"), b, replace(a, utterance="a3", speaker="another")]
    assert other_readings(rows) == {0: [1], 1: [0], 2: [], 3: []}


def test_the_training_split_is_not_held_out() -> None:
    result = CliRunner().invoke(
        app, ["evaluate", "run", "--data", "data", "-o", "out", "--split", "train"]
    )
    assert isinstance(result.exception, UserError)


def test_a_journal_survives_a_torn_line(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    journal.add("a", {"x": 1.0})
    journal.add("a", {"y": None})
    with journal.path.open("a", encoding="utf-8") as file:
        file.write('{"key": "b", "val')
    again = Journal(journal.path)
    assert again.get("a") == {"x": 1.0, "y": None}
    assert "b" not in again
