"""Contestants that take turns, each in a process with its own memory."""

import json
import resource
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from intone.resources import cache_path

PEERS = {"tacotron2": "Tacotron 2", "fastpitch": "FastPitch"}


def peers_python(install: bool) -> Path | None:
    """Return the interpreter of the peers' environment, None without one.

    install: make the environment if it is missing.
    """
    folder = cache_path("benchmarks", "synthesis-peers")
    python, done = folder / "bin" / "python", folder / "installed"
    if done.is_file():
        return python
    if not install:
        return None
    venv.create(folder, with_pip=True, clear=True)

    def pip(*packages: str) -> None:
        subprocess.run([python, "-m", "pip", "install", "-q", *packages], check=True)

    pip(f"torch=={torch.__version__.partition('+')[0]}")
    pip("--no-deps", "torchaudio==2.11.0")
    # Its shared objects want CUDA; the Python around them, which coqui-tts imports, does not.
    for library in folder.glob("lib/python3*/site-packages/torchaudio/lib/*.so"):
        library.unlink()
    constraint = folder / "constraint.txt"
    constraint.write_text(f"torch=={torch.__version__.partition('+')[0]}\n", encoding="utf-8")
    pip("-c", str(constraint), "coqui-tts==0.28.0", "six")
    pip("--no-deps", "torchcodec==0.15.0")
    done.touch()
    return python


def contend(work: Callable[[], Any], parameters: int) -> None:
    """Answer every line of standard input with one timed pass."""
    torch.set_num_threads(1)
    work()
    _answer({"parameters": parameters, "version": "ours"})
    for _ in sys.stdin:
        started = time.process_time()
        work()
        cpu_s = time.process_time() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        _answer({"cpu_s": cpu_s, "peak_mib": peak})


def _answer(row: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


def measure(commands: Mapping[str, Sequence[str | Path]], repeats: int) -> list[dict[str, Any]]:
    """Let the contestants take turns, `repeats` times.

    Every turn is a process of its own, which warms up first: together, the contestants of a
    training step would hold more memory than a small machine has.
    """
    about: dict[str, dict[str, Any]] = {}
    passes: dict[str, list[dict[str, Any]]] = {name: [] for name in commands}
    for _ in range(repeats):
        for name, command in commands.items():
            about[name], timed_pass = _turn(command)
            passes[name].append(timed_pass)
            sys.stderr.write(f"{name}: {timed_pass['cpu_s']:.2f} CPU s\n")
    return [
        {
            "name": name,
            "version": about[name]["version"],
            "parameters": about[name]["parameters"],
            "min_cpu_s": min(cpu),
            "median_cpu_s": statistics.median(cpu),
            "peak_mib": max(timed_pass["peak_mib"] for timed_pass in passes[name]),
        }
        for name in commands
        if (cpu := [timed_pass["cpu_s"] for timed_pass in passes[name]])
    ]


def _turn(command: Sequence[str | Path]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a contestant's description and one timed pass."""
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    about = _read(process)
    if process.stdin is not None:
        process.stdin.write("\n")
    timed_pass = _read(process)
    process.communicate()
    return about, timed_pass


def _read(process: subprocess.Popen[str]) -> dict[str, Any]:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise SystemExit(f"{process.args}: ended without an answer")
    return json.loads(line)


def shown(row: Mapping[str, Any]) -> str:
    """Return a contestant's printed name."""
    return f"{PEERS[row['name']]} ({row['version']})" if row["name"] in PEERS else row["name"]
