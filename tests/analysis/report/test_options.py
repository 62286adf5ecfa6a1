"""Options of `intone report`: one list for all its users."""

import subprocess
from dataclasses import fields
from pathlib import Path

import pytest
from typer.testing import CliRunner

import analysis.report.write
from analysis.cli import app, report
from intone.contracts import ReportOptions
from intone.errors import UserError

EVERY = ReportOptions(
    baseline="my$HOME base;x",
    reference="ref;reboot",
    anchor_low="`low`",
    anchor_mid="it's mid",
    contrasts="all",
    screening="mpeg",
    study="s t",
    question="natural?",
    page_type="acr",
    repeats="mean",
    alpha=0.01,
    margin=2.123456789,
    planned_listeners=40,
    seed=3,
    planted=Path("planted values.json"),
    title='"A" & B',
    stimuli=Path("my stimuli"),
    scale=(1.0, 5.5),
    note=("First.", "Second $(date)."),
    exclude=("L 1", "L*"),
)


def _arguments(command: str) -> list[str]:
    """Return the arguments that a shell passes to `intone`."""
    script = 'intone() { printf "%s\\0" "$@"; }\n' + command
    shell = subprocess.run(["sh", "-c", script], capture_output=True, check=True, text=True)
    return shell.stdout.split("\0")[:-1]


def test_every_option_differs_from_its_default_in_this_test():
    assert [field.name for field in fields(EVERY)] == [
        option[2:].replace("-", "_") for option in EVERY.given()
    ]


def test_command_line_and_options_have_the_same_names():
    names = {field.name for field in fields(ReportOptions)}
    assert set(report.__annotations__) - names == {"ratings", "out", "watch", "every", "return"}


@pytest.mark.parametrize("options", [ReportOptions(), EVERY])
def test_command_gives_the_same_options_through_a_shell(monkeypatch, options):
    received = []

    def write_report(*arguments: object) -> None:
        received.append(arguments)
        raise UserError("not written in this test")

    monkeypatch.setattr(analysis.report.write, "write_report", write_report)
    CliRunner().invoke(app, _arguments(options.command("my ratings.csv")))
    assert received == [("my ratings.csv", Path("report"), options, None)]


def test_command_hides_the_password_of_a_database():
    command = ReportOptions(seed=1).command("postgresql://me:hunter2@host/base")
    assert command == "intone report 'postgresql://me:***@host/base' --seed 1 -o report"


@pytest.mark.parametrize("alpha", [0.0, 0.5, 5.0, float("nan")])
def test_alpha_outside_its_range_is_refused(alpha):
    with pytest.raises(UserError, match=r"--alpha .*: not between 0 and 0.5; give"):
        ReportOptions(alpha=alpha)
