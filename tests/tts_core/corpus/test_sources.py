import json

import pytest

from intone.errors import UserError
from tts_core.corpus.sources import CorpusInfo, read_corpus, write_corpus

INFO = CorpusInfo(name="mine", speaker="anna", licence="CC0-1.0", stand_in=False, source="here")


def make(folder, *lines, header="utterance|sentence|text|seconds"):
    (folder / "corpus.json").write_text(INFO.model_dump_json())
    (folder / "metadata.csv").write_text("\n".join([header, *lines]) + "\n")
    return folder


def test_what_is_written_is_read(tmp_path):
    write_corpus(
        tmp_path, INFO, [("a_1", "a", 'He said, "Really?"', 1.0), ("b_1", "b", "x|y", 2.0)]
    )
    info, found = read_corpus(tmp_path)
    assert info == INFO
    assert [(r.utterance, r.sentence, r.text) for r in found] == [
        ("a_1", "a", 'He said, "Really?"'),
        ("b_1", "b", "x y"),
    ]
    assert {r.speaker for r in found} == {"anna"}


def test_optional_columns(tmp_path):
    make(
        tmp_path,
        "a|a|Yes.|1|ben|p7",
        "b|b|No.|1||",
        header="utterance|sentence|text|seconds|speaker|paragraph",
    )
    first, second = read_corpus(tmp_path)[1]
    assert (first.speaker, first.paragraph) == ("ben", "p7")
    assert (second.speaker, second.paragraph) == ("anna", None)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["a|a|One.|1", "b|b|Two."], "line 3: 3 fields"),
        (["a|a|One.|1", "a|a|Two.|1"], "line 3: 'a' stands already in line 2"),
        (["../a|a|One.|1"], "line 2: '../a' cannot be the name of a file"),
        (["|a|One.|1"], "line 2: the utterance"),
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
    with pytest.raises(UserError, match="line 1: expected the header"):
        read_corpus(tmp_path)
    make(tmp_path, "a|a|One.|1")
    (tmp_path / "corpus.json").write_text(json.dumps({"name": "mine", "license": "MIT"}))
    with pytest.raises(UserError, match=r"corpus\.json: speaker: Field required"):
        read_corpus(tmp_path)
    (tmp_path / "corpus.json").unlink()
    with pytest.raises(UserError, match=r"corpus\.json: missing"):
        read_corpus(tmp_path)


def test_a_known_corpus_needs_no_corpus_json(kathleen):
    info, found = read_corpus(kathleen)
    assert (info.name, info.licence, info.stand_in) == ("kathleen", "CC0-1.0", False)
    assert len(found) == 1544
    assert len({r.sentence for r in found}) == 1072
