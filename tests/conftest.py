"""Settings of every test run: no deadlines, only listed skips."""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ALLOWED_SKIPS = Path(__file__).with_name("allowed_skips.txt")


def allowed_reasons() -> list[str]:
    """Return the beginnings of allowed reasons for skips in CI."""
    lines = ALLOWED_SKIPS.read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def unlisted_skips(reports: list[pytest.TestReport]) -> list[str]:
    """Return "TEST: reason" for each skip that is not listed."""
    allowed = tuple(allowed_reasons())
    skips = []
    for report in reports:
        # An expected failure is reported as skipped, too.
        if hasattr(report, "wasxfail"):
            continue
        detail = report.longrepr
        reason = str(detail[2] if isinstance(detail, tuple) else detail).removeprefix("Skipped: ")
        if not reason.startswith(allowed):
            skips.append(f"{report.nodeid}: {reason}")
    return skips


@pytest.fixture(scope="module", autouse=True)
def collected() -> None:
    """Keep loaded modules out of garbage collections, which training stages force."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the unlisted skips of a run in CI."""
    skips = unlisted_skips(terminalreporter.stats.get("skipped", []))
    if not skips or not os.environ.get("CI"):
        return
    terminalreporter.section("skips that tests/allowed_skips.txt does not list")
    for skip in skips:
        terminalreporter.line(skip)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Set a failing exit status for unlisted skips in CI."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not os.environ.get("CI") or session.exitstatus:
        return
    if unlisted_skips(reporter.stats.get("skipped", [])):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
