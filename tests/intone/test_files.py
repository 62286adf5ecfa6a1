"""Files after a process was killed, and after an error."""

import pytest

from intone.files import whole_folder, whole_lines


def test_a_torn_line_is_no_line_and_only_line_ends_part_lines(tmp_path):
    path = tmp_path / "journal.jsonl"
    assert whole_lines(path) == []
    path.write_bytes('{"text": "one\u2028two"}\n{"text": "thr'.encode())
    assert whole_lines(path) == ['{"text": "one\u2028two"}']
    path.write_bytes("é".encode()[:1])
    assert whole_lines(path) == []


def test_an_error_leaves_the_folder_as_it_was_and_no_scratch(tmp_path):
    with whole_folder(tmp_path / "voice") as scratch:
        (scratch / "old").touch()
    with pytest.raises(ValueError, match="half"), whole_folder(tmp_path / "voice") as scratch:
        (scratch / "new").touch()
        raise ValueError("half written")
    assert [path.name for path in tmp_path.rglob("*")] == ["voice", "old"]


def test_folders_of_like_names_are_written_side_by_side(tmp_path):
    (tmp_path / "heart.part").mkdir()
    with whole_folder(tmp_path / "heart-a") as a, whole_folder(tmp_path / "heart-b") as b:
        (a / "one").touch()
        (b / "two").touch()
        assert not list(tmp_path.glob("heart-*"))
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        "heart-a",
        "heart-b",
        "heart.part",
    ]
    assert (tmp_path / "heart-a" / "one").is_file()
