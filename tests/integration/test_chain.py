"""The whole chain on a few sentences: every part real, only small."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from intone import assets
from intone.command.demo import Demo
from intone.contracts import RATING_COLUMNS, StimulusSet
from intone.errors import UserError
from tts_core.corpus import demo as demo_corpus
from tts_core.corpus.sources import read_corpus
from tts_core.voice import SENTENCES, read_voice, shipped_voice

NEEDED = ("minilm", "cmudict", "g2p-en", "piper-joe", "hifigan-universal")
CODE = "import sys; from intone.command.cli import main; sys.argv[0] = 'intone'; main()"

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        not all(assets.available(name) for name in NEEDED),
        reason="assets are not here; `intone assets` fetches them",
    ),
]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    """Twenty sentences read by the stand-in voice."""
    from tts_core.corpus.demo import build_demo

    folder = tmp_path_factory.mktemp("corpus")
    build_demo(folder, limit=20)
    return folder


def command(corpus: Path, out: Path) -> list[str]:
    return [
        sys.executable,
        "-c",
        CODE,
        "demo",
        "--corpus",
        str(corpus),
        "-o",
        str(out),
        "--no-serve",
        "--sentences",
        "2",
        "--listeners",
        "4",
        "--steps",
        "0.001",
    ]


def run(corpus: Path, out: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    return subprocess.run(
        command(corpus, out), capture_output=True, text=True, check=False, env=environment
    )


def digest_of(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.rglob("model.safetensors"))}


@pytest.fixture(scope="module")
def finished(corpus, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("demo")
    done = run(corpus, out)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "makes nothing better" in " ".join(done.stderr.split())
    return out


def test_stimuli_have_the_recordings_and_three_systems(finished):
    folder = next(finished.glob("stimuli-*"))
    found = StimulusSet.read(folder)
    assert found.systems == ["reference", "ntts", "kathaka", "camp"]
    assert len(found.sentences) == 2
    assert "stand-in" in found.voice
    for stimulus in found.stimuli:
        assert stimulus.seconds > 0.2
        if stimulus.role == "system":
            assert stimulus.source.checkpoint_sha256
            assert stimulus.source.vocoder == "hifigan-universal"
        else:
            assert "stand-in" in (stimulus.source.note or "")


def test_ratings_are_simulated_for_ever(finished):
    database = next(finished.glob("study-*/*rehearsal*.sqlite"))
    with sqlite3.connect(database) as connection:
        rows = connection.execute(f"SELECT {', '.join(RATING_COLUMNS)} FROM ratings_v1").fetchall()
    table = [dict(zip(RATING_COLUMNS, row, strict=True)) for row in rows]
    assert {row["origin"] for row in table} == {"simulated"}
    rated = [row for row in table if row["phase"] == "test"]
    # 4 listeners x 2 sentences x (3 systems, hidden reference, 2 anchors)
    assert len(rated) == 4 * 2 * 6
    roles = {row["role"] for row in rated}
    assert roles == {"system", "reference", "anchor_low", "anchor_mid"}


def test_report_has_the_gap_and_the_planted_values(finished):
    report = json.loads((finished / "report" / "report.json").read_text("utf-8"))
    assert report["origin"] == "simulated"
    assert {gap["system"] for gap in report["gaps"]} == {"kathaka", "camp"}
    assert report["planted"]
    page = (finished / "report" / "report.html").read_text("utf-8")
    assert "simulated" in page.lower()
    assert "Rated is the voice trained here" in " ".join(page.split())
    assert "stand-in voice" in " ".join(page.split())
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_demo_study_names_the_stand_in_voice(finished):
    study = next(finished.glob("study-*/study.yaml")).read_text("utf-8")
    assert "stand-in voice" in study


def test_a_newcomer_hears_the_voice_in_the_package(tmp_path, monkeypatch):
    """The demo trains on its own corpus and plays the package's voice.

    On sentences that the voice has not learnt from.
    """
    build = demo_corpus.build_demo
    monkeypatch.setattr(demo_corpus, "build_demo", lambda out, progress: build(out, progress, 20))
    Demo("demo", tmp_path, listeners=4, sentences=2, share=0.001).run(None)
    heart = shipped_voice("heart")
    played = StimulusSet.read(next(tmp_path.glob("stimuli-*")))
    held_out = {row.sentence for row in read_corpus(heart / SENTENCES)[1]}
    assert len(played.sentences) == 2
    assert set(played.sentences) <= held_out
    weights = {name: each.weights_sha256 for name, each in read_voice(heart).systems.items()}
    assert {
        s.system: s.source.checkpoint_sha256 for s in played.stimuli if s.role == "system"
    } == weights
    report = " ".join((tmp_path / "report" / "report.html").read_text("utf-8").split())
    assert "Rated is the voice heart as it is in the package, not the one trained here." in report


def test_more_sentences_than_the_package_has_are_refused_at_once(tmp_path):
    with pytest.raises(UserError, match="--sentences 99: the package has 10 held-out sentences"):
        Demo("demo", tmp_path, sentences=99).run(None)
    assert not (tmp_path / "corpus").exists()


@pytest.mark.slow
def test_run_again_it_does_nothing_anew(corpus, finished):
    before = digest_of(finished)
    times = {p: p.stat().st_mtime_ns for p in finished.rglob("*.safetensors")}
    done = run(corpus, finished)
    assert done.returncode == 0, done.stderr[-3000:]
    assert digest_of(finished) == before
    assert {p: p.stat().st_mtime_ns for p in finished.rglob("*.safetensors")} == times


@pytest.mark.slow
def test_demo_killed_anywhere_resumes_to_the_same_weights(corpus, finished, tmp_path):
    """SIGKILL after 5, 10, 15 ... seconds, until it gets through."""
    out = tmp_path / "killed"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    for seconds in range(5, 200, 5):
        log = (tmp_path / "log").open("w")
        process = subprocess.Popen(
            command(corpus, out), env=environment, stdout=log, stderr=log, start_new_session=True
        )
        deadline = time.monotonic() + seconds
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        if process.poll() is not None:
            break
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert process.returncode == 0, (tmp_path / "log").read_text()[-3000:]
    assert digest_of(out / "runs") == digest_of(finished / "runs")
    assert (out / "report" / "report.html").is_file()
