"""Miniature corpora in published layouts, with their known faults."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intone.errors import UserError
from tests.tts_core.corpus.miniature import reasons, sound, texts, write
from tts_core.corpus import readers
from tts_core.corpus.links import neighbours
from tts_core.corpus.readers import blizzard2013
from tts_core.corpus.readers.base import Reading
from tts_core.types import Recording


def links(found: readers.Found) -> dict[str, tuple[str | None, str | None]]:
    return neighbours(
        Recording(r.utterance, r.sentence, r.text, "", r.speaker or "", r.paragraph, r.position)
        for r in found.readings
    )


def test_kathleen(tmp_path):
    data = tmp_path / "dataset-voice-kathleen-master" / "data"
    for stem, text in (
        ("arctic_a0002_1592748530", "\ufeffNot at this\r\nparticular case.\n"),
        ("arctic_a0002_1592748001", "Not at this particular case."),
        ("arctic_b0001_1592749000", ""),
        ("arctic_b0002_1592749100", "No audio."),
    ):
        write(data / f"{stem}.txt", text)
        if stem != "arctic_b0002_1592749100":
            sound(data / f"{stem}.wav")
    sound(data / "arctic_b0003_1592749200.wav")
    found = readers.read("auto", tmp_path)
    assert found.layout == "kathleen"
    # Readings are numbered in the order of their times.
    assert [(r.utterance, r.sentence, r.text, r.audio.stem) for r in found.readings] == [
        (
            "arctic_a0002_1",
            "arctic_a0002",
            "Not at this particular case.",
            "arctic_a0002_1592748001",
        ),
        (
            "arctic_a0002_2",
            "arctic_a0002",
            "Not at this particular case.",
            "arctic_a0002_1592748530",
        ),
    ]
    assert reasons(found) == {
        "arctic_b0001_1": "text missing",
        "arctic_b0002_1592749100": "no audio file arctic_b0002_1592749100.wav",
        "arctic_b0003_1592749200": "text missing: there is no arctic_b0003_1592749200.txt",
    }


@pytest.fixture
def ljspeech(tmp_path) -> Path:
    root = tmp_path / "LJSpeech-1.1"
    table = [
        "LJ001-0001|In 1889, so to speak|In eighteen eighty-nine, so to speak",
        'LJ001-0002|He said "no, never|He said "no, never',
        "LJ001-0004|Not after the second.|Not after the second.",
        "LJ002-0001|Müller's|Müller's",
        "LJ002-0002|Two | pipes|Two | pipes",
        "LJ002-0003|Only two fields",
        "LJ002-0004||",
        "LJ002-0005|No audio.|No audio.",
        "LJ001-0001|Again.|Again.",
    ]
    write(root / "metadata.csv", b"\xef\xbb\xbf" + "\r\n".join(table).encode() + b"\r\nLJ9\xff|a|b")
    named = ("001-0001", "001-0002", "001-0004", "002-0001", "002-0002", "002-0003", "002-0004")
    for name in (*named, "003-0001"):
        sound(root / "wavs" / f"LJ{name}.wav")
    return root


def test_ljspeech(ljspeech):
    found = readers.read("auto", ljspeech.parent)
    assert found.layout == "ljspeech"
    assert texts(found) == {
        "LJ001-0001": "In eighteen eighty-nine, so to speak",
        "LJ001-0002": 'He said "no, never',
        "LJ001-0004": "Not after the second.",
        "LJ002-0001": "Müller's",
    }
    assert found.readings[0].written == "In 1889, so to speak"
    assert reasons(found) == {
        "metadata.csv line 5": "5 fields instead of 3",
        "metadata.csv line 6": "2 fields instead of 3",
        "LJ002-0004": "text missing",
        "LJ002-0005": "no audio file LJ002-0005.wav",
        "LJ001-0001": "its id is used twice in the corpus; the first recording is used",
        "metadata.csv line 10": "not UTF-8",
        "LJ002-0002": "its text is not in metadata.csv",
        "LJ002-0003": "its text is not in metadata.csv",
        "LJ003-0001": "its text is not in metadata.csv",
    }
    # The clip between them is missing: no link.
    assert links(found) == {
        "LJ001-0001": (None, "LJ001-0002"),
        "LJ001-0002": ("LJ001-0001", None),
        "LJ001-0004": (None, None),
        "LJ002-0001": (None, None),
    }


def libritts(root: Path) -> Path:
    chapter = root / "dev-clean" / "84" / "121123"
    table = [
        "84_121123_000007_000001\tMr. M.\tMister M.",
        '84_121123_000007_000002\tHe "rose|up".\tHe "rose|up".',
        "84_121123_000008_000000\tNo audio.\tNo audio.",
        "84_121123_000008_000001\tone field too few",
    ]
    write(chapter / "84_121123.trans.tsv", "\n".join(table) + "\n")
    write(
        chapter / "84_121123.book.tsv", "84_121123_000007_000001\tMr. M.\tMister M.\t0\t0\t20.5\n"
    )
    for place in ("000007_000001", "000007_000002", "000008_000001", "000009_000000"):
        sound(chapter / f"84_121123_{place}.wav")
    write(chapter / "84_121123_000009_000000.original.txt", "Only in its own file.\n")
    write(chapter / "._84_121123_000007_000001.wav", b"\x00\x05\x16\x07")
    write(chapter / "._84_121123.trans.tsv", b"\x00\x05\x16\x07\xff")
    other = root / "dev-clean" / "1919" / "142785"
    sound(other / "1919_142785_000001_000000.wav")
    write(other / "1919_142785_000001_000000.normalized.txt", "Sixteen.")
    write(root / "speakers.tsv", "READER\tGENDER\tSUBSET\tNAME\n84\tF\tdev-clean\tChristie\n")
    return root


@pytest.mark.parametrize(
    ("name", "layout"), [("LibriTTS", "libritts"), ("LibriTTS_R", "libritts-r")]
)
@pytest.mark.parametrize("below", ["..", ".", "dev-clean"])
def test_libritts_is_found_from_any_of_its_folders(tmp_path, name, layout, below):
    root = libritts(tmp_path / name)
    found = readers.read("auto", root / below)
    assert found.layout == layout
    # Speaker 1919 is missing in speakers.tsv, which loses nothing.
    assert texts(found) == {
        "1919_142785_000001_000000": "Sixteen.",
        "84_121123_000007_000001": "Mister M.",
        "84_121123_000007_000002": 'He "rose|up".',
        "84_121123_000009_000000": "Only in its own file.",
    }
    assert {r.utterance: r.written for r in found.readings}["84_121123_000007_000001"] == "Mr. M."
    assert reasons(found) == {
        "84_121123.trans.tsv line 4": "2 fields instead of 3",
        "84_121123_000008_000000": "no audio file 84_121123_000008_000000.wav",
        "84_121123_000008_000001": "text missing",
    }


def test_libritts_links_the_sentences_of_a_paragraph_and_chooses_speakers(tmp_path):
    found = readers.read("libritts", libritts(tmp_path / "LibriTTS"), frozenset({"84"}))
    assert {r.speaker for r in found.readings} == {"84"}
    assert links(found)["84_121123_000007_000001"] == (None, "84_121123_000007_000002")
    assert links(found)["84_121123_000009_000000"] == (None, None)
    with pytest.raises(UserError, match=r"no speaker 85; choose from 1919, 84$"):
        readers.read("libritts", tmp_path / "LibriTTS", frozenset({"84", "85"}))


def test_vctk(tmp_path):
    root = tmp_path / "VCTK-Corpus-0.92"
    audio, words = root / "wav48_silence_trimmed", root / "txt"
    for speaker, number in (("p225", 1), ("p225", 2), ("p315", 1), ("s5", 1)):
        for microphone in (1, 2):
            stem = f"{speaker}_{number:03}_mic{microphone}"
            sound(audio / speaker / f"{stem}.flac", rate=48000)
    write(audio / "log.txt", "p225_001_mic1.flac 0.1 2.0\n")
    write(words / "p225" / "p225_001.txt", "\ufeffPlease call Stella. \r\n")
    write(words / "p225" / "p225_002.txt", 'Ask her, "Why?"')
    write(words / "p225" / "p225_003.txt", "No audio.")
    write(words / "s5" / "s5_001.txt", "Please call Stella.")
    write(
        root / "speaker-info.txt",
        "ID  AGE  GENDER  ACCENTS  REGION COMMENTS\np225  23  F  English\n",
    )
    found = readers.read("auto", tmp_path)
    assert found.layout == "vctk"
    assert texts(found) == {
        "p225_001": "Please call Stella.",
        "p225_002": 'Ask her, "Why?"',
        "s5_001": "Please call Stella.",
    }
    assert {r.audio.name for r in found.readings} >= {"p225_001_mic1.flac", "s5_001_mic1.flac"}
    assert reasons(found) == {
        "p225_003": "no audio file p225_003_mic1.flac",
        "p315_001": "text missing",
    }
    assert all(r.paragraph is None for r in found.readings)
    assert readers.read("vctk", root, frozenset({"s5"})).left_out == []


def hifi_tts(root: Path) -> Path:
    def entry(speaker: str, stem: str, text: str, **more) -> str:
        path = f"audio/{speaker}/13887/{stem}.flac"
        return json.dumps(
            {"audio_filepath": path, "text": text.lower(), "duration": 0.1}
            | {"text_no_preprocessing": text, "text_normalized": text.replace("2", "two")}
            | more
        )

    parts = {
        "92_manifest_clean_train": [
            entry("92_clean", "dayoffate_09_roe_0035", "“I’ve 2 | 3,” he said."),
            entry("92_clean", "dayoffate_09_roe_0036", "Yes."),
            "{broken",
            '{"text": "no file"}',
            entry("92_clean", "dayoffate_09_roe_0037", ""),
            entry("92_clean", "absent_0001", "No audio."),
            entry("92_clean", "half_0001", "Half a \ud83d."),
        ],
        "92_manifest_clean_test": [entry("92_clean", "dayoffate_10_roe_0001", "Yes.")],
        "92_manifest_clean_dev": [entry("92_clean", "dayoffate_10_roe_0002", "So be it.")],
        "11614_manifest_other_train": [entry("11614_other", "book_01_x_0001", "Hello there.")],
    }
    for name, rows in parts.items():
        write(root / f"{name}.json", "\n".join(rows) + "\n")
    for speaker, stem in (
        ("92_clean", "dayoffate_09_roe_0035"),
        ("92_clean", "dayoffate_09_roe_0036"),
        ("92_clean", "dayoffate_09_roe_0037"),
        ("92_clean", "dayoffate_10_roe_0001"),
        ("92_clean", "dayoffate_10_roe_0002"),
        ("11614_other", "book_01_x_0001"),
    ):
        sound(root / "audio" / speaker / "13887" / f"{stem}.flac", rate=44100)
    return root


def test_hifi_tts(tmp_path):
    found = readers.read("auto", hifi_tts(tmp_path / "hi_fi_tts_v0"))
    assert found.layout == "hifi-tts"
    assert texts(found)["dayoffate_09_roe_0035"] == "“I’ve two | 3,” he said."
    assert {r.utterance: (r.speaker, r.split) for r in found.readings} == {
        "book_01_x_0001": ("11614", "train"),
        "dayoffate_09_roe_0035": ("92", "train"),
        "dayoffate_09_roe_0036": ("92", "train"),
        "dayoffate_10_roe_0001": ("92", "test"),
        "dayoffate_10_roe_0002": ("92", "validation"),
    }
    assert links(found)["dayoffate_09_roe_0036"] == ("dayoffate_09_roe_0035", None)
    assert links(found)["dayoffate_10_roe_0002"] == ("dayoffate_10_roe_0001", None)
    broken = "not a JSON object with an audio_filepath"
    assert reasons(found) == {
        "92_manifest_clean_train.json line 3": broken,
        "92_manifest_clean_train.json line 4": broken,
        "dayoffate_09_roe_0037": "text missing",
        "absent_0001": "no audio file absent_0001.flac",
        "half_0001": "its text holds half characters (lone surrogates)",
    }


def test_blizzard_2013_prompts(tmp_path):
    root = tmp_path / "train" / "segmented"
    blocks = [
        "CA-BB-01-01\r\nWell , @ she said # if I | had 's .\r\nw eh l ||\r\n",
        "CB-EM-04-96\nEmma  Woodhouse, handsome.\neh m ax ||\n",
        "CB-EM-04-97\nCB-EM-04-98\nAfter one without a text.\n||\n",
        "CB-EM-04-99\nNo audio.\n||\nstray line\n",
    ]
    write(root / "prompts.gui", "".join(blocks))
    for name in ("CA-BB-01-01", "CB-EM-04-96", "CB-EM-04-97", "CB-EM-04-98", "CB-EM-05-01"):
        sound(root / "wavn" / f"{name}.wav", rate=44100)
    found = readers.read("auto", tmp_path)
    assert found.layout == "blizzard2013"
    assert texts(found) == {
        "CA-BB-01-01": "Well, she said, if I had's.",
        "CB-EM-04-96": "Emma Woodhouse, handsome.",
        "CB-EM-04-98": "After one without a text.",
    }
    assert reasons(found) == {
        "CB-EM-04-97": "text missing",
        "CB-EM-04-99": "no audio file CB-EM-04-99.wav",
        "prompts.gui line 14": "neither an id nor the text or the phones of one",
        "CB-EM-05-01": "its text is not in prompts.gui",
    }
    assert found.readings[1].paragraph == "CB-EM-04"
    assert found.readings[1].position == 96


def test_blizzard_2013_as_a_table(tmp_path):
    write(tmp_path / "metadata.csv", "CB-JE-11-394|I am.\nCB-JE-11-395|I am not.\n")
    for name in ("CB-JE-11-394", "CB-JE-11-395"):
        sound(tmp_path / "wavs" / f"{name}.wav")
    found = readers.read("auto", tmp_path)
    assert found.layout == "blizzard2013"
    assert links(found)["CB-JE-11-394"] == (None, "CB-JE-11-395")


def test_marks_of_the_prompts_go_and_the_words_stay():
    assert blizzard2013.clean("A # , b #") == "A, b"
    assert blizzard2013.clean("No marks, none.") == "No marks, none."


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=200), st.sampled_from(["metadata", "ljspeech", "blizzard2013"]))
def test_any_table_is_read_or_refused_in_a_sentence(tmp_path, table, layout):
    write(tmp_path / ("prompts.gui" if layout == "blizzard2013" else "metadata.csv"), table)
    try:
        found = readers.read(layout, tmp_path)
    except UserError:
        return
    assert all(isinstance(r, Reading) and r.text and r.audio.is_file() for r in found.readings)


def test_folder_without_corpus_is_refused_with_an_action(tmp_path):
    with pytest.raises(UserError, match=r"in none of the layouts .*; write a metadata\.csv"):
        readers.read("auto", tmp_path)
    with pytest.raises(UserError, match=r"no such folder"):
        readers.read("auto", tmp_path / "absent")
    with pytest.raises(UserError, match=r"no such layout; known ones are auto, libritts-r"):
        readers.read("festival", tmp_path)
    with pytest.raises(UserError, match=r"no recordings of vctk"):
        readers.read("vctk", tmp_path)
    write(tmp_path / "metadata.csv", "a|b|c|d\n")
    with pytest.raises(UserError, match=r"4 columns and no header .* utterance\|text\|speaker"):
        readers.read("metadata", tmp_path)
