"""Files after a process was killed."""

from intone.files import whole_lines


def test_a_torn_line_is_no_line_and_only_line_ends_part_lines(tmp_path):
    path = tmp_path / "journal.jsonl"
    assert whole_lines(path) == []
    path.write_bytes('{"text": "one\u2028two"}\n{"text": "thr'.encode())
    assert whole_lines(path) == ['{"text": "one\u2028two"}']
    path.write_bytes("é".encode()[:1])
    assert whole_lines(path) == []
