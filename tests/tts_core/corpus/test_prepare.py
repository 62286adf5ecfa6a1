import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from intone.errors import UserError
from tts_core.audio.io import read_audio
from tts_core.audio.mel import MelSpectrogram
from tts_core.config import Features
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.corpus.prepare import prepare
from tts_core.corpus.shards import SplitCounts, write_shard
from tts_core.corpus.sources import read_corpus
from tts_core.corpus.splits import split
from tts_core.text.syntax import diameter
from tts_core.text.tokens import duration_group


@pytest.fixture(scope="module")
def prepared(read_aloud, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("prepared") / "out"
    prepare(read_aloud, out, workers=1)
    return out


def everything(folder):
    corpus = PreparedCorpus(folder)
    return [u for name in ("train", "validation", "test") for u in corpus.split(name)]


def test_a_prepared_utterance_is_what_models_expect(prepared, read_aloud):
    utterances = everything(prepared)
    assert {u.utterance for u in utterances} == {r.utterance for r in read_corpus(read_aloud)[1]}
    spectrogram = MelSpectrogram(Features())
    for u in utterances:
        n_frames, n_units = len(u.mel), len(u.words)
        assert u.mel.shape == (n_frames, 80)
        assert u.f0.shape == (n_frames,)
        assert u.durations.sum() == n_frames
        assert len(u.durations) == len(u.encoded.tokens) == len(u.encoded.token_unit)
        assert u.durations[duration_group(u.encoded.tokens) == 0].min() >= 1
        assert len(u.encoded.pos) == n_units == u.encoded.token_unit[-1] + 1
        assert 0.2 < (u.f0 > 0).mean() < 0.95
        exact = spectrogram(read_audio(u.audio, 22050))
        np.testing.assert_allclose(u.mel, exact, atol=0.004)


def test_statistics_are_the_training_splits(prepared):
    corpus = PreparedCorpus(prepared)
    train = corpus.split("train")
    mel = np.concatenate([u.mel for u in train]).astype(np.float64)
    np.testing.assert_allclose(corpus.info.mel_mean, mel.mean(0), rtol=1e-6)
    np.testing.assert_allclose(corpus.info.mel_std, mel.std(0), rtol=1e-6)
    tokens = np.concatenate([u.encoded.tokens for u in train])
    durations = np.concatenate([u.durations for u in train])
    for index in range(3):
        of_group = durations[duration_group(tokens) == index]
        assert corpus.info.duration_mean[index] == pytest.approx(of_group.mean())
    diameters = [diameter(u.encoded.node_parents) for u in train]
    assert corpus.info.graph_passes == np.ceil(np.percentile(diameters, 75))
    assert corpus.info.facts().graph_passes == corpus.info.graph_passes
    assert corpus.info.corpus.stand_in
    assert json.dumps(corpus.info.summary())
    assert set(corpus.info.parsers) <= {"span:minilm", "rules"}


def test_a_second_run_changes_nothing_and_other_inputs_do(corpus, tmp_path):
    out = tmp_path / "out"
    first = prepare(corpus, out, workers=1)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    stages = set()
    again = prepare(corpus, out, workers=1, progress=lambda stage, *_: stages.add(stage))
    assert again == first
    assert stages == {"reading recordings"}
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before
    assert not (out / ".work").exists()
    with (corpus / "metadata.csv").open() as table:
        lines = table.readlines()
    (corpus / "metadata.csv").write_text("".join(lines[:-1]))
    shorter = prepare(corpus, out, workers=1)
    assert shorter.inputs_digest != first.inputs_digest
    assert sum(side.utterances for side in shorter.splits.values()) == len(lines) - 2


def test_a_corpus_may_move_and_be_read_from_anywhere(corpus, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = prepare("corpus", "out", workers=1)
    monkeypatch.chdir("/")
    out = tmp_path / "out"
    audio = [Path(u.audio) for u in everything(out)]
    assert sorted(audio) == sorted((corpus / "wavs").iterdir())
    shard = (out / "shards" / "000.parquet").stat().st_mtime_ns
    moved = corpus.rename(tmp_path / "moved")
    info = prepare(moved, out, workers=1)
    assert (
        info == PreparedCorpus(out).info == first.model_copy(update={"corpus_folder": str(moved)})
    )
    assert [Path(u.audio) for u in everything(out)] == [moved / "wavs" / a.name for a in audio]
    assert (out / "shards" / "000.parquet").stat().st_mtime_ns == shard


def test_absolute_paths_of_earlier_preparations_are_kept(prepared, tmp_path):
    out = Path(shutil.copytree(prepared, tmp_path / "out"))
    rows = [replace(u, audio=f"/elsewhere/{u.utterance}.wav") for u in everything(out)]
    write_shard(out / "shards" / "000.parquet", rows, Features())
    assert {u.audio for u in everything(out)} == {row.audio for row in rows}


def test_a_change_anywhere_in_the_audio_is_another_preparation(corpus, tmp_path):
    first = prepare(corpus, tmp_path / "out", workers=1)
    path = sorted((corpus / "wavs").iterdir())[0]
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)
    assert prepare(corpus, tmp_path / "out", workers=1).inputs_digest != first.inputs_digest


@pytest.mark.parametrize("rows", [1, 2])
def test_too_few_sentences_for_three_splits(corpus, tmp_path, rows):
    lines = (corpus / "metadata.csv").read_text().splitlines(keepends=True)
    (corpus / "metadata.csv").write_text("".join(lines[: rows + 1]))
    info = prepare(corpus, tmp_path / "out", workers=1)
    assert [side.utterances for side in info.splits.values()] == [rows, 0, 0]
    assert info.splits["validation"] == SplitCounts(utterances=0, sentences=0, hours=0.0)
    reader = PreparedCorpus(tmp_path / "out")
    assert reader.info == info
    assert [len(reader.split(name)) for name in info.splits] == [rows, 0, 0]


def test_a_split_whose_recordings_are_all_left_out_is_empty(corpus, tmp_path):
    side = split(read_corpus(corpus)[1])
    held_out = [name for name, its_side in side.items() if its_side == "validation"]
    for utterance in held_out:
        soundfile.write(corpus / "wavs" / f"{utterance}.flac", np.zeros(22050), 22050)
    info = prepare(corpus, tmp_path / "out", workers=1)
    assert held_out
    assert [one.utterance for one in info.left_out] == held_out
    assert info.splits["validation"].utterances == 0
    assert PreparedCorpus(tmp_path / "out").split("validation") == []
    assert info.splits["train"].utterances + info.splits["test"].utterances == 8 - len(held_out)


def test_refusals(prepared, corpus, tmp_path):
    with pytest.raises(UserError, match="one of train, validation, test"):
        PreparedCorpus(prepared).split("dev")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(UserError, match="holds other files"):
        prepare(corpus, tmp_path / "full", workers=1)
    assert (tmp_path / "full" / "thesis.txt").read_text() == "mine"
    for path in (corpus / "wavs").iterdir():
        path.write_bytes(b"")
    with pytest.raises(UserError, match="none of its 8 recordings can be used"):
        prepare(corpus, tmp_path / "out", workers=1)
