"""How fast the systems synthesize on one core, beside public peers in the same run.

    python benchmarks/synthesis.py [--peers] [--size paper] [--repeats 5] [--out synthesis.json]

Text of 100 phones to exactly 600 frames (7.0 s), random weights, float32, one thread: the acoustic
model with everything it reads (CAMP's and Kathaka's text encoder included), and the vocoder by
itself. Each contestant is a process of its own, so that its peak memory is its own; they take
turns.
`--peers` first makes an environment with coqui-tts under the cache folder. Prints a Markdown table
and writes JSON: CPU seconds, real-time factors per core, peak resident memory.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import argparse
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

import numpy as np
import torch

from intone.resources import cache_path
from tts_core.audio.vocoder import load_vocoder
from tts_core.config import STAGES, Features, load_recipe
from tts_core.models.batch import collate
from tts_core.models.build import System, build
from tts_core.models.camp import CAMP
from tts_core.models.durian_plus import DurIANPlus
from tts_core.models.facts import CorpusFacts
from tts_core.models.ntts_attention import LONGEST, NTTSAttention
from tts_core.text.syntax import NODE_LABELS, POS_TAGS
from tts_core.text.tokens import PHONES, TOKENS, token_id
from tts_core.types import Encoded

N_PHONES, N_WORDS, N_FRAMES = 100, 20, 600
BATCH = 16
PEERS = {"tacotron2": "Tacotron 2", "fastpitch": "FastPitch"}
HELP = Path(__file__).with_name("peers_synthesis.py")
GIVEN = "camp-given"
"""CAMP with word vectors that are given: without its prosody predictor and text encoder."""


def main() -> None:
    """Measure, print the table, write the JSON; or be one of the contestants."""
    arguments = _arguments()
    if arguments.contestant:
        contend(arguments.contestant, arguments.size, arguments.batch)
        return
    ours = [sys.executable, __file__, "--size", arguments.size]
    systems = [*STAGES, GIVEN]
    alone: dict[str, list[str | Path]] = {
        name: [*ours, "--contestant", name, "--batch", "1"] for name in (*systems, "vocoder")
    }
    python = peers_python(arguments.peers)
    if python is not None:
        sizes = [str(N_PHONES), str(N_FRAMES)]
        alone |= {peer: [python, "-W", "ignore", HELP, peer, *sizes] for peer in PEERS}
    together = {name: [*ours, "--contestant", name, "--batch", str(BATCH)] for name in systems}
    rows = measure(alone, 1, arguments.repeats)
    if not arguments.alone:
        rows += measure(together, BATCH, arguments.repeats)
    sys.stdout.write(table(rows))
    found = {"size": arguments.size, "repeats": arguments.repeats, "rows": rows}
    arguments.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--peers", action="store_true", help="install the peers if need be")
    parser.add_argument("--size", choices=["paper", "compact"], default="paper")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--alone", action="store_true", help="leave the batches out")
    parser.add_argument("--out", type=Path, default=Path("synthesis.json"))
    parser.add_argument("--contestant", help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=int, default=1, help=argparse.SUPPRESS)
    return parser.parse_args()


def peers_python(install: bool) -> Path | None:
    """The interpreter of the peers' environment, None if there is none and none is asked for."""
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


