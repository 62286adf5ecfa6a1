"""`intone text analyse` as scripts and people use it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tts_core.commands.text import app

KEYS = [
    *("text", "spoken", "phones", "pos", "word_class", "compound", "punctuation", "start", "end")
]


def analyse(source: str | bytes, *options: str):
    return CliRunner().invoke(app, ["text", "analyse", "--parser", "rules", *options], input=source)


@pytest.fixture(autouse=True)
def assets_here(need: Callable[..., None]) -> None:
    need("cmudict", "g2p-en", "minilm")


def test_json_has_the_documented_keys_one_object_a_line():
    result = analyse("Dr. Ray paid $3.50!\n\nGo home.\n", "--json")
    assert result.exit_code == 0
    first, second = map(json.loads, result.stdout.splitlines())
    assert list(first) == ["text", "spoken", "words", "tree", "parser"]
    assert all(list(word) == KEYS for word in first["words"])
    assert first["spoken"] == "doctor ray paid three dollars and fifty cents"
    assert [first["text"][w["start"] : w["end"]] for w in first["words"]] == [
        *("Dr.", "Ray", "paid", "$3.50", "!"),
    ]
    assert second["text"] == "Go home." and second["tree"].startswith("(")


def test_a_table_for_people_shows_phones_and_syntax():
    result = analyse("The coffee table.")
    assert "K AA1 F IY0" in result.stdout and "NN" in result.stdout and "yes" in result.stdout


def test_lines_that_fail_cost_the_others_nothing_and_are_named_by_number():
    result = analyse("Go home.\n\nмир\n".encode() + b"\xff\xfe\n" + b"?!\nStay here.\n", "--json")
    assert [json.loads(line)["text"] for line in result.stdout.splitlines()] == [
        *("Go home.", "Stay here."),
    ]
    message = str(result.exception)
    assert message.splitlines()[0] == "3 of 5 lines have no analysis"
    assert [line.split(":")[0] for line in message.splitlines()[1:]] == [
        *("line 3", "line 4", "line 5"),
    ]


def test_empty_text_is_an_error():
    assert "no text on standard input" in str(analyse("\n \n").exception)


def test_own_pronunciations_are_taken_from_a_file(tmp_path: Path):
    lexicon = tmp_path / "mine.txt"
    lexicon.write_text("Kathaka K AH0 TH AA1 K AH0\n", "utf-8")
    result = analyse("Kathaka", "--json", "--lexicon", str(lexicon))
    assert json.loads(result.stdout)["words"][0]["phones"][2:4] == ["TH", "AA1"]
    lexicon.write_text("Kathaka K AH TH\n", "utf-8")
    refused = analyse("Kathaka", "--lexicon", str(lexicon))
    assert "mine.txt, line 1: AH is no ARPAbet phone" in str(refused.exception)


def test_unknown_encoder_and_parser_are_refused_by_name(tmp_path: Path):
    nowhere = str(analyse("Go", "--encoder", str(tmp_path / "nowhere")).exception)
    assert nowhere.startswith("text encoder") and "nowhere" in nowhere
    assert "nonsense" in str(analyse("Go", "--parser", "nonsense").exception)
