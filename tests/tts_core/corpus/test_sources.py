import json
from dataclasses import replace

import pytest

from intone.errors import UserError
from tts_core.corpus.info import CorpusInfo
from tts_core.corpus.sources import read_corpus, write_corpus
from tts_core.types import Recording

INFO = CorpusInfo(name="mine", speaker="anna", licence="CC0-1.0", stand_in=False, source="here")


def make(folder, *lines, header="utterance|sentence|text|seconds"):
    (folder / "corpus.json").write_text(INFO.model_dump_json())
    (folder / "metadata.csv").write_text("\n".join([header, *lines]) + "\n")
    return folder


def test_written_corpus_is_read_back(tmp_path):
    given = [
        Recording("a_1", "a", 'He said, "Really?"', "", "anna", seconds=1.0),
        Recording("b_1", "b", "x|y\u2028z", "", "ben", "p 7", 3, 2.0, "test"),
        Recording("c_1", "c", "", "", "anna", seconds=0.5, split="train"),
    ]
    write_corpus(tmp_path, INFO, [replace(given[0], split="train"), *given[1:]])
    info, found = read_corpus(tmp_path)
    assert info == INFO
    assert [(r.utterance, r.sentence, r.text, r.speaker, r.seconds) for r in found] == [
        ("a_1", "a", 'He said, "Really?"', "anna", 1.0),
        ("b_1", "b", "x y z", "ben", 2.0),
        ("c_1", "c", "", "anna", 0.5),
    ]
    assert [(r.paragraph, r.position) for r in found] == [(None, None), ("p 7", 3), (None, None)]
    assert [r.split for r in found] == ["train", "test", "train"]


def test_optional_columns(tmp_path):
    make(
        tmp_path,
        "a|a|Yes.|1|ben|p7|12",
        "b|b|No.||||",
        header="utterance|sentence|text|seconds|speaker|paragraph|position",
    )
    first, second = read_corpus(tmp_path)[1]
    assert (first.speaker, first.paragraph, first.position) == ("ben", "p7", 12)
    assert (second.speaker, second.paragraph, second.position) == ("anna", None, None)
    assert (first.seconds, second.seconds) == (1.0, None)


def test_a_text_may_hold_what_unicode_calls_a_line_separator(tmp_path):
    make(tmp_path, "a|a|One\x85two\u2028three.|1\r", "b|b|Four.|1\r")
    assert [r.text for r in read_corpus(tmp_path)[1]] == ["One\x85two\u2028three.", "Four."]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["a|train", "b|dev"], None),
        (["a|train"], "says nothing of 1 recordings, the first is b"),
        (["a|train", "b|test", "c|test"], "line 4: metadata.csv has no 'c'"),
        (["a|train", "b|TEST", "b|train"], "line 4: 'b' is on two sides"),
        (["a|train", "b|exam"], "line 3: 'exam' is none of train, validation and test"),
    ],
)
def test_a_split_that_the_corpus_brings(tmp_path, lines, said):
    make(tmp_path, "a|a|One.|1", "b|b|Two.|1")
    (tmp_path / "splits.csv").write_text("\n".join(["utterance|split", *lines]) + "\n")
    if said is None:
        assert [r.split for r in read_corpus(tmp_path)[1]] == ["train", "validation"]
        return
    with pytest.raises(UserError, match=r"splits\.csv") as refusal:
        read_corpus(tmp_path)
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["a|a|One.|1", "b|b|Two."], "line 3: 3 fields"),
        (["a|a|One.|1", "a|a|Two.|1"], "line 3: 'a' is already in line 2"),
        (["../a|a|One.|1"], "line 2: '../a' cannot be the name of a file"),
        (["|a|One.|1"], "line 2: the utterance"),
        (["a|a|One.|long"], "line 2: 'long' is not a number of seconds"),
        ([], "lists no recordings"),
    ],
)
def test_a_wrong_table_is_refused_with_its_line(tmp_path, lines, said):
    make(tmp_path, *lines)
    with pytest.raises(UserError, match=r"metadata\.csv") as refusal:
        read_corpus(tmp_path)
    assert said in str(refusal.value)


def test_other_refusals_name_the_file_and_the_key(tmp_path):
    with pytest.raises(UserError, match=r"no metadata\.csv"):
        read_corpus(tmp_path)
    make(tmp_path, "a|a|One.|1", header="id|text|x|y")
    with pytest.raises(UserError, match=r"line 1: expected the header.*intone corpus import"):
        read_corpus(tmp_path)
    make(tmp_path, "a|a|One.|1")
    (tmp_path / "corpus.json").write_text(json.dumps({"name": "mine", "license": "MIT"}))
    with pytest.raises(UserError, match=r"corpus\.json, line 1: speaker: this key is missing"):
        read_corpus(tmp_path)
    (tmp_path / "corpus.json").unlink()
    with pytest.raises(UserError, match=r"corpus\.json: missing"):
        read_corpus(tmp_path)


def test_a_known_corpus_needs_no_corpus_json(kathleen):
    info, found = read_corpus(kathleen)
    assert (info.name, info.licence, info.stand_in) == ("kathleen", "CC0-1.0", False)
    assert len(found) == 1544
    assert len({r.sentence for r in found}) == 1072
