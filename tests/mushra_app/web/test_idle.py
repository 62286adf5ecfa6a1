"""An idle server leaves the processor alone."""

import time
from pathlib import Path

import pytest

from tests.mushra_app.support import begin

MOST_WAKE_UPS_PER_S = 200


def wake_ups(process: int) -> int:
    """Return how often a process has waited for something."""
    lines = Path(f"/proc/{process}/status").read_text("utf-8").splitlines()
    return int(next(x for x in lines if x.startswith("voluntary_ctxt_switches")).split()[1])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="/proc is Linux's")
def test_idle_server_sleeps(server, client):
    """Gradio's queues must not be polled every millisecond."""
    begin(client)
    before, start_s = wake_ups(server.process.pid), time.monotonic()
    time.sleep(2)
    count = wake_ups(server.process.pid) - before
    assert count / (time.monotonic() - start_s) < MOST_WAKE_UPS_PER_S
