"""A killed preparation resumes to the result of an uninterrupted one."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from intone.errors import UserError
from intone.files import owned
from tts_core.corpus import prepare as preparation
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.corpus.prepare import prepare
from tts_core.corpus.settings import Settings

STARTED = """
import sys
from tts_core.corpus import prepare as preparation
from tts_core.corpus.settings import Settings

if __name__ == "__main__":
    preparation.SHARD_SIZE = preparation.TEXTS_AT_ONCE = preparation.RECORDINGS_AT_ONCE = 2
    preparation.prepare(
        sys.argv[1],
        sys.argv[2],
        Settings(parser="rules"),
        workers=2,
        progress=lambda *told: print(*told, flush=True),
    )
"""


@pytest.fixture
def small_pieces(monkeypatch):
    for name in ("SHARD_SIZE", "TEXTS_AT_ONCE", "RECORDINGS_AT_ONCE"):
        monkeypatch.setattr(preparation, name, 2)


def contents(out: Path) -> dict[str, str]:
    """Digest of every file, the lock apart."""
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in out.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


def start(corpus: Path, out: Path, script: Path) -> subprocess.Popen[str]:
    script.write_text(STARTED)
    return subprocess.Popen(
        [sys.executable, script, corpus, out],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), "OMP_NUM_THREADS": "1"},
    )


def kill(process: subprocess.Popen[str]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    # The workers of a killed preparation end with it.
    for _ in range(100):
        if not members_of(process.pid):
            return
        time.sleep(0.1)
    raise AssertionError(f"still running: {members_of(process.pid)}")


def members_of(group: int) -> list[int]:
    """Living processes of a process group."""
    out = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group = stat.read_text().rsplit(")", 1)[1].split()[:3]
        except OSError:
            continue
        if int(its_group) == group and state != "Z":
            out.append(int(stat.parent.name))
    return out


@pytest.mark.slow
@pytest.mark.usefixtures("small_pieces")
def test_killed_in_every_stage_it_gets_through_with_the_same_bytes(corpus, tmp_path):
    prepare(corpus, tmp_path / "whole", Settings(parser="rules"), workers=1)
    out = tmp_path / "out"
    chance = random.Random(0)
    stages = ("checking recordings", "analysing texts", "computing features")
    seen: list[str] = []
    for stage in stages:
        process = start(corpus, out, tmp_path / "killed.py")
        assert process.stdout is not None
        for line in process.stdout:
            seen.append(line.strip())
            if line.startswith(stage) and int(line.split()[-2]) > 0:
                break
        time.sleep(chance.uniform(0, 0.05))
        kill(process)
        assert not (out / "prepared.json").exists(), "the stage was over before it was killed"
        with pytest.raises(UserError, match="not a prepared corpus"):
            PreparedCorpus(out)
    # Pieces of an earlier attempt are reported as done before new work begins.
    assert "checking recordings 8 8" in seen
    assert seen.count("analysing texts 0 8") == 1 or "analysing texts 2 8" in seen
    prepare(corpus, out, Settings(parser="rules"), workers=1)
    assert contents(out) == contents(tmp_path / "whole")


@pytest.mark.usefixtures("small_pieces")
def test_only_the_pieces_that_are_missing_are_made(corpus, tmp_path, monkeypatch):
    out = tmp_path / "out"
    interrupted, made = [], []

    class Stopped(BaseException):
        pass

    def stop(stage: str, done: int, total: int) -> None:
        if stage == "computing features" and done == 4:
            interrupted.append(total)
            raise Stopped

    with pytest.raises(Stopped):
        prepare(corpus, out, workers=1, progress=stop)
    before = {path.name: path.stat().st_mtime_ns for path in (out / "shards").iterdir()}
    assert interrupted == [8] and len(before) == 2

    def counted(work):
        def call(piece, **rest):
            made.append(work.__name__)
            work(piece, **rest)

        return call

    for work in (preparation.check_piece, preparation.analyse_piece, preparation.make_shard):
        monkeypatch.setattr(preparation, work.__name__, counted(work))
    info = prepare(corpus, out, workers=1)
    assert made == ["make_shard"] * 2 and len(info.shards) == 4
    for name, written in before.items():
        assert (out / "shards" / name).stat().st_mtime_ns == written


def test_two_preparations_never_write_into_one_folder(corpus, tmp_path):
    with owned(tmp_path / "out"), pytest.raises(UserError, match="another process"):
        prepare(corpus, tmp_path / "out", workers=1)
