"""A skip in CI is red unless tests/allowed_skips.txt lists its reason."""

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import pytest

def test_runs():
    pass

def test_skips():
    pytest.skip({reason!r})
"""
CONFTEST = Path(__file__).with_name("conftest.py")


@pytest.mark.integration
@pytest.mark.parametrize(
    ("reason", "ci", "status"),
    [
        ("Chromium is not installed (apt-get install chromium)", "true", 1),
        ("Chromium is not installed (apt-get install chromium)", "", 0),
        ("no human corpus at /corpora; set INTONE_CORPORA", "true", 0),
    ],
)
@pytest.mark.parametrize("parallel", [[], ["--numprocesses", "1"]])
def test_unlisted_skip_fails_a_run_in_ci(tmp_path, reason, ci, status, parallel):
    (tmp_path / "test_small.py").write_text(TESTS.format(reason=reason), "utf-8")
    (tmp_path / "conftest.py").write_text(CONFTEST.read_text("utf-8"), "utf-8")
    (tmp_path / "allowed_skips.txt").write_text(
        CONFTEST.with_name("allowed_skips.txt").read_text("utf-8"), "utf-8"
    )
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            *parallel,
            str(tmp_path),
            "--rootdir",
            str(tmp_path),
        ],
        capture_output=True,
        text=True,
        env={"CI": ci, "PATH": "/usr/bin:/bin"},
    )
    assert run.returncode == status, run.stdout + run.stderr
    if status:
        assert f"test_small.py::test_skips: {reason}" in run.stdout
