"""Description of the machine that a GPU measurement was made on."""

import datetime
import json
import platform
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from tts_core.training.signals import Interrupted


def about() -> dict[str, Any]:
    """Return device, versions and date."""
    on_gpu = torch.cuda.is_available()
    return {
        "device": torch.cuda.get_device_name() if on_gpu else f"CPU ({platform.machine()})",
        "torch": torch.__version__,
        "cuda": torch.version.cuda if on_gpu else None,
        "python": platform.python_version(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def write(out: Path, name: str, results: Any) -> None:
    """Write `name.json` into `out`: the results and the machine."""
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"about": about(), "found": results}, indent=1)
    (out / f"{name}.json").write_text(text + "\n", "utf-8")


@contextmanager
def at_most(minutes: float) -> Iterator[None]:
    """Request a training's end, with a checkpoint, when time is over."""
    timer = threading.Timer(60 * minutes, signal.raise_signal, (signal.SIGTERM,))
    timer.daemon = True
    timer.start()
    try:
        yield
    except Interrupted:
        pass
    finally:
        timer.cancel()


def device() -> torch.device:
    """Return the GPU, or the CPU in a rehearsal."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def synchronise() -> None:
    """Wait until the device has finished."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
