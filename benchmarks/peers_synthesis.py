"""Peers of `synthesis.py`, run in their own environment.

Imports nothing of this project.

Weights are random: only speed and size are measured. Every call makes exactly the wanted frames.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import importlib.metadata
import json
import logging
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import torch

Work = tuple[Callable[[], Any], torch.nn.Module]


def main() -> None:
    """Answer every input line with a timed pass of `NAME PHONES FRAMES`."""
    logging.disable(logging.WARNING)
    name, *sizes = sys.argv[1:]
    torch.set_num_threads(1)
    torch.manual_seed(0)
    work, model = {"tacotron2": tacotron2, "fastpitch": fastpitch}[name](*map(int, sizes))
    work()
    answer({"parameters": sum(p.numel() for p in model.parameters()), "version": version()})
    for _ in sys.stdin:
        started = time.process_time()
        work()
        cpu_s = time.process_time() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        answer({"cpu_s": cpu_s, "peak_mib": peak})


def answer(row: dict[str, Any]) -> None:
    """Print one line of JSON."""
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


def version() -> str:
    """Return the release of the peers' package."""
    return "coqui-tts " + importlib.metadata.version("coqui-tts")


def phones(n_phones: int, inventory: int) -> torch.Tensor:
    """Return (1, N) random ids: these peers synthesize single sentences."""
    return torch.randint(1, inventory - 1, (1, n_phones))


def tacotron2(n_phones: int, n_frames: int) -> Work:
    """Return Tacotron 2, one frame a step, whose stop token never comes."""
    from TTS.tts.configs.tacotron2_config import Tacotron2Config
    from TTS.tts.models.tacotron2 import Tacotron2

    config = Tacotron2Config(
        num_chars=80, r=1, prenet_dropout_at_inference=True, max_decoder_steps=n_frames
    )
    model = Tacotron2(config).eval()
    model.decoder.stop_threshold = 1.1
    ids = phones(n_phones, model.embedding.num_embeddings)

    def work() -> None:
        made = model.inference(ids)["model_outputs"]
        if tuple(made.shape[:2]) != (1, n_frames):
            raise RuntimeError(f"made {tuple(made.shape)}")

    return work, model


def fastpitch(n_phones: int, n_frames: int) -> Work:
    """Return FastPitch with the durations that the workload prescribes."""
    from TTS.tts.configs.fast_pitch_config import FastPitchConfig
    from TTS.tts.models.forward_tts import ForwardTTS

    config = FastPitchConfig()
    config.num_chars = config.model_args.num_chars = 80
    model = ForwardTTS(config).eval()
    ids = phones(n_phones, model.emb.num_embeddings)
    durations = torch.full((1, 1, n_phones), float(n_frames // n_phones))
    model.format_durations = lambda *_: durations

    def work() -> None:
        made = model.inference(ids)["model_outputs"]
        if tuple(made.shape[:2]) != (1, n_frames):
            raise RuntimeError(f"made {tuple(made.shape)}")

    return work, model


if __name__ == "__main__":
    main()
