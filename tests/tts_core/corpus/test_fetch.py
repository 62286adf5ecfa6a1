"""Published corpora, fetched from a real HTTP server or a copy."""

import errno
import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from intone.errors import UserError
from tts_core.corpus.fetch import fetch, published
from tts_core.corpus.links import neighbours
from tts_core.corpus.sources import read_corpus


def archive(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def wav(seconds: float, rate: int = 48000) -> bytes:
    samples = 0.1 * np.random.default_rng(0).standard_normal(round(seconds * rate))
    packed = io.BytesIO()
    soundfile.write(packed, samples, rate, format="WAV", subtype="PCM_16")
    return packed.getvalue()


def kathleen_archive() -> bytes:
    root = "dataset-voice-kathleen-master"
    return archive(
        {
            f"{root}/LICENSE": b"CC0",
            f"{root}/data/arctic_a0002_1592748530.txt": b"Not at this particular case.\n",
            f"{root}/data/arctic_a0002_1592748530.wav": wav(0.5),
            f"{root}/data/arctic_a0002_1592748001.txt": b"Not at this particular case.\n",
            f"{root}/data/arctic_a0002_1592748001.wav": wav(0.25),
            f"{root}/data/arctic_b0001_1592749000.txt": b"Gad, your letter came.\n",
            f"{root}/data/arctic_b0001_1592749000.wav": wav(0.75),
        }
    )


def test_kathleen_in_the_publishers_form(serve, tmp_path):
    host = serve(kathleen_archive())
    host.break_after, host.breaks = 1000, 1
    out = tmp_path / "kathleen"
    info = fetch("kathleen", out, url=host.url)
    assert info.licence == "CC0-1.0"
    assert info.source.startswith("https://github.com/")
    assert "many are read several times" in info.note
    found = read_corpus(out)[1]
    assert [(r.utterance, r.sentence) for r in found] == [
        ("arctic_a0002_1", "arctic_a0002"),
        ("arctic_a0002_2", "arctic_a0002"),
        ("arctic_b0001_1", "arctic_b0001"),
    ]
    # Readings are numbered in the order of their times.
    assert soundfile.info(found[0].path).duration == 0.25
    exact, rate = soundfile.read(io.BytesIO(wav(0.75)), dtype="int16")
    kept, kept_rate = soundfile.read(found[2].path, dtype="int16")
    assert rate == kept_rate
    np.testing.assert_array_equal(kept, exact)
    assert [path.name for path in tmp_path.iterdir()] == ["kathleen"]
    asked = len(host.asked)
    assert fetch("kathleen", out, url=host.url) == info
    assert len(host.asked) == asked
    with pytest.raises(UserError, match="holds the corpus kathleen"):
        fetch("ljspeech", out)


def test_ljspeech_in_the_publishers_form(serve, tmp_path):
    table = "LJ001-0001|In 1889, so to speak|In eighteen eighty-nine, so to speak\n"
    host = serve(
        archive(
            {
                "LJSpeech-1.1/metadata.csv": table.encode(),
                "LJSpeech-1.1/wavs/LJ001-0001.wav": wav(0.3, 22050),
            }
        )
    )
    fetch("ljspeech", tmp_path / "lj", url=host.url)
    (reading,) = read_corpus(tmp_path / "lj")[1]
    assert reading.utterance == "LJ001-0001"
    assert reading.text == "In eighteen eighty-nine, so to speak"


def test_vctk_in_the_publishers_zip_and_one_speaker_of_it(serve, tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for speaker in ("p225", "p226"):
            flac = f"VCTK-Corpus-0.92/wav48_silence_trimmed/{speaker}/{speaker}_001_mic1.flac"
            archive.writestr(flac, wav(0.2))
            text = f"VCTK-Corpus-0.92/txt/{speaker}/{speaker}_001.txt"
            archive.writestr(text, "Please call Stella.\n")
        archive.writestr("../outside.txt", "never here")
    host = serve(packed.getvalue())
    info = fetch("vctk", tmp_path / "in" / "vctk", url=host.url, speakers=frozenset({"p226"}))
    assert (info.name, info.speaker, info.licence) == ("vctk", "p226", "CC-BY-4.0")
    assert [r.utterance for r in read_corpus(tmp_path / "in" / "vctk")[1]] == ["p226_001"]
    assert {path.name for path in tmp_path.rglob("*.txt")} == set()


def test_a_part_of_libritts(serve, tmp_path):
    root = "LibriTTS_R/dev-clean/84/121123/84_121123_000007_00000"
    files = {}
    for place in (1, 2):
        files[f"{root}{place}.wav"] = wav(0.2, 24000)
        files[f"{root}{place}.normalized.txt"] = f"Sentence {place}.".encode()
    host = serve(archive(files))
    out = tmp_path / "libri"
    assert fetch("libritts-r-dev-clean", out, url=host.url).name == "libritts-r-dev-clean"
    one, two = read_corpus(out)[1]
    assert (one.speaker, one.paragraph, one.position) == ("84", "84_121123_000007", 1)
    assert neighbours([one, two])[one.utterance] == (None, two.utterance)
    with pytest.raises(UserError, match="comes in parts; fetch one of libritts-dev-clean"):
        fetch("libritts", tmp_path / "x")
    with pytest.raises(UserError, match=r"signed licence .*`intone corpus import blizzard2013"):
        fetch("blizzard2013", tmp_path / "x")


def test_every_address_is_one_of_its_own_with_a_digest_where_one_is_known():
    sources = published()
    assert len({source.url for source in sources.values()}) == len(sources)
    without = {name for name, source in sources.items() if source.digest is None}
    assert without == {"kathleen", "hifi-tts"}
    lengths = {"sha256": 64, "md5": 32}
    for source in sources.values():
        kind, _, digest = (source.digest or "").partition(":")
        assert len(digest) == lengths.get(kind, 0)


def test_an_archive_of_something_else_is_refused(serve, tmp_path):
    host = serve(archive({"README": b"nothing"}))
    with pytest.raises(UserError, match="no recordings of kathleen"):
        fetch("kathleen", tmp_path / "k", url=host.url)
    host.content, host.etag = b"<html>sorry</html>", '"html"'
    with pytest.raises(UserError, match="not an archive"):
        fetch("kathleen", tmp_path / "l", url=host.url)
    with pytest.raises(UserError, match="known ones are kathleen, ljspeech"):
        fetch("librispeech", tmp_path / "m")


def test_a_local_copy_is_taken_without_any_download(read_aloud, tmp_path, monkeypatch):
    monkeypatch.setenv("INTONE_CORPORA", str(tmp_path / "here"))
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "kathleen").symlink_to(read_aloud)
    fetch("kathleen", tmp_path / "one")
    fetch("kathleen", tmp_path / "two", from_dir=read_aloud)
    for out in (tmp_path / "one", tmp_path / "two"):
        info, found = read_corpus(out)
        assert info.name == "kathleen"
        assert len(found) == len(read_corpus(read_aloud)[1])
        assert soundfile.info(found[0].path).duration > 0.5
    with pytest.raises(UserError, match="no such folder"):
        fetch("kathleen", tmp_path / "three", from_dir=tmp_path / "absent")


@pytest.mark.parametrize("writes", [0, 1])
def test_taking_a_local_copy_killed_at_any_write_is_finished_by_the_next(
    read_aloud, tmp_path, monkeypatch, writes
):
    # A folder of a known name needs no corpus.json: a part of the table would be a corpus.
    out, rename, done = tmp_path / "kathleen", Path.replace, []

    def killed(self: Path, target: Path) -> Path:
        if len(done) == writes:
            raise KeyboardInterrupt
        done.append(target.name)
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            fetch("kathleen", out, from_dir=read_aloud)
    assert done == ["metadata.csv"][:writes]
    assert (out / "metadata.csv").is_file() == bool(writes)
    # The first try was with a copy that is gone by now.
    (out / "wavs").unlink()
    (out / "wavs").symlink_to(tmp_path / "gone")
    fetch("kathleen", out, from_dir=read_aloud)
    found = read_corpus(out)[1]
    assert len(found) == len(read_corpus(read_aloud)[1])
    assert all(Path(r.path).is_file() for r in found)


def test_archive_is_kept_when_its_content_does_not_fit(serve, tmp_path, monkeypatch):
    host = serve(kathleen_archive())

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(tarfile.TarFile, "extractall", full)
        with pytest.raises(UserError, match="No space left on device"):
            fetch("kathleen", tmp_path / "kathleen", url=host.url)
    fetch("kathleen", tmp_path / "kathleen", url=host.url)
    assert len(host.asked) == 1


def test_a_python_that_cannot_unpack_safely_downloads_nothing(serve, tmp_path, monkeypatch):
    host = serve(kathleen_archive())
    monkeypatch.delattr(tarfile, "data_filter")
    with pytest.raises(UserError, match=r"use 3\.11\.4 or newer, or give an unpacked copy"):
        fetch("kathleen", tmp_path / "kathleen", url=host.url)
    assert host.asked == []
