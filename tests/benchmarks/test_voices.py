"""Commands of the voices' protocol, and its table of choices."""

import json
from argparse import Namespace
from pathlib import Path

import pytest

from benchmarks.voices import (
    CORPORA,
    DECODERS,
    SHARPENING,
    STEPS,
    SYSTEMS,
    choice_table,
    commands,
)
from tts_core.evaluation.objective import METRICS


@pytest.fixture
def options(tmp_path: Path) -> Namespace:
    folders = {name: tmp_path / name for name in (*CORPORA, "before", "out")}
    return Namespace(**folders, heart_sharpening=DECODERS, kathleen_sharpening="filter:1,1")


def value(command: list[str], option: str) -> str:
    return command[command.index(option) + 1]


def sets(step: str, options: Namespace) -> list[list[str]]:
    chains = commands(step, options)
    return [command for chain in chains for command in chain if command[:2] == ["stimuli", "make"]]


def test_recordings_pass_the_refiner_only_where_there_is_one(options):
    """`intone stimuli make --refine-copy` refuses `--refiner none`."""
    made = sets("choose", options)
    assert len(made) == len(CORPORA) * len(SHARPENING)
    for command in made:
        refined = "--refine-copy" in command
        assert refined == (value(command, "--refiner") != "none")
        assert refined != ("--copy-synthesis" in command)


def test_each_corpus_is_tested_with_its_own_choice(options):
    made = {Path(value(command, "-o")).name: command for command in sets("test", options)}
    used = {name: value(command, "--refiner") for name, command in made.items()}
    assert used == {"heart": "auto", "kathleen": "auto", "kathleen-before": "none"}
    assert all("--copy-synthesis" in command for command in made.values())
    packed = {value(chain[0], "-o"): chain[0] for chain in commands("test", options)}
    heart, kathleen = (packed[value(made[name], "--voice")] for name in CORPORA)
    assert (value(heart, "--refiner"), value(kathleen, "--refiner")) == ("none", "filter:1,1")
    written = [value(c, "--out") for c in commands("decoders", options)[0]]
    assert heart[2 : 2 + len(SYSTEMS)] == written
    plain = commands("pack", options)[1][0]
    assert kathleen[2 : 2 + len(SYSTEMS)] == plain[2 : 2 + len(SYSTEMS)]


def test_the_voice_of_decoders_holds_what_their_training_wrote(options):
    written = [[value(c, "--out") for c in chain] for chain in commands("decoders", options)]
    packed = [chain[1] for chain in commands("pack", options)]
    assert [command[2 : 2 + len(SYSTEMS)] for command in packed] == written


def test_every_setting_has_a_row_beside_the_recordings(options):
    for command in sets("choose", options):
        out = Path(value(command, "-o"))
        copy = "copy_refined" if "--refine-copy" in command else "copy_synthesis"
        metrics = {metric.name: {"mean": 0.25} for metric in METRICS}
        systems = [{"system": s, "metrics": metrics} for s in (*SYSTEMS, copy, "reference")]
        out.mkdir(parents=True)
        (out / "objective.json").write_text(json.dumps({"systems": systems}))
    rows = choice_table(options.out).splitlines()
    assert len(rows) == 2 + len(CORPORA) * len(SHARPENING)
    assert all(row.count("25.0 % 0.25 0.25 0.250/0.250") == 5 for row in rows[2:])


def test_systems_are_continued_from_their_runs_on_heart(options):
    assert STEPS.index("train") < STEPS.index("refine") < STEPS.index("pack")
    for chain in commands("train", options)[:-1]:
        first, second = chain
        assert value(second, "--from") == value(first, "--out")
        assert first[1] == second[1]