def contend(name: str, size: str, batch: int) -> None:
    """Answer every line of standard input with one timed pass."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    work, parameters = vocoder() if name == "vocoder" else acoustic_model(name, size, batch)
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


def acoustic_model(name: str, size: str, batch: int) -> tuple[Callable[[], None], int]:
    """A system with random weights that makes exactly the wanted frames, and its parameters."""
    system = name.removesuffix("-given")
    recipe = load_recipe(system if size == "paper" else f"{system}_compact")
    frames = N_FRAMES / N_PHONES
    facts = CorpusFacts(
        n_tokens=len(TOKENS),
        n_pos=len(POS_TAGS),
        n_labels=len(NODE_LABELS),
        n_mels=80,
        mel_mean=[0.0] * 80,
        mel_std=[1.0] * 80,
        duration_mean=[frames] * 3,
        duration_std=[0.0] * 3,
        graph_passes=12,
        features_digest=Features().digest(),
    )
    model = build(recipe, facts).eval()
    _prescribe_durations(model, frames)
    random = np.random.default_rng(0)
    inputs = collate([invented(random) for _ in range(batch)])
    generator = torch.Generator().manual_seed(0)
    vectors = torch.randn(batch, N_WORDS, recipe.model.word_vector)

    def work() -> None:
        if isinstance(model, CAMP) and name == GIVEN:
            made = model.synthesize(inputs, generator, prosody=vectors).mel
        else:
            made = model.synthesize(inputs, generator).mel
        if tuple(made.shape[:2]) != (batch, N_FRAMES):
            raise RuntimeError(f"{name} made {tuple(made.shape)}")

    return work, sum(parameter.numel() for parameter in model.parameters())


@torch.no_grad()
def _prescribe_durations(model: System, frames: float) -> None:
    """Every phone `frames` frames, by weights alone: nothing of the computation is left out.

    A duration of deviation 0 is its mean, as `facts` has it, up to the least deviation.
    """
    if isinstance(model, CAMP | DurIANPlus):
        model.duration_predictor.output.weight.zero_()
        model.duration_predictor.output.bias.fill_(frames)
    if isinstance(model, NTTSAttention):
        model.decoder.stop.bias.fill_(-100)
        model.duration_mean.fill_(frames / LONGEST)


def invented(random: np.random.Generator) -> Encoded:
    """A text of `N_PHONES` phones in `N_WORDS` words of one or two word pieces, with a tree."""
    split = N_WORDS // 4
    return Encoded(
        tokens=np.array([token_id(phone) for phone in random.choice(PHONES, N_PHONES)]),
        token_unit=np.arange(N_PHONES) * N_WORDS // N_PHONES,
        pos=random.integers(1, len(POS_TAGS), N_WORDS),
        word_class=random.integers(0, 2, N_WORDS),
        compound=random.integers(0, 2, N_WORDS),
        punctuation=np.zeros(N_WORDS, np.int64),
        pieces=random.integers(1000, 2000, N_WORDS + split + 2),
        piece_unit=np.array([-1, *sorted([*range(N_WORDS), *range(split)]), -1]),
        node_labels=random.integers(1, len(NODE_LABELS), 11 + N_WORDS),
        node_parents=np.array([-1, *[0] * 10, *(1 + i // 2 for i in range(N_WORDS))]),
        leaves=np.arange(11, 11 + N_WORDS),
    )


def vocoder() -> tuple[Callable[[], None], int]:
    """The vocoder of the default features, with its own weights."""
    speak = load_vocoder(Features())
    mel = np.random.default_rng(0).normal(-5, 1, (N_FRAMES, 80)).astype(np.float32)
    generator = getattr(speak, "generator", None)
    parameters = generator.parameters() if isinstance(generator, torch.nn.Module) else ()

    def work() -> None:
        speak(mel)

    return work, sum(parameter.numel() for parameter in parameters)


def measure(
    commands: Mapping[str, Sequence[str | Path]], batch: int, repeats: int
) -> list[dict[str, Any]]:
    """Let the contestants take turns, `repeats` times."""
    running = {
        name: subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        for name, command in commands.items()
    }
    about = {name: _read(process) for name, process in running.items()}
    passes: dict[str, list[dict[str, Any]]] = {name: [] for name in running}
    for _ in range(repeats):
        for name, process in running.items():
            if process.stdin is not None:
                process.stdin.write("\n")
            passes[name].append(_read(process))
    for process in running.values():
        process.communicate()
    features = Features()
    seconds = batch * N_FRAMES * features.hop / features.sample_rate_hz
    return [
        {
            "name": name,
            "version": about[name]["version"],
            "batch": batch,
            "parameters": about[name]["parameters"],
            "min_cpu_s": min(cpu),
            "median_cpu_s": statistics.median(cpu),
            "rtf_min": min(cpu) / seconds,
            "rtf_median": statistics.median(cpu) / seconds,
            "peak_mib": passes[name][-1]["peak_mib"],
        }
        for name in running
        if (cpu := [one["cpu_s"] for one in passes[name]])
    ]


def _read(process: subprocess.Popen[str]) -> dict[str, Any]:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise SystemExit(f"{process.args}: ended without an answer")
    return json.loads(line)


def table(rows: Sequence[dict[str, Any]]) -> str:
    """All contestants, in Markdown."""
    lines = [
        "| who | batch | parameters | CPU s, minimum | RTF per core, minimum | median | peak MiB |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        name = f"{PEERS[row['name']]} ({row['version']})" if row["name"] in PEERS else row["name"]
        lines.append(
            f"| {name} | {row['batch']} | {row['parameters'] / 1e6:.1f} M | {row['min_cpu_s']:.2f} "
            f"| {row['rtf_min']:.3f} | {row['rtf_median']:.3f} | {row['peak_mib']:.0f} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
