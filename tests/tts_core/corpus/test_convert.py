"""Conversion of other layouts: audio, tables and recordings left out."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from intone.errors import UserError
from tts_core.corpus import convert
from tts_core.corpus.convert import Choice, import_corpus
from tts_core.corpus.sources import read_corpus
from tts_core.corpus.splits import split

SUBTYPES = ("PCM_16", "PCM_24", "PCM_U8")


@pytest.fixture
def corpus(tmp_path) -> Path:
    """Return two speakers with a sentence each, in another layout."""
    folder = tmp_path / "mine"
    (folder / "wavs").mkdir(parents=True)
    rows = ["id,text,speaker,split,duration"]
    rng = np.random.default_rng(0)
    for number in range(6):
        name = f"clip{number}"
        samples = rng.integers(-(2**15), 2**15, 1600 + number).astype(np.int16)
        soundfile.write(folder / "wavs" / f"{name}.wav", samples, 16000)
        side = ("train", "train", "train", "dev", "test", "train")[number]
        text = ("One.", "Two.", "Three.", "Four.", "Five.", "five")[number]
        rows.append(f"{name},{text},{'ann' if number % 2 else 'ben'},{side},0.1")
    (folder / "metadata.csv").write_text("\n".join(rows) + "\n")
    return folder


def bring(folder: Path, out: Path, **choice) -> convert.Imported:
    return import_corpus("auto", folder, out, Choice(**choice), licence="CC-BY-4.0")


def test_the_samples_are_kept(corpus, tmp_path):
    made = bring(corpus, tmp_path / "out")
    info, found = read_corpus(tmp_path / "out")
    assert (info.name, info.speaker, info.licence) == ("mine", "several", "CC-BY-4.0")
    assert not info.stand_in
    assert sorted(made.speakers) == ["ann", "ben"]
    assert [(r.utterance, r.speaker, r.text) for r in found][:2] == [
        ("clip0", "ben", "One."),
        ("clip1", "ann", "Two."),
    ]
    for r in found:
        assert Path(r.path).suffix == ".flac"
        ours, rate = soundfile.read(r.path, dtype="int16")
        theirs, _ = soundfile.read(corpus / "wavs" / f"{r.utterance}.wav", dtype="int16")
        np.testing.assert_array_equal(ours, theirs)
        assert rate == 16000
    assert {r.split for r in found} == {None}
    assert (tmp_path / "out" / "left_out.csv").read_text() == "utterance|reason\n"
    assert not (tmp_path / "out" / convert.UNFINISHED).exists()


@pytest.mark.parametrize("subtype", SUBTYPES)
def test_every_integer_depth_is_lossless_and_channels_are_averaged(corpus, tmp_path, subtype):
    wav = corpus / "wavs" / "clip0.wav"
    wide = np.random.default_rng(1).uniform(-1, 1, 4800)
    soundfile.write(wav, wide, 48000, subtype=subtype)
    other = corpus / "wavs" / "clip1.wav"
    soundfile.write(other, np.stack([wide, -wide], axis=1), 48000, subtype="PCM_16")
    bring(corpus, tmp_path / "out")
    flac = tmp_path / "out" / "wavs" / "clip0.flac"
    theirs, ours = (soundfile.read(path, dtype="int32")[0] for path in (wav, flac))
    np.testing.assert_array_equal(ours, theirs)
    averaged, rate = soundfile.read(flac.with_name("clip1.flac"))
    assert (averaged.shape, rate) == ((4800,), 48000)
    assert np.abs(averaged).max() <= 2**-15


def test_links_point_to_the_files_that_are_there(corpus, tmp_path):
    soundfile.write(corpus / "wavs" / "clip5.ogg", np.zeros(1600), 16000, format="OGG")
    (corpus / "wavs" / "clip5.wav").unlink()
    bring(corpus, tmp_path / "out", link=True)
    wavs = tmp_path / "out" / "wavs"
    assert (wavs / "clip0.wav").resolve() == (corpus / "wavs" / "clip0.wav").resolve()
    assert not (wavs / "clip5.flac").is_symlink()
    assert len(read_corpus(tmp_path / "out")[1]) == 6


def test_one_speaker_of_several(corpus, tmp_path):
    made = bring(corpus, tmp_path / "out", speakers=frozenset({"ann"}))
    assert (made.info.speaker, list(made.speakers)) == ("ann", ["ann"])
    assert [r.utterance for r in read_corpus(tmp_path / "out")[1]] == ["clip1", "clip3", "clip5"]


def test_the_publishers_split_keeps_its_test_sentences_and_loses_their_copies(corpus, tmp_path):
    made = bring(corpus, tmp_path / "out", own_split=True)
    found = read_corpus(tmp_path / "out")[1]
    assert split(found) == {
        "clip0": "train",
        "clip1": "train",
        "clip2": "train",
        "clip3": "validation",
        "clip4": "test",
    }
    (lost,) = made.left_out
    assert lost.utterance == "clip5"
    assert lost.reason == "its text is also in the publisher's test part"


def test_bad_audio_is_listed_and_the_rest_imported(corpus, tmp_path):
    wavs = corpus / "wavs"
    (wavs / "clip0.wav").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    (wavs / "clip1.wav").write_bytes(b"not audio")
    soundfile.write(wavs / "clip2.wav", np.zeros(0), 16000)
    soundfile.write(wavs / "clip3.wav", np.zeros(160), 16000)
    (wavs / "clip4.wav").unlink()
    made = bring(corpus, tmp_path / "out")
    assert [r.utterance for r in read_corpus(tmp_path / "out")[1]] == ["clip5"]
    said = {one.utterance: one.reason for one in made.left_out}
    assert said.pop("clip1").startswith("not audio: ")
    assert said == {
        "clip0": "a pointer of Git LFS, not audio: clone the repository with Git LFS, then import "
        "it",
        "clip2": "holds no samples",
        "clip3": "truncated: 0.01 s of the 0.10 s that the corpus states",
        "clip4": "no audio file clip4.flac",
    }
    listed = (tmp_path / "out" / "left_out.csv").read_text().splitlines()
    assert len(listed) == 6
    assert "clip2|holds no samples" in listed


def test_interrupted_import_resumes_and_another_starts_anew(corpus, tmp_path):
    out = tmp_path / "out"

    def stop(_stage: str, done: int, _total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_corpus("auto", corpus, out, licence="CC0-1.0", progress=stop)
    assert not (out / "corpus.json").exists()
    done = {path: path.stat().st_mtime_ns for path in (out / "wavs").glob("[!.]*.flac")}
    assert done
    import_corpus("auto", corpus, out, licence="CC0-1.0")
    assert all(path.stat().st_mtime_ns == when for path, when in done.items())
    assert len(read_corpus(out)[1]) == 6
    with pytest.raises(UserError, match="holds the corpus mine; choose another folder"):
        bring(corpus, out)
    # As if stopped: of another choice nothing is taken over.
    (out / convert.UNFINISHED).write_text("another corpus")
    (out / "wavs" / "stray.flac").write_bytes(b"")
    bring(corpus, out, speakers=frozenset({"ann"}))
    assert sorted(path.stem for path in (out / "wavs").iterdir()) == ["clip1", "clip3", "clip5"]


def test_the_importer_names_what_the_corpus_does_not(corpus, tmp_path):
    (corpus / "metadata.csv").write_text("clip0|One.\nclip1|Two.\n")
    choice = Choice(frozenset({"Ada"}), link=True)
    import_corpus("metadata", corpus, tmp_path / "out", choice, "mine", "diary", stand_in=True)
    info, found = read_corpus(tmp_path / "out")
    assert (info.name, info.speaker, info.licence, info.stand_in) == ("diary", "Ada", "mine", True)
    assert {r.speaker for r in found} == {"Ada"}


def test_refusals(corpus, tmp_path):
    with pytest.raises(UserError, match=r"give --licence, for instance --licence CC-BY-4\.0"):
        import_corpus("auto", corpus, tmp_path / "out")
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match="holds other files"):
        bring(corpus, tmp_path / "used")
    for wav in (corpus / "wavs").glob("*.wav"):
        wav.write_bytes(b"no")
    with pytest.raises(UserError, match="none of its 6 recordings can be used; the first"):
        bring(corpus, tmp_path / "out")


def test_the_human_corpus_comes_through_an_import_unchanged(kathleen, tmp_path):
    made = import_corpus("auto", kathleen, tmp_path / "out", Choice(link=True))
    info, found = read_corpus(tmp_path / "out")
    theirs, listed = read_corpus(kathleen)
    assert (made.layout, info, made.left_out) == ("metadata", theirs, [])
    assert [(r.utterance, r.sentence, r.text) for r in found] == [
        (r.utterance, r.sentence, r.text) for r in listed
    ]
    assert split(found) == split(listed)
