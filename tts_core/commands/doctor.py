"""`intone doctor`: checks of everything that training and synthesis need."""

import importlib.metadata
import platform
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from intone import assets
from intone.errors import UserError
from intone.resources import cache_path

ENOUGH_DISK_GB = 5.0
WORST_ROUND_TRIP = 1.0
"""Largest mean absolute difference of log-mels, nats, that passes.

Between the spectrogram given to the vocoder and that of its audio; 0.2 with the shipped voice.
"""
INSTALL = "run `make install`, or pip install 'intone[tts]'"
SENTENCE = "The boat came home."


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        what: item checked. ok: whether it passed; None for a note.
        result: finding, and what to do if it is not ok.
    """

    what: str
    ok: bool | None
    result: str


def examine(folder: Path) -> Iterator[Finding]:
    """Run every check and yield its finding.

    Args:
        folder: where runs would be written.
    """
    for what, look in {
        "versions": _versions,
        "GPU": _gpu,
        "disk": lambda: _disk(folder),
        "assets": _assets,
        "spectrogram of the vocoder": _vocoder,
        "round trip": _round_trip,
    }.items():
        yield _guarded(what, look)


def _guarded(what: str, look: Callable[[], tuple[bool | None, str]]) -> Finding:
    """Run one check and turn any exception into a finding."""
    try:
        return Finding(what, *look())
    except UserError as error:
        return Finding(what, False, str(error))
    except ImportError as error:
        return Finding(what, False, f"{error}; {INSTALL}")
    except Exception as error:
        first = (str(error).splitlines() or [""])[0]
        return Finding(what, False, f"{type(error).__name__}: {first}; {INSTALL}")


def _versions() -> tuple[bool, str]:
    from packaging.requirements import Requirement

    wanted = [Requirement(line) for line in importlib.metadata.requires("intone") or []]
    needed = [r for r in wanted if r.marker is None or r.marker.evaluate({"extra": "tts"})]
    wrong: list[str] = []
    for requirement in needed:
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(re.sub(r"\+.*", "", version), prereleases=True):
            wrong.append(f"{requirement.name} is {version}, wanted {requirement.specifier}")
    if wrong:
        return False, f"{'; '.join(wrong)}; {INSTALL}"
    torch = importlib.metadata.version("torch")
    return True, f"Python {platform.python_version()}, torch {torch}, all {len(needed)} packages"


def _gpu() -> tuple[bool | None, str]:
    import torch

    if not torch.cuda.is_available() and shutil.which("nvidia-smi"):
        built = f"built for CUDA {torch.version.cuda}" if torch.version.cuda else "built for CPUs"
        return None, (
            f"there is one that torch {torch.__version__}, {built}, cannot use, so that training "
            "runs on the CPU; install torch for the GPU (`make install TORCH=cuda` in a new .venv)"
        )
    if not torch.cuda.is_available():
        return None, "none; training runs on the CPU, where the compact recipes take about an hour"
    about = torch.cuda.get_device_properties(0)
    numbers = "bfloat16" if torch.cuda.is_bf16_supported(False) else "no bfloat16: fp32 is used"
    sum_on_gpu = float(torch.ones(1000, device="cuda").sum())
    memory = f"{about.total_memory / 2**30:.0f} GiB, CUDA {torch.version.cuda}, {numbers}"
    return sum_on_gpu == 1000, f"{torch.cuda.device_count()} x {about.name}, {memory}"


def _disk(folder: Path) -> tuple[bool, str]:
    free: dict[str, float] = {}
    for location in (folder, cache_path()):
        there = next(p for p in (location.resolve(), *location.resolve().parents) if p.exists())
        free[str(location)] = shutil.disk_usage(there).free / 1e9
    summary = ", ".join(f"{gb:.0f} GB free at {location}" for location, gb in free.items())
    if min(free.values()) >= ENOUGH_DISK_GB:
        return True, summary
    needed = f"a prepared corpus and its runs need {ENOUGH_DISK_GB:.0f} GB"
    return False, f"{summary}; {needed}: make room"


def _assets() -> tuple[bool, str]:
    known = assets.catalogue()
    available = [name for name in known if assets.available(name)]
    missing = [name for name, asset in known.items() if asset.default and name not in available]
    if missing:
        return False, f"not here: {', '.join(missing)}; fetch them with `intone assets`"
    optional = [name for name in known if name not in available]
    more = f"; not here, needed by some recipes alone: {', '.join(optional)}" if optional else ""
    return True, f"{', '.join(available)}{more}"


def _vocoder() -> tuple[bool, str]:
    from tts_core.config import PRESETS
    from tts_core.vocoder.load import HIFIGAN, load_vocoder

    fits = [name for name, preset in PRESETS.items() if _fits(HIFIGAN, name)]
    load_vocoder(PRESETS["hifigan22k"], HIFIGAN)
    return bool(fits), f"{HIFIGAN} reads {', '.join(fits)} ({PRESETS[fits[0]].digest()})"


def _fits(vocoder: str, name: str) -> bool:
    from tts_core.config import preset
    from tts_core.vocoder.load import load_vocoder

    try:
        load_vocoder(preset(name), vocoder)
    except UserError:
        return False
    return True


def _round_trip() -> tuple[bool, str]:
    """Speak with the shipped voice and compare the vocoder's output."""
    from tts_core.audio.mel import MelSpectrogram
    from tts_core.config import Features
    from tts_core.synthesis.synthesize import Synthesizer

    started = time.monotonic()
    speech = Synthesizer.load("ntts").speak(SENTENCE, seed=0)
    heard = MelSpectrogram(Features())(speech.samples)
    frames = min(len(heard), len(speech.mel))
    distance = float(np.abs(heard[:frames] - speech.mel[:frames]).mean())
    seconds = time.monotonic() - started
    summary = (
        f"{len(speech.samples) / speech.sample_rate:.1f} s of speech with the shipped voice in "
        f"{seconds:.1f} s; the spectrogram comes back to {distance:.2f} nats"
    )
    if distance <= WORST_ROUND_TRIP:
        return True, summary
    return False, f"{summary}, more than {WORST_ROUND_TRIP}: run `intone assets` with a fresh cache"
