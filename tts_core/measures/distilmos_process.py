"""Process that predicts an opinion score for each path it reads.

Paths come on standard input, scores go to standard output, one a line.
"""

import contextlib
import sys
import types
from pathlib import Path

import torch

from tts_core.audio.io import read_audio

RATE_HZ = 16000


def main() -> None:
    """Score files until standard input ends.

    The asset's folder must be on PYTHONPATH.
    """
    # Imported by the package at its top, used only by its own command line.
    sys.modules["torchaudio"] = types.ModuleType("torchaudio")
    with contextlib.redirect_stdout(sys.stderr):
        from distillmos import ConvTransformerSQAModel  # pyright: ignore[reportMissingImports]

        model = ConvTransformerSQAModel().eval()
    for line in sys.stdin:
        samples = torch.from_numpy(read_audio(Path(line.rstrip("\n")), RATE_HZ))
        with torch.inference_mode():
            score = float(model(samples[None]))
        sys.stdout.write(f"{score}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
