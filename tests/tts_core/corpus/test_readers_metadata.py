"""Tables of all kinds of people."""

import pytest

from intone.errors import UserError
from tests.tts_core.corpus.miniature import reasons, sound, texts, write
from tts_core.corpus import readers


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ('a|"Yes," he said\nb|No; never', {"a": '"Yes," he said', "b": "No; never"}),
        ("a|In 1889|In eighteen eighty-nine", {"a": "In eighteen eighty-nine"}),
        ("\ufeffid\ttext\r\na\tYes, \"so\"\r\nb\t'No'\r\n", {"a": 'Yes, "so"', "b": "'No'"}),
        (
            'file_name,text\na.wav,"Yes, he said ""so"""\nb.wav,No',
            {"a": 'Yes, he said "so"', "b": "No"},
        ),
        ("Speaker;Text;ID\nann;Yes, so.;a\nben;No.;b", {"a": "Yes, so.", "b": "No."}),
        ("path,sentence\nwavs/a.wav,Yes.\nb.wav,No.", {"a": "Yes.", "b": "No."}),
        ("id|text|normalized_text|x\na|Dr. A|Doctor A|1\nb|B||2", {"a": "Doctor A", "b": "B"}),
        ("\n\na|Yes.\n\n", {"a": "Yes."}),
    ],
    ids=[
        "pipes",
        "in words",
        "tabs, BOM, CRLF",
        "commas",
        "semicolons",
        "paths",
        "names",
        "blanks",
    ],
)
def test_any_metadata_csv(tmp_path, table, expected):
    write(tmp_path / "metadata.csv", table)
    for name in ("a", "b"):
        sound(tmp_path / "wavs" / f"{name}.wav")
    found = readers.read("auto", tmp_path)
    assert found.layout == "metadata"
    assert texts(found) == expected


def test_every_column_of_a_metadata_csv(tmp_path):
    header = "utterance|sentence|text|speaker|paragraph|position|seconds|split"
    rows = ["a|s1|Yes.|ann|p1|4|0.1|dev", "b|s1|Yes.|ben|p1|x|?|none", "c||No.||||-1|"]
    write(tmp_path / "metadata.csv", "\n".join([header, *rows]))
    for name in ("a", "b", "c"):
        sound(tmp_path / f"{name}.wav")
    a, b, c = readers.read("metadata", tmp_path).readings
    assert (a.sentence, a.speaker, a.paragraph, a.position) == ("s1", "ann", "p1", 4)
    assert (a.seconds, a.split) == (0.1, "validation")
    assert (b.position, b.seconds, b.split) == (None, None, None)
    assert (c.sentence, c.speaker, c.paragraph) == ("c", None, None)


def test_bad_rows_of_a_metadata_csv_are_listed_and_the_others_read(tmp_path):
    rows = ['a,"Yes, so"', 'b,"never closed', "c,one,two", "d,", "e,No audio.", "a,Again.", "f,Yes"]
    table = b"id,text\n" + "\n".join(rows).encode() + b"\ng,\xff\xfe\n../h,Up\n"
    write(tmp_path / "metadata.csv", table)
    for name in ("a", "b", "c", "d", "f", "z"):
        sound(tmp_path / "wavs" / f"{name}.wav")
    sound(tmp_path.parent / "h.wav")
    found = readers.read("metadata", tmp_path)
    assert list(texts(found)) == ["a", "f", "h"]
    assert "a quotation mark in a text is doubled" in reasons(found).pop("metadata.csv line 3")
    assert reasons(found) | {"metadata.csv line 3": ""} == {
        "metadata.csv line 3": "",
        "metadata.csv line 4": "3 fields instead of 2",
        "d": "text missing",
        "e": "no audio file e.flac",
        "a": "its id is used twice in the corpus; the first recording is used",
        "metadata.csv line 9": "not UTF-8",
        "b": "its text is not in metadata.csv",
        "c": "its text is not in metadata.csv",
        "z": "its text is not in metadata.csv",
    }


def test_columns_that_are_swapped_cost_a_sentence_each_and_no_crash(tmp_path):
    write(tmp_path / "metadata.csv", f"{'A very long text. ' * 30}|a\n./.|b\nc\x00|Yes.\n")
    sound(tmp_path / "wavs" / "a.wav")
    with pytest.raises(UserError, match=r"no recordings .* its id cannot be the name of a file"):
        readers.read("metadata", tmp_path)


def test_files_of_one_name_in_two_folders_are_two_recordings(tmp_path):
    table = write(
        tmp_path / "train.csv", "file|text|speaker\nann/1.wav|Yes.|ann\nben/1.wav|No.|ben\n"
    )
    sound(tmp_path / "ann" / "1.wav")
    sound(tmp_path / "ben" / "1.wav")
    found = readers.read("metadata", table)
    assert texts(found) == {"ann_1": "Yes.", "ben_1": "No."}
