"""A few demo sentences, read once for all tests of this folder."""

import os
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from intone import assets
from tts_core.corpus.demo import build_demo

SENTENCES = 8


@pytest.fixture(scope="session")
def read_aloud(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Demo corpus of the first sentences; not to be changed."""
    if not assets.available("piper-joe"):
        pytest.skip("the stand-in voice is not here: `intone assets piper-joe`")
    folder = tmp_path_factory.mktemp("demo") / "corpus"
    build_demo(folder, limit=SENTENCES)
    return folder


@pytest.fixture
def corpus(read_aloud: Path, tmp_path: Path) -> Path:
    """A copy of the demo corpus that a test may damage."""
    return Path(shutil.copytree(read_aloud, tmp_path / "corpus"))


@pytest.fixture(scope="session")
def kathleen() -> Path:
    """The human corpus, where it is."""
    folder = Path(os.environ.get("INTONE_CORPORA", "../shared/corpora"), "kathleen")
    if not folder.is_dir():
        pytest.skip(f"no human corpus at {folder}; INTONE_CORPORA says where it is")
    return folder


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
