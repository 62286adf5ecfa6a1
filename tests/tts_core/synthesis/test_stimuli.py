import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from intone.contracts.stimuli import Source, StimulusSet
from intone.errors import UserError
from tts_core.audio.io import read_audio
from tts_core.synthesis.stimuli import JOURNAL, StimulusWriter
from tts_core.synthesis.stimuli_import import import_stimuli, parse_folders, read_texts

SENTENCES = ("s1", "s2")


def tone(hz: float, rate: int = 16000, seconds: float = 0.6) -> np.ndarray:
    return 0.2 * np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate)


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    made = {}
    for number, name in enumerate(["A", "B", "human"]):
        made[name] = tmp_path / name
        made[name].mkdir()
        for place, stem in enumerate(SENTENCES):
            soundfile.write(made[name] / f"{stem}.wav", tone(200 + 100 * number + place), 16000)
    return made


def test_import_keeps_samples_rate_roles_and_texts(tmp_path: Path, folders) -> None:
    (tmp_path / "texts.txt").write_text("s1|One.\ns2|Two, then.\n", encoding="utf-8")
    made = import_stimuli(
        {"A": folders["A"], "B": folders["B"]},
        tmp_path / "set",
        reference=folders["human"],
        texts=tmp_path / "texts.txt",
        copy_synthesis=["B"],
    )
    back = StimulusSet.read(tmp_path / "set")
    assert back == made
    assert back.sentences == ["s1", "s2"]
    roles = {s.system: s.role for s in back.stimuli}
    assert roles == {"reference": "reference", "A": "system", "B": "copy_synthesis"}
    assert not (tmp_path / "set" / JOURNAL).exists()
    second = next(s for s in back.stimuli if (s.sentence, s.system) == ("s2", "A"))
    assert second.text == "Two, then."
    assert second.sample_rate == 16000
    assert second.seconds == pytest.approx(0.6)
    assert second.source == Source(kind="import", original="s2.wav")
    np.testing.assert_array_equal(
        read_audio(tmp_path / "set" / second.path), read_audio(folders["A"] / "s2.wav")
    )


def test_import_records_its_changes(tmp_path: Path) -> None:
    (tmp_path / "A").mkdir()
    stereo = np.stack([tone(300), tone(300)], axis=1) * 10
    soundfile.write(tmp_path / "A/x.wav", stereo, 16000, subtype="FLOAT")
    only = import_stimuli({"A": tmp_path / "A"}, tmp_path / "set").stimuli[0]
    assert only.source.note == "mean of 2 channels; attenuated by 6.03 dB so as not to clip"
    assert only.text == ""
    assert np.abs(read_audio(tmp_path / "set" / only.path)).max() == pytest.approx(0.999, abs=1e-4)


def test_a_changed_or_missing_file_is_refused(tmp_path: Path, folders) -> None:
    made = import_stimuli({"A": folders["A"]}, tmp_path / "set")
    target = tmp_path / "set" / made.stimuli[0].path
    content = bytearray(target.read_bytes())
    content[-1] ^= 1
    target.write_bytes(content)
    with pytest.raises(UserError, match="changed since"):
        StimulusSet.read(tmp_path / "set")
    target.unlink()
    with pytest.raises(UserError, match="missing"):
        StimulusSet.read(tmp_path / "set")


def test_import_refusals_name_the_fault(tmp_path: Path, folders) -> None:
    both = {"A": folders["A"], "B": folders["B"]}
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "notes.txt").write_text("no audio")

    def refused(why: str, systems=both, **options) -> None:
        with pytest.raises(UserError, match=why):
            import_stimuli(systems, tmp_path / "set", **options)
        assert not (tmp_path / "set/stimuli.json").exists()

    refused("no system given", {})
    refused("no such folder", {"A": tmp_path / "nowhere"})
    refused("holds no audio files", {"A": empty})
    refused("give that folder as --reference", {"reference": folders["A"]})
    refused("not among the systems", copy_synthesis=["C"])
    (folders["B"] / "s2.wav").rename(folders["B"] / "s3.wav")
    refused(r"system 'A' lacks 1 of 3 sentences \(s3\)")
    (folders["B"] / "s3.wav").rename(folders["B"] / "s2.wav")
    (tmp_path / "texts.txt").write_text("s1|One.\n")
    refused("no text for 1 of 2 sentences, the first is 's2'", texts=tmp_path / "texts.txt")
    soundfile.write(folders["A"] / "s1.flac", tone(100), 16000)
    refused("s1.flac and s1.wav are both sentence 's1'")
    (folders["A"] / "s1.flac").unlink()
    (folders["A"] / "s2.wav").rename(folders["A"] / "s2.bak")
    (folders["A"] / "s2.m4a").write_bytes(b"not readable")
    refused("s2.m4a: not audio that can be read")
    (folders["A"] / "s2.m4a").unlink()
    soundfile.write(folders["A"] / "s2.wav", np.zeros(9000), 16000)
    refused("s2.wav: holds only silence", {"A": folders["A"]})


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a|One, two.\nb|Three.\n", {"a": "One, two.", "b": "Three."}),
        ('a.wav,"One, two."\n', {"a": "One, two."}),
        ("LJ1|Dr. Who|Doctor Who\n", {"LJ1": "Dr. Who"}),
        ('u|s|text|seconds\nx_1|x|He said "no".|1.0\n', {"x_1": 'He said "no".'}),
        ("a\tOne, two\n", {"a": "One, two"}),
        ("text about|that\n", {"text about": "that"}),
    ],
)
def test_texts_in_the_common_layouts(tmp_path: Path, content: str, expected: dict) -> None:
    (tmp_path / "t").write_text(content, encoding="utf-8")
    assert read_texts(tmp_path / "t") == expected


