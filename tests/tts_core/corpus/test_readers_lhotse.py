"""Manifests that Lhotse itself wrote."""

import gzip
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from intone.errors import UserError
from tts_core.corpus import readers
from tts_core.corpus.convert import Choice, import_corpus
from tts_core.corpus.sources import read_corpus

lhotse = pytest.importorskip("lhotse", reason="the extra `lhotse` is not installed")

RATE = 16000


@pytest.fixture
def chapter(tmp_path) -> Path:
    """One long stereo file; a sample's value is its position."""
    path = tmp_path / "audio" / "chapter.wav"
    path.parent.mkdir()
    ramp = np.arange(3 * RATE, dtype=np.int16)
    soundfile.write(path, np.stack([ramp, -ramp], axis=1), RATE, subtype="PCM_16")
    return path


def segment(name: str, start: float, duration: float, **more):
    fields = {"channel": 0, "text": name.capitalize() + ".", "speaker": "ann"} | more
    return lhotse.SupervisionSegment(name, "chapter", start, duration, **fields)


def recording(path: Path):
    source = lhotse.audio.AudioSource("file", [0, 1], str(path))
    return lhotse.Recording("chapter", [source], RATE, 3 * RATE, 3.0)


def manifests(folder: Path, recordings: list, supervisions: list) -> Path:
    folder.mkdir(exist_ok=True)
    lhotse.RecordingSet.from_recordings(recordings).to_file(folder / "x_recordings_all.jsonl.gz")
    lhotse.SupervisionSet.from_segments(supervisions).to_file(
        folder / "x_supervisions_all.jsonl.gz"
    )
    return folder


def test_parts_of_a_long_file_are_cut_out_exactly(tmp_path, chapter):
    said = [
        segment("one", 0.5, 1.0),
        segment("two", 1.5, 0.25, channel=1, custom={"normalized_text": "In words."}),
        segment("late", 4.0, 1.0),
        segment("over", 2.5, 1.0),
        segment("mute", 0.0, 1.0, text=None),
    ]
    folder = manifests(tmp_path / "manifests", [recording(chapter)], said)
    made = import_corpus("auto", folder, tmp_path / "out", licence="CC0-1.0")
    assert made.layout == "lhotse"
    info, (one, two) = read_corpus(tmp_path / "out")
    assert (one.text, two.text) == ("One.", "In words.")
    assert (one.speaker, info.speaker) == ("ann", "ann")
    samples, rate = soundfile.read(one.path, dtype="int16")
    assert rate == RATE
    np.testing.assert_array_equal(samples, np.arange(0.5 * RATE, 1.5 * RATE))
    samples, _ = soundfile.read(two.path, dtype="int16")
    expected = -np.arange(1.5 * RATE, 1.75 * RATE)
    np.testing.assert_array_equal(samples, expected.astype(np.int16))
    assert {lost.utterance: lost.reason for lost in made.left_out} == {
        "mute": "text missing",
        "late": "begins at 4.00 s, after the end of the file",
        "over": "truncated: 0.50 s of the 1.00 s that the corpus states",
    }


def test_cuts_record_their_position_in_the_file(tmp_path, chapter):
    cut = lhotse.MonoCut(
        "cut",
        1.0,
        2.0,
        0,
        [segment("a", 0.25, 0.5), segment("b", 1.0, 0.5)],
        recording=recording(chapter),
    )
    silent = lhotse.MonoCut("silent", 0.0, 1.0, 0, [], recording=recording(chapter))
    mixed = cut.with_id("other").append(cut)
    lhotse.CutSet.from_cuts([cut, silent, mixed]).to_file(tmp_path / "my_cuts.jsonl.gz")
    found = readers.read("auto", tmp_path)
    assert found.layout == "lhotse"
    assert [(r.utterance, r.start_s, r.length_s) for r in found.readings] == [
        ("a", 1.25, 0.5),
        ("b", 2.0, 0.5),
    ]
    assert [one.reason for one in found.left_out] == [
        "text missing: a cut without supervision",
        "a MixedCut is no recording; import the cuts it is of",
    ]


def test_a_command_in_a_manifest_is_never_run(tmp_path, chapter):
    source = lhotse.audio.AudioSource("command", [0], f"touch {tmp_path / 'ran'}")
    piped = lhotse.Recording("chapter", [source], RATE, 3 * RATE, 3.0)
    fast = recording(chapter).perturb_speed(1.1).with_path_prefix("")
    for number, (one, said) in enumerate(
        [(piped, "its audio is a command, not a file"), (fast, "Lhotse altered its audio")]
    ):
        name = segment("one", 0.0, 1.0)
        name.recording_id = one.id
        folder = manifests(tmp_path / str(number), [one], [name])
        with pytest.raises(UserError, match=said):
            import_corpus("lhotse", folder, tmp_path / "out", licence="CC0-1.0")
    assert not (tmp_path / "ran").exists()


def test_damaged_manifests_cost_only_what_is_damaged(tmp_path, chapter):
    folder = manifests(
        tmp_path / "m", [recording(chapter)], [segment("one", 0.0, 1.0), segment("two", 1.0, 1.0)]
    )
    path = folder / "x_supervisions_all.jsonl.gz"
    good = gzip.decompress(path.read_bytes()).splitlines()
    odd = json.dumps(json.loads(good[1]) | {"id": 7, "start": "soon"}).encode()
    orphan = json.dumps(json.loads(good[1]) | {"id": "three", "recording_id": "lost"}).encode()
    path.write_bytes(
        gzip.compress(b"\n".join([good[0], b"{broken", b'{"id": 1}', orphan, odd, good[1]]))
    )
    found = readers.read("lhotse", folder)
    assert [r.utterance for r in found.readings] == ["one", "two"]
    assert [one.utterance for one in found.left_out] == [
        "x_supervisions_all.jsonl.gz line 2",
        "x_supervisions_all.jsonl.gz line 3",
        "three",
        "x_supervisions_all.jsonl.gz line 5",
    ]
    path.write_bytes(path.read_bytes()[:-12])
    assert "cannot be read" in readers.read("lhotse", folder).left_out[-1].reason


def test_without_lhotse_the_extra_is_named(tmp_path, chapter, monkeypatch):
    folder = manifests(tmp_path / "m", [recording(chapter)], [segment("one", 0.0, 1.0)])
    monkeypatch.setitem(sys.modules, "lhotse.serialization", None)
    with pytest.raises(UserError, match=r"pip install 'intone\[lhotse\]'"):
        readers.read("auto", folder)
    with pytest.raises(UserError, match="licence"):
        monkeypatch.undo()
        import_corpus("lhotse", folder, tmp_path / "out", Choice())
