"""The corpus heart, built from novels of a few sentences."""

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from intone import assets
from intone.errors import UserError
from intone.files import sha256
from tts_core.commands.corpus import corpus_build
from tts_core.corpus.heart import build, build_heart, novels
from tts_core.corpus.heart.novels import NOVELS, Splitter, unreadable
from tts_core.corpus.heart.phonemes import phonemes
from tts_core.corpus.heart.reader import RATE
from tts_core.corpus.sources import read_corpus
from tts_core.text.analyse import Frontend

FRAME = (
    "Produced by me\n\n*** START OF THIS PROJECT GUTENBERG EBOOK {} ***\n\n{}\n\n*** END OF IT ***"
)
PARAGRAPHS = (
    "CHAPTER I",
    "The cat sat on the mat, and it purred. Then it slept till noon!\nNobody woke it for an hour.",
    '"Where is the cat?" asked the boy. "I have not seen it since the morning."',
    "Tha' knows nowt about it, said the gardener.",
    "It rained in the night. The roof was wet.",
)


@pytest.fixture(scope="module")
def frontend() -> Frontend:
    return Frontend(parser="rules")


@pytest.fixture
def copies(tmp_path, monkeypatch) -> Path:
    """A folder with two tiny novels, the corpus' only ones."""
    folder = tmp_path / "texts"
    folder.mkdir()
    tiny = []
    for novel, paragraphs in zip(NOVELS[:2], (PARAGRAPHS, PARAGRAPHS[:2]), strict=True):
        text = FRAME.format(novel.title, "\n\n".join(paragraphs))
        (folder / novel.file).write_text(text)
        tiny.append(novel._replace(sha256=hashlib.sha256(text.encode()).hexdigest()))
    monkeypatch.setattr(novels, "NOVELS", tuple(tiny))
    return folder


class Metronome:
    """Reads every symbol in 50 ms; for tests of the bookkeeping."""

    def read(self, signs: str) -> np.ndarray:
        return np.full(len(signs) * RATE // 20, 0.1, np.float32)


@pytest.fixture
def metronome(monkeypatch) -> None:
    monkeypatch.setattr(build, "Reader", Metronome)


def contents(out: Path) -> dict[str, str]:
    files = (path for path in out.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(out)): sha256(path) for path in files}


# From the pronunciations of these words in US English, in the alphabet of misaki.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, world!", "həlˈO, wˈɜɹld!"),
        ("The boy found a better choice.", "ðə bˈY fˈWnd ə bˈɛɾəɹ ʧˈYs."),
        ("They took the measure of the judge.", "ðA tˈʊk ðə mˈɛʒəɹ ʌv ðə ʤˈʌʤ."),
        ('"Go away," he said.', "“ɡˈO əwˈA,” hi sˈɛd."),
    ],
)
def test_phones_become_the_reader_s_alphabet(frontend, text, expected):
    assert phonemes(frontend.analyse(text).words) == expected


def test_paragraphs_and_positions_skip_headings(copies):
    text = novels.texts(copies)["oz"]
    lines = [line for part in Splitter().paragraphs("oz", text) for line in part]
    assert [(line.utterance, line.paragraph, line.position) for line in lines[:3]] == [
        ("oz_0001_00", "oz_0001", 0),
        ("oz_0001_01", "oz_0001", 1),
        ("oz_0001_02", "oz_0001", 2),
    ]
    assert lines[0].text == "The cat sat on the mat, and it purred."
    assert "START" not in text
    assert "END OF" not in text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("The Council with the Munchkins", "a heading"),
        ("Introduction 1. The Cyclone 2.", "a table of contents"),
        ("I've got nowt to say to thee.", "dialect"),
        ("Oh dear!", "2 words"),
        ("THE VERY END OF IT.", "a heading"),
    ],
)
def test_headings_contents_and_dialect_are_left_out(text, reason):
    assert reason in (unreadable(text) or "")
    assert unreadable("Uncle Henry never laughed.") is None