def test_texts_that_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "t"
    for content, why in [
        ("a|x\nb\n", "line 2: no text"),
        ("a|x\na|y\n", "line 2: 'a' has another"),
    ]:
        path.write_text(content)
        with pytest.raises(UserError, match=why):
            read_texts(path)
    path.write_bytes(b"a|\xff\xfe")
    with pytest.raises(UserError, match="UTF-8"):
        read_texts(path)


def add(writer: StimulusWriter, sentence: str, system: str = "camp") -> None:
    source = Source(kind="synthesis", seed=3)
    writer.add(sentence, "", system, "system", tone(250), 16000, source)


def test_interrupted_set_resumes_to_the_same_set(tmp_path: Path) -> None:
    whole = StimulusWriter(tmp_path / "whole", {"seed": 3})
    first = StimulusWriter(tmp_path / "set", {"seed": 3})
    for sentence in ("s1", "s2", "s3"):
        add(whole, sentence)
    add(first, "s1")
    add(first, "s2")
    with (tmp_path / "set" / JOURNAL).open("a") as journal:
        journal.write('{"sentence": "s3", "te')
    (tmp_path / "set/audio/camp/s2.flac").write_bytes(b"torn")
    again = StimulusWriter(tmp_path / "set", {"seed": 3})
    assert [again.has(s, "camp") for s in ("s1", "s2", "s3")] == [True, False, False]
    add(again, "s2")
    add(again, "s3")
    about = {"name": "n", "voice": "v", "licence": "l", "created_by": "c"}
    assert again.finish(**about) == whole.finish(**about)
    StimulusSet.read(tmp_path / "set")


@pytest.mark.parametrize("journal", [b"", b"3f2a", b"\xc3"])
def test_a_set_that_was_killed_before_its_first_line_is_begun_anew(tmp_path: Path, journal) -> None:
    (tmp_path / JOURNAL).write_bytes(journal)
    add(StimulusWriter(tmp_path, {"seed": 3}), "s1")
    assert StimulusWriter(tmp_path, {"seed": 3}).has("s1", "camp")


def test_a_set_killed_again_while_it_resumes_keeps_what_it_had(tmp_path: Path, monkeypatch) -> None:
    add(StimulusWriter(tmp_path, {"seed": 3}), "s1")
    with (tmp_path / JOURNAL).open("a") as journal:
        journal.write('{"sentence": "s2", "te')
    with monkeypatch.context() as killed:
        killed.setattr(Path, "replace", killer)
        with pytest.raises(KeyboardInterrupt):
            StimulusWriter(tmp_path, {"seed": 3})
    assert StimulusWriter(tmp_path, {"seed": 3}).has("s1", "camp")


def killer(*_) -> None:
    raise KeyboardInterrupt


def test_a_set_is_never_a_mixture(tmp_path: Path) -> None:
    writer = StimulusWriter(tmp_path, {"seed": 3})
    add(writer, "s1")
    with pytest.raises(UserError, match="other settings"):
        StimulusWriter(tmp_path, {"seed": 4})
    writer.finish("n", "v", "l", "c")
    with pytest.raises(UserError, match="already holds"):
        StimulusWriter(tmp_path, {"seed": 3})


def test_names_stay_inside_the_folder_and_apart(tmp_path: Path) -> None:
    writer = StimulusWriter(tmp_path, None)
    add(writer, "../s1", "..")
    assert [p.relative_to(tmp_path).parts[0] for p in tmp_path.rglob("*.flac")] == ["audio"]
    with pytest.raises(UserError, match="rename one"):
        add(writer, "_s1", "..")


def test_words_of_the_command_line_become_folders() -> None:
    words = ["A=one", "my system=two/wavs", "B=a=b"]
    assert parse_folders(words) == {
        "A": Path("one"),
        "my system": Path("two/wavs"),
        "B": Path("a=b"),
    }
    for word in ("A", "=folder", "A=", " = "):
        with pytest.raises(UserError, match="not NAME=FOLDER"):
            parse_folders(["B=b", word])
    with pytest.raises(UserError, match="A: named twice"):
        parse_folders(["A=one", "A=two"])


def test_importing_stimuli_needs_none_of_what_training_needs() -> None:
    heavy = "{'torch', 'transformers', 'spacy', 'pyworld', 'viter'}"
    program = "import sys, tts_core.synthesis.stimuli_import; "
    program += f"sys.exit(', '.join({heavy} & set(sys.modules)) or None)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
