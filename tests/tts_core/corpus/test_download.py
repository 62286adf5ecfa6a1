"""Downloads from a real HTTP server that can break off."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from intone.errors import UserError
from intone.files import write_whole
from tts_core.corpus import download as downloads
from tts_core.corpus.download import download


def test_broken_download_resumes(serve, tmp_path):
    content = np.random.default_rng(0).bytes(3_000_000)
    host = serve(content)
    host.break_after, host.breaks = 1_000_000, 2
    got = download(
        host.url, tmp_path / "file", len(content), "sha256:" + hashlib.sha256(content).hexdigest()
    )
    assert got.read_bytes() == content
    assert host.asked == [None, "bytes=1000000-", "bytes=2000000-"]
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_later_run_resumes_after_giving_up(serve, tmp_path, monkeypatch):
    content = np.random.default_rng(1).bytes(500_000)
    host = serve(content)
    host.break_after, host.breaks = 200_000, 1
    monkeypatch.setattr(downloads, "ATTEMPTS", 1)
    with pytest.raises(
        UserError, match=r"stopped after 200000 bytes.*run the same command to resume, or give"
    ):
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
    right = "md5:" + hashlib.md5(b"not what was published").hexdigest()
    assert download(host.url, tmp_path / "md5", digest=right).is_file()
    with pytest.raises(UserError, match=r"answers 404.*--from DIR, or put it under INTONE_CORPORA"):
        download(host.url.replace("/corpus.tar.gz", "/absent"), tmp_path / "file")