@pytest.mark.usefixtures("metronome")
def test_longer_corpus_begins_with_a_shorter_one(copies, tmp_path):
    whole = build_heart(tmp_path / "whole", None, copies)
    info, everything = read_corpus(tmp_path / "whole")
    assert info.stand_in
    assert "not a human" in info.note
    assert [item.utterance for item in whole.left_out] == ["oz_0003_00"]
    assert everything[-1].utterance == "alice_0001_02"
    short = tmp_path / "short"
    made = build_heart(short, 4.5 / 3600, copies)
    _, beginning = read_corpus(short)
    # The goal lies within the first paragraph, which is read to its end.
    assert [r.utterance for r in beginning] == ["oz_0001_00", "oz_0001_01", "oz_0001_02"]
    assert len(list((short / "wavs").iterdir())) == 3
    assert made.hours * 3600 == pytest.approx(sum(r.seconds or 0 for r in beginning), abs=0.01)
    first = (short / "wavs" / "oz_0001_00.flac").stat().st_mtime_ns
    build_heart(short, None, copies, workers=1)
    assert contents(short) == contents(tmp_path / "whole")
    assert (short / "wavs" / "oz_0001_00.flac").stat().st_mtime_ns == first


@pytest.mark.usefixtures("metronome")
def test_reading_of_other_phones_is_made_again(copies, tmp_path):
    out = tmp_path / "out"
    build_heart(out, 1 / 3600, copies)
    flac = out / "wavs" / "oz_0001_00.flac"
    good = flac.read_bytes()
    with soundfile.SoundFile(flac, "w", RATE, 1, "PCM_16", format="FLAC") as file:
        file.comment = "ðə dˈɔɡ"
        file.write(np.zeros(RATE))
    build_heart(out, 1 / 3600, copies)
    assert flac.read_bytes() == good


@pytest.mark.usefixtures("metronome")
def test_bad_input_is_refused_and_nothing_is_lost(copies, tmp_path, corpus):
    with pytest.raises(UserError, match="more than 0"):
        build_heart(tmp_path / "out", 0, copies)
    kept = contents(corpus)
    with pytest.raises(UserError, match="holds the corpus demo; choose another folder"):
        build_heart(corpus, 1, copies)
    assert contents(corpus) == kept
    (copies / "11.txt").write_text("another text")
    with pytest.raises(UserError, match=r"11\.txt: not the expected text of Alice's Adventures"):
        build_heart(tmp_path / "out", 1, copies)
    (copies / "11.txt").unlink()
    with pytest.raises(UserError, match=r"11\.txt: no such file"):
        build_heart(tmp_path / "out", 1, copies)


def test_options_of_heart_are_refused_for_demo(tmp_path):
    for option in ({"hours": 1.0}, {"from_dir": tmp_path}, {"workers": 1}):
        with pytest.raises(UserError, match="demo: has one length and its own texts"):
            corpus_build("demo", tmp_path / "out", **option)
    with pytest.raises(UserError, match="only `demo` and `heart` can be built"):
        corpus_build("oz", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_missing_voice_names_its_asset(copies, tmp_path, monkeypatch):
    def missing(name: str) -> bool:
        return name != "kokoro"

    monkeypatch.setattr(assets, "available", missing)
    with pytest.raises(UserError, match="intone assets kokoro"):
        build_heart(tmp_path / "out", 1, copies)


KILLED = """
import sys
from tts_core.corpus.heart import build_heart, novels

digests = sys.argv[3:]
novels.NOVELS = tuple(n._replace(sha256=d) for n, d in zip(novels.NOVELS, digests))
build_heart(sys.argv[2], None, sys.argv[1], 1, lambda *now: print(*now, flush=True))
"""


@pytest.mark.integration
def test_killed_build_gets_through_with_the_same_corpus(copies, tmp_path):
    if not assets.available("kokoro"):
        pytest.skip("the reader of heart is not here: `intone assets kokoro`")
    build_heart(tmp_path / "whole", None, copies)
    out, script = tmp_path / "out", tmp_path / "killed.py"
    script.write_text(KILLED)
    digests = [novel.sha256 for novel in novels.NOVELS]
    process = subprocess.Popen(
        [sys.executable, script, copies, out, *digests],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), "OMP_NUM_THREADS": "1"},
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.split()[-2] == "1":
            break
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (out / "corpus.json").exists()
    kept = (out / "wavs" / "oz_0001_00.flac").stat().st_mtime_ns
    build_heart(out, None, copies)
    assert (out / "wavs" / "oz_0001_00.flac").stat().st_mtime_ns == kept
    whole = contents(tmp_path / "whole")
    assert {name: contents(out)[name] for name in whole} == whole
    samples, rate = soundfile.read(out / "wavs" / "oz_0001_00.flac")
    assert rate == RATE
    assert 1.5 < len(samples) / rate < 5
    assert 0.05 < abs(samples).max() <= 1
