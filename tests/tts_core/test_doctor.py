"""`intone doctor` on this machine, and on one where something is missing."""

from typer.testing import CliRunner

from tts_core.cli import app


def test_a_machine_that_passes_the_tests_is_well():
    said = CliRunner().invoke(app, ["doctor"])
    assert said.exit_code == 0, said.output
    lines = said.output.splitlines()
    assert [line.split(":")[0][5:] for line in lines] == [
        "versions", "GPU", "disk", "assets", "spectrogram of the vocoder", "round trip"
    ]  # fmt: skip
    assert not any(line.startswith("NOT") for line in lines)


def test_what_is_missing_is_said_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("INTONE_CACHE", str(tmp_path))
    said = CliRunner().invoke(app, ["doctor"])
    assert said.exit_code == 1
    assert "NOT  assets: not here" in said.output
    assert "`intone assets`" in said.output
    assert "Traceback" not in said.output
