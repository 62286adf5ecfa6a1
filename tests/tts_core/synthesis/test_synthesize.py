"""Voices and synthesis with a tiny voice of a few steps."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from intone.errors import UserError
from intone.resources import corpora_path, data_path
from tts_core import voice as voices
from tts_core.audio.io import write_audio
from tts_core.commands.stimuli import StimulusOptions, make_stimuli
from tts_core.commands.stimulus_lines import read_chosen_lines
from tts_core.corpus.info import CorpusInfo
from tts_core.corpus.sources import read_corpus, write_corpus
from tts_core.corpus.splits import split
from tts_core.models import saved
from tts_core.synthesis.batch import SynthOptions, synth
from tts_core.synthesis.synthesize import Synthesizer
from tts_core.training import metrics
from tts_core.training.loop import train
from tts_core.types import Recording

TEXT = "Well, the small boat came home before the storm."
SYSTEMS = ("ntts", "ntts_attention", "durian_plus", "kathaka", "camp")


def never_stops(model) -> None:
    """Suppress the stop token: the guard ends every sentence."""
    model.decoder.stop.bias.data.fill_(-100)


def test_every_system_speaks_and_repeats_itself(voice, speaker):
    for name in SYSTEMS:
        one_of_them = speaker(name, voice)
        if name == "ntts_attention":
            never_stops(one_of_them.model)
        one, again = (one_of_them.speak(TEXT, seed=3) for _ in range(2))
        assert np.array_equal(one.samples, again.samples), name
        assert one.mel.shape[0] == one.durations.sum()
        assert len(one.samples) == one.mel.shape[0] * 256
        assert [w.text for w in one.words] == TEXT.replace(",", " ,").replace(".", " .").split()
        starts = [w.start for w in one.words]
        ends = [w.end for w in one.words]
        # Times are those of the phones: in order, with the silences before, between and after.
        assert starts[0] == pytest.approx(one.durations[0] * 256 / 22050, abs=1e-3)
        assert all(
            # Untrained attention may pass phones over; a word's time is then empty, not negative.
            a < b or (name == "ntts_attention" and a == b)
            for w, a, b in zip(one.words, starts, ends, strict=True)
            if w.text.isalpha()
        )
        assert all(end <= start for end, start in zip(ends[:-1], starts[1:], strict=True))
        assert ends[-1] <= one.seconds + 1e-3
        assert one_of_them.speak(TEXT, rate=2.0).seconds < one.seconds
        if one.prosody is not None:
            assert not np.array_equal(one.prosody, one_of_them.speak(TEXT, seed=4).prosody)
            means = [one_of_them.speak(TEXT, seed, temperature=0).prosody for seed in (3, 4)]
            assert np.array_equal(*means), name


@pytest.mark.parametrize("wrong", [{"rate": 0.0}, {"temperature": -1.0}])
def test_values_that_mean_nothing_are_refused(voice, speaker, wrong):
    with pytest.raises(UserError, match="0 or more, the other above 0"):
        speaker("kathaka", voice).speak(TEXT, **wrong)


@pytest.mark.usefixtures("frontend")
def test_truncated_sentence_is_marked_in_every_output(voice, tmp_path, capsys):
    """The length guard is reported on console, JSON and stimulus set."""
    weights = voice / "ntts_attention"
    model, description = saved.load_model(weights)
    never_stops(model)
    facts, corpus = description.facts, description.corpus
    saved.save_model(weights, model, description.recipe, facts, corpus, [1])
    speaker = Synthesizer.load("ntts_attention", voice)
    speech = speaker.speak("Is it late?")
    assert speech.attention is not None
    assert not speech.attention.stopped
    assert 0 <= speech.attention.diagonality <= 1
    assert speech.note == f"no stop token came: cut off after {speech.seconds:.1f} s"
    out = tmp_path / "said.wav"
    synth(SynthOptions("ntts_attention", out, "Is it late?", voice=voice), as_json=True)
    captured = capsys.readouterr()
    assert json.loads(captured.out)["attention"]["stopped"] is False
    assert "no stop token came" in " ".join(captured.err.split())
    lines = tmp_path / "lines.txt"
    lines.write_text("Is it late?\n")
    systems = ["ntts_attention", "durian_plus"]
    options = StimulusOptions(tmp_path / "set", systems, file=lines, voice=voice)
    made = make_stimuli(options)
    notes = {stimulus.system: stimulus.source.note for stimulus in made.stimuli}
    assert notes == {"ntts_attention": speech.note, "durian_plus": None}


def test_a_voice_is_packed_from_finished_runs(voice, tmp_path):
    described = voices.read_voice(voice)
    assert described.stand_in
    assert set(described.systems) == set(SYSTEMS)
    run = tmp_path / "runs" / "ntts"
    with pytest.raises(UserError, match="a second ntts"):
        voices.pack([run, _copy(run, tmp_path)], tmp_path / "other")
    with pytest.raises(UserError, match="no finished model"):
        voices.pack([tmp_path / "nothing"], tmp_path / "other")
    assert not list(tmp_path.glob("other*"))
    precious = tmp_path / "thesis"
    precious.mkdir()
    (precious / "chapter.txt").write_text("1")
    with pytest.raises(UserError, match="holds other files"):
        voices.pack([run], precious)
    assert (precious / "chapter.txt").read_text() == "1"
    with pytest.raises(UserError, match="has no system 'durian'"):
        Synthesizer.load("durian", voice)
    with pytest.raises(UserError, match="not a voice"):
        voices.read_voice(tmp_path)


def _copy(run: Path, folder: Path) -> Path:
    return Path(shutil.copytree(run, folder / "copy"))


def test_a_half_trained_run_is_no_voice(corpus, tiny, tmp_path):
    train(tiny("ntts", 3), corpus, tmp_path / "run", stages=[1])
    with pytest.raises(UserError, match="stage 2 is not trained"):
        voices.pack([tmp_path / "run"], tmp_path / "half")


def test_one_text_under_two_ids_is_drawn_once(corpus):
    lines = read_chosen_lines("train", corpus.path, None, None, None, 0).lines
    texts = [line.text for line in lines]
    assert len(texts) == len(set(texts))
    assert len(texts) < len(corpus.split("train")), "the invented corpus repeats its texts"
    drawn = read_chosen_lines("train", corpus.path, None, None, 1, 0)
    assert drawn == read_chosen_lines("train", corpus.path, None, None, 1, 0)


@pytest.fixture
def read_aloud(tmp_path) -> Path:
    """Corpus folder of another reader, one text in three readings."""
    said, folder = "Is it late?", tmp_path / "read"
    rows = [("a1", "a", said), ("a2", "a", said), ("b1", "b", "is it late"), ("c1", "c", "It is.")]
    recordings = [
        Recording(
            name, sentence, text, str(folder / "wavs" / f"{name}.flac"), "reader", seconds=1.0
        )
        for name, sentence, text in rows
    ]
    for number, recording in enumerate(recordings, 1):
        write_audio(Path(recording.path), np.full(22050, 0.1 * number), 22050)
    info = CorpusInfo(name="read", speaker="reader", licence="CC0", stand_in=False, source="test")
    write_corpus(folder, info, recordings)
    return folder


@pytest.mark.usefixtures("frontend")
def test_a_corpus_folder_gives_sentences_and_references(voice, read_aloud, tmp_path):
    """One reading of each text is taken; the recordings need no preparation."""
    folder = read_aloud
    made = make_stimuli(StimulusOptions(tmp_path / "set", ["ntts"], corpus=folder, voice=voice))
    assert made.sentences == ["a", "c"]
    originals = [s.source.original for s in made.stimuli if s.role == "reference"]
    assert originals == ["a1.flac", "c1.flac"]
    with pytest.raises(UserError, match="give one of --split"):
        make_stimuli(StimulusOptions(tmp_path / "x", ["ntts"], corpus=folder, file=folder))
    with pytest.raises(UserError, match="--split and --data belong together"):
        make_stimuli(StimulusOptions(tmp_path / "x", ["ntts"], corpus=folder, data=folder))
    with pytest.raises(UserError, match="has no system 'tts'"):
        make_stimuli(StimulusOptions(tmp_path / "x", ["ntts", "tts"], corpus=folder, voice=voice))


@pytest.mark.usefixtures("frontend")
def test_a_set_names_the_voice_and_the_reader(voice, read_aloud, tmp_path):
    """A person's recordings beside a stand-in's speech are a person's."""
    stand_in = voices.read_voice(voice)
    assert stand_in.stand_in
    options = StimulusOptions(tmp_path / "both", ["ntts"], corpus=read_aloud, voice=voice)
    made = make_stimuli(options)
    speaker = f"{stand_in.speaker} (stand-in voice, not human); recordings: reader"
    assert made.voice == speaker
    assert made.licence == f"{stand_in.licence}; recordings: CC0"
    assert {s.source.note for s in made.stimuli if s.role == "reference"} == {None}
    alone = StimulusOptions(tmp_path / "alone", [], corpus=read_aloud, copy_synthesis=True)
    made = make_stimuli(alone)
    assert (made.voice, made.licence) == ("reader", "CC0")
    assert {s.system for s in made.stimuli} == {"reference", "copy_synthesis"}


