"""The command line as a newcomer meets it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from intone.command import cli

ROOT = Path(__file__).parents[3]
HEAVY = {"torch", "transformers", "spacy", "gradio", "pandas", "scipy", "matplotlib", "sqlalchemy"}
CODE = "import sys; from intone.command.cli import main; sys.argv[0] = 'intone'; main()"


def intone(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CODE, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def commands() -> list[tuple[str, ...]]:
    """Every command and sub-command, from the command tree itself."""
    import typer.main

    from intone.command.cli import _compose, app

    if not any(group.typer_instance for group in app.registered_groups):
        _compose()

    def walk(command, path):
        yield path
        for name, child in getattr(command, "commands", {}).items():
            yield from walk(child, (*path, name))

    return sorted(walk(typer.main.get_command(app), ()))


def test_the_documented_commands_exist():
    found = {" ".join(path) for path in commands()}
    documented = {
        "corpus build",
        "corpus fetch",
        "corpus import",
        "corpus report",
        "prepare",
        "text analyse",
        "text train-parser",
        "text score-parser",
        "train",
        "synth",
        "stimuli make",
        "stimuli import",
        "voice pack",
        "voice show",
        "assets",
        "objective",
        "study new",
        "study check",
        "study plan",
        "study audit",
        "study import",
        "study export",
        "study bundle",
        "study backup",
        "study invite",
        "study schema",
        "serve",
        "rehearse",
        "ratings import",
        "report",
        "power",
        "evaluate",
        "doctor",
        "runs",
        "demo",
    }
    assert documented <= found


def test_every_help_is_quick_because_it_loads_nothing_heavy():
    """Load the help of all commands in one process.

    None of them may import a heavy package.
    """
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "import typer.main\n"
        "from intone.command.cli import _compose, app\n"
        "_compose()\n"
        "root = typer.main.get_command(app)\n"
        f"for path in {commands()!r}:\n"
        "    result = CliRunner().invoke(root, [*path, '--help'])\n"
        "    assert result.exit_code == 0, (path, result.output)\n"
        "    assert 'Usage' in result.output\n"
        f"loaded = {HEAVY!r} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("train", "no_such_recipe"), ("no_such_recipe", "kathaka")),
        (("train", "ntts_demo", "stages.1.stpes=3"), ("stpes",)),
        (("train", "ntts_demo", "nonsense"), ("nonsense", "key=value")),
        (("synth", "--system", "ntts", "-o", "x.wav"), ("--text", "--file")),
        (("stimuli", "import", "mine", "-o", "x"), ("NAME=FOLDER",)),
        (("corpus", "report", "no/such/corpus"), ("no/such/corpus", "metadata.csv")),
        (("assets", "nothing"), ("nothing", "minilm")),
        (("report", "no.csv", "-o", "x"), ("no.csv",)),
        (("serve", "no.yaml"), ("no.yaml",)),
    ],
)
def test_bad_input_is_one_sentence_and_a_failure(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INTONE_VOICE", str(tmp_path))
    monkeypatch.setattr(cli.app, "registered_groups", [])
    monkeypatch.setattr(sys, "argv", ["intone", *arguments])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 1
    message = capsys.readouterr().err.strip().splitlines()
    assert len(message) == 1
    assert message[0].startswith("intone: ")
    for word in words:
        assert word in message[0]


def test_bad_input_ends_the_process_with_status_1(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = intone("report", "no.csv", "-o", "x", PYTHONPATH=str(ROOT))
    assert done.returncode == 1
    assert done.stderr.splitlines() == [done.stderr.strip()]
    assert done.stderr.startswith("intone: no.csv")
