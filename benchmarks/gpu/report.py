"""What every measurement on a GPU says of the machine it was made on."""

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
    """Device, versions, date."""
    on_gpu = torch.cuda.is_available()
    return {
        "device": torch.cuda.get_device_name() if on_gpu else f"CPU ({platform.machine()})",
        "torch": torch.__version__,
        "cuda": torch.version.cuda if on_gpu else None,
        "python": platform.python_version(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def write(out: Path, name: str, found: Any) -> None:
    """`name.json` in the folder `out`: what was found, and on what."""
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"about": about(), "found": found}, indent=1)
    (out / f"{name}.json").write_text(text + "\n", "utf-8")


@contextmanager
def at_most(minutes: float) -> Iterator[None]:
    """Ask a training for its end, with a checkpoint, when the time is over."""
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
    """The GPU, or the CPU in a rehearsal."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def synchronise() -> None:
    """Wait until the device has done everything."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
