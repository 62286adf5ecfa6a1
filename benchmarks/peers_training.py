"""Peers of `training.py`, run in their own environment.

Imports nothing of this project.

Weights are random: only speed and size are measured. A pass is one optimiser step on a batch
without any padding: loss, backward, gradient clip of 1.0, Adam.
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

Work = tuple[Callable[[], torch.Tensor], torch.nn.Module]


def main() -> None:
    """Answer every input line with a timed pass.

    Arguments: `NAME UTTERANCES PHONES FRAMES`.
    """
    logging.disable(logging.WARNING)
    name, *sizes = sys.argv[1:]
    torch.set_num_threads(1)
    torch.manual_seed(0)
    loss, model = {"tacotron2": tacotron2, "fastpitch": fastpitch}[name](*map(int, sizes))
    model.train()
    adam = torch.optim.Adam(model.parameters(), lr=1e-4)

    def step() -> None:
        adam.zero_grad(set_to_none=True)
        loss().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()

    step()
    version = "coqui-tts " + importlib.metadata.version("coqui-tts")
    answer({"parameters": sum(p.numel() for p in model.parameters()), "version": version})
    for _ in sys.stdin:
        started = time.process_time()
        step()
        cpu_s = time.process_time() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        answer({"cpu_s": cpu_s, "peak_mib": peak})


def answer(row: dict[str, Any]) -> None:
    """Print one line of JSON."""
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


def ids_and_mel(
    batch: int, phones: int, frames: int, inventory: int
) -> tuple[dict[str, Any], torch.Tensor]:
    """Return ids, their lengths, spectrograms and their lengths."""
    lengths = torch.full((batch,), frames)
    return {
        "text_input": torch.randint(1, inventory - 1, (batch, phones)),
        "text_lengths": torch.full((batch,), phones),
        "mel_input": torch.randn(batch, frames, 80),
        "mel_lengths": lengths,
        "speaker_ids": None,
        "d_vectors": None,
    }, lengths


def tacotron2(batch: int, phones: int, frames: int) -> Work:
    """Return Tacotron 2, one frame a step."""
    from TTS.tts.configs.tacotron2_config import Tacotron2Config
    from TTS.tts.models.tacotron2 import Tacotron2

    model = Tacotron2(Tacotron2Config(num_chars=80, r=1))
    criterion = model.get_criterion()
    inputs, lengths = ids_and_mel(batch, phones, frames, model.embedding.num_embeddings)
    stop = torch.zeros(batch, frames)
    stop[:, -1] = 1
    inputs |= {"stop_targets": stop, "stop_target_lengths": lengths}
    return lambda: model.train_step(inputs, criterion)[1]["loss"], model


def fastpitch(batch: int, phones: int, frames: int) -> Work:
    """Return FastPitch with given durations, its aligner included."""
    from TTS.tts.configs.fast_pitch_config import FastPitchConfig
    from TTS.tts.models.forward_tts import ForwardTTS

    config = FastPitchConfig()
    config.num_chars = config.model_args.num_chars = 80
    model = ForwardTTS(config)
    criterion = model.get_criterion()
    inputs, _ = ids_and_mel(batch, phones, frames, model.emb.num_embeddings)
    inputs |= {
        "pitch": torch.randn(batch, 1, frames),
        "energy": None,
        "durations": torch.full((batch, phones), frames // phones),
    }
    return lambda: model.train_step(inputs, criterion)[1]["loss"], model


if __name__ == "__main__":
    main()
