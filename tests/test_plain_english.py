"""Docstrings, names and texts of the project are plain English."""

import pytest

from tests import plain_english


@pytest.mark.parametrize("folder", [*plain_english.PACKAGES, "tests", "docs", "data", "."])
def test_project_is_written_in_plain_english(folder):
    root = plain_english.ROOT / folder
    files = [
        path
        for path in plain_english.checked_files()
        if (path.parent == root if folder == "." else path.is_relative_to(root))
    ]
    assert files
    assert [problem for path in files for problem in plain_english.problems(path)] == []


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ('"""What is played in a study."""', "begins with 'What'"),
        ('def f():\n    """Whether it is so."""', "begins with 'Whether'"),
        ('"""' + "word " * 13 + '."""', "words; 12 at most"),
        ('ROWS = 3\n"""What a table has."""', "begins with 'What'"),
        ('class A:\n    b: int = 1\n    """' + "word " * 13 + '."""', "words; 12 at most"),
        ("# It stands there.", "'stands'"),
        ("raise ValueError('nobody rated this')", "'nobody'"),
        ("found = 3", "name 'found'"),
        ("for one in rows: pass", "name 'one'"),
        ("def f(place): pass", "name 'place'"),
        ("def test_what_is_left(): pass", "test 'test_what_is_left'"),
        ("def test_a_rating_goes_on(): pass", "test 'test_a_rating_goes_on'"),
        ("def test_a_gap_is_said(): pass", "test 'test_a_gap_is_said'"),
    ],
)
def test_breach_of_a_rule_is_named_with_its_line(tmp_path, monkeypatch, code, problem):
    path = tmp_path / "analysis" / "example.py"
    path.parent.mkdir()
    path.write_text(code + "\n", "utf-8")
    monkeypatch.setattr(plain_english, "ROOT", tmp_path)
    first = next(iter(plain_english.problems(path)))
    assert "analysis/example.py, line " in first
    assert problem in first