def test_a_voice_is_found_by_name_path_or_environment(voice, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("INTONE_VOICE", raising=False)
    assert voices.find_voice(voice) == voice
    for name in voices.SHIPPED:
        assert voices.read_voice(voices.find_voice(Path(name))).name == name
    assert voices.find_voice() == voices.find_voice(Path(voices.SHIPPED[0]))
    # A corpus of that name hides no voice; a voice of that name is the user's own.
    (tmp_path / "heart").mkdir()
    assert voices.find_voice(Path("heart")) == voices.find_voice() == voices.shipped_voice("heart")
    shutil.copytree(voice, tmp_path / "heart", dirs_exist_ok=True)
    assert voices.find_voice(Path("heart")) == Path("heart")
    assert voices.find_voice() == voices.shipped_voice("heart")
    monkeypatch.setenv("INTONE_VOICE", "")
    assert voices.find_voice() == voices.shipped_voice("heart")
    monkeypatch.setenv("INTONE_VOICE", str(voice))
    assert voices.find_voice() == voice
    monkeypatch.setenv("INTONE_VOICE", "nowhere")
    with pytest.raises(UserError, match=r"nowhere: not a voice.*heart, kathleen"):
        voices.find_voice()


def test_half_precision_sounds_the_same(voice, tmp_path, speaker):
    runs = [tmp_path / "runs" / system for system in SYSTEMS]
    small = voices.pack(runs, tmp_path / "small", half=True, note="tiny")
    assert small.note == "tiny"
    assert small.systems["ntts"].steps == {1: 5, 2: 5}
    assert "1.mel" in small.systems["ntts"].held_out
    sizes = [
        sum(p.stat().st_size for p in folder.rglob("*.safetensors"))
        for folder in (voice, tmp_path / "small")
    ]
    assert sizes[1] < 0.6 * sizes[0]
    folders = (voice, tmp_path / "small")
    mels = [speaker("ntts", folder).speak(TEXT, seed=1).mel for folder in folders]
    assert mels[0].shape == mels[1].shape
    assert np.abs(mels[0] - mels[1]).max() < 0.05


@pytest.mark.parametrize("name", voices.SHIPPED)
def test_a_shipped_voice_speaks_sharply_in_every_system(name, speaker):
    folder = voices.find_voice(Path(name))
    described = voices.read_voice(folder)
    sharp_decoders = [system.decoder is not None for system in described.systems.values()]
    assert described.refiner or all(sharp_decoders)
    assert described.stand_in == (name == "heart")
    card = (folder / "README.md").read_text("utf-8")
    assert described.licence in card
    assert ("a machine read" in card) == described.stand_in
    for system in described.systems:
        spoken = speaker(system, folder)
        assert (spoken.refiner is None) == (described.refiner is None)
        speech = spoken.speak(TEXT, temperature=0)
        # Nine words take a person some three seconds.
        assert 1.5 < speech.seconds < 6, system
        assert np.abs(speech.samples).max() > 0.01


def test_shipped_voices_are_small():
    sizes = [
        p.stat().st_size for name in voices.SHIPPED for p in data_path("voices", name).rglob("*")
    ]
    assert 5e6 < sum(sizes) < 40e6


def test_the_stand_ins_sentences_are_held_out():
    """The demo plays them: no system may have learnt from them."""
    info, rows = read_corpus(voices.shipped_voice("heart") / voices.SENTENCES)
    assert info.stand_in
    assert len(rows) == 10
    whole = corpora_path("heart")
    if not (whole / "corpus.json").is_file():
        pytest.skip("the corpus heart is not here; name its folder in INTONE_CORPORA")
    recordings = read_corpus(whole)[1]
    assigned = split(recordings)
    held_out = {r.sentence for r in recordings if assigned[r.utterance] == "test"}
    assert {row.sentence for row in rows} <= held_out


def test_a_voice_states_the_held_out_values_of_the_weights_it_holds(tmp_path):
    """A stage leaves its best weights if it keeps them."""
    for stage, step, loss in [(1, 10, 0.5), (1, 20, 0.6), (2, 10, 0.3), (2, 20, 0.2), (2, 30, 0.9)]:
        metrics.append(tmp_path, {"stage": stage, "step": step, "split": "validation", "x": loss})
    best = tmp_path / "stage-2" / "best-0000020"
    best.mkdir(parents=True)
    (best / saved.STATE).write_text(json.dumps({"step": 20, "value": 0.2}), "utf-8")
    assert metrics.held_out(tmp_path) == {"1.x": 0.6, "2.x": 0.2}
