"""Downloads against a real HTTP server on this machine that can break off, and knows ranges."""

import errno
import hashlib
import io
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import soundfile

from intone.errors import UserError
from intone.files import write_whole
from tts_core.corpus import download as downloads
from tts_core.corpus.download import download
from tts_core.corpus.fetch import fetch
from tts_core.corpus.report import as_text, corpus_report
from tts_core.corpus.sources import read_corpus


class Host(ThreadingHTTPServer):
    """Serves `content`; `breaks` times it drops the connection after `break_after` bytes."""

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.etag, self.ranges = content, '"one"', True
        self.break_after, self.breaks = 0, 0
        self.asked: list[str | None] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/corpus.tar.gz"


class Handler(BaseHTTPRequestHandler):
    server: Host

    def do_GET(self):
        host = self.server
        asked = self.headers.get("Range")
        host.asked.append(asked)
        if self.path == "/absent":
            self.send_error(404)
            return
        start = 0
        if asked and host.ranges and self.headers.get("If-Range") == host.etag:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
        body = host.content[start:]
        self.send_response(206 if start else 200)
        if start:
            total = len(host.content)
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", host.etag)
        self.end_headers()
        if host.breaks:
            host.breaks -= 1
            body = body[: host.break_after]
            self.close_connection = True
        self.wfile.write(body)

    def log_message(self, format, *args):
        pass


@pytest.fixture
def serve():
    hosts = []

    def start(content: bytes) -> Host:
        host = Host(content)
        threading.Thread(target=host.serve_forever, daemon=True).start()
        hosts.append(host)
        return host

    yield start
    for host in hosts:
        host.shutdown()
        host.server_close()


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


def test_a_broken_download_goes_on_where_it_stopped(serve, tmp_path):
    content = np.random.default_rng(0).bytes(3_000_000)
    host = serve(content)
    host.break_after, host.breaks = 1_000_000, 2
    got = download(host.url, tmp_path / "file", len(content), "sha256:" + hashlib.sha256(content).hexdigest())
    assert got.read_bytes() == content
    assert host.asked == [None, "bytes=1000000-", "bytes=2000000-"]
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_later_run_goes_on_after_giving_up(serve, tmp_path, monkeypatch):
    content = np.random.default_rng(1).bytes(500_000)
    host = serve(content)
    host.break_after, host.breaks = 200_000, 1
    monkeypatch.setattr(downloads, "ATTEMPTS", 1)
    with pytest.raises(UserError, match=r"stopped after 200000 bytes.*the same command goes on"):
        download(host.url, tmp_path / "file", len(content))
    assert download(host.url, tmp_path / "file", len(content)).read_bytes() == content
    assert host.asked == [None, "bytes=200000-"]


@pytest.mark.parametrize("change", ["other file", "no ranges"])
def test_two_different_files_are_never_joined(serve, tmp_path, change):
    old, new = b"a" * 400_000, b"b" * 400_000
    host = serve(old)
    host.break_after, host.breaks = 100_000, 1

    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(host.url, tmp_path / "file", progress=stop)
    host.content = new
    if change == "other file":
        host.etag = '"two"'
    else:
        host.ranges = False
    assert download(host.url, tmp_path / "file").read_bytes() == new


def test_killed_between_the_answer_and_its_first_byte(serve, tmp_path, monkeypatch):
    host = serve(b"a" * 400_000)
    host.break_after, host.breaks = 100_000, 1
    monkeypatch.setattr(downloads, "ATTEMPTS", 1)
    with pytest.raises(UserError, match="stopped after"):
        download(host.url, tmp_path / "file")
    host.content, host.etag = b"b" * 400_000, '"two"'
    with monkeypatch.context() as killed:

        def kill_after_it(path: Path, text: str) -> None:
            write_whole(path, text)
            raise KeyboardInterrupt

        killed.setattr(downloads, "write_whole", kill_after_it)
        with pytest.raises(KeyboardInterrupt):
            download(host.url, tmp_path / "file")
    assert download(host.url, tmp_path / "file").read_bytes() == host.content


def test_a_wrong_file_is_refused_and_deleted(serve, tmp_path):
    host = serve(b"not what was published")
    with pytest.raises(UserError, match="not the expected file"):
        download(host.url, tmp_path / "file", digest="sha256:" + "0" * 64)
    assert list(tmp_path.glob("file*")) == []
    with pytest.raises(UserError, match=r"answers 404.*--from DIR, or put it under INTONE_CORPORA"):
        download(host.url.replace("/corpus.tar.gz", "/absent"), tmp_path / "file")


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

    report = corpus_report(out)
    assert report["hours"] == pytest.approx(1.5 / 3600)
    assert report["readings"] == {"1": 1, "2": 1}
    assert "2 sentences (2 different texts)" in as_text(report)


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


def test_an_archive_is_kept_when_there_is_no_room_for_what_is_in_it(serve, tmp_path, monkeypatch):
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
