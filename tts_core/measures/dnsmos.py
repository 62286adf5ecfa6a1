"""DNSMOS P.835: overall quality predicted by a network, without listeners."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from intone import assets
from intone.errors import UserError
from tts_core.audio.io import read_audio

ASSET = "dnsmos"
NAME = "DNSMOS"
RATE_HZ = 16000
WINDOW = 144160
"""Samples that the network reads at once: 9.01 s."""

_OVERALL = 2
_SCALE = (0.04602535, 1.11546468, -0.06766283)


def predict_overall(paths: Sequence[Path]) -> Iterator[float]:
    """Predict the overall quality from 1 to 5 per file, in order.

    The score of P.835 called OVRL (Reddy, Gopal and Cutler 2022, "DNSMOS P.835"): the mean over
    windows of the network's third output, mapped to the listeners' scale by the polynomial of the
    published script (microsoft/DNS-Challenge, DNSMOS/dnsmos_local.py). The level is left as it is.

    Raises:
        UserError: the asset or onnxruntime is missing, or a file cannot be read.
    """
    model = assets.path(ASSET) / "sig_bak_ovr.onnx"
    try:
        import onnxruntime
    except ImportError as error:
        raise UserError("onnxruntime is not installed; install `intone[tts]`") from error
    options = onnxruntime.SessionOptions()
    # One thread: sums in the same order on every machine.
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), options, ["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    for path in paths:
        # Window by window: the memory does not grow with the length of the file.
        raw = [
            float(np.asarray(session.run(None, {name: window[None]})[0])[0, _OVERALL])
            for window in windows(read_audio(path, RATE_HZ))
        ]
        yield float(np.polynomial.polynomial.polyval(raw, _SCALE).mean())


def windows(samples: np.ndarray) -> list[np.ndarray]:
    """Cut (L,) samples into windows of 9.01 s, one every second.

    The rate is 16 kHz, L > 0. A shorter clip is doubled until it fills one. As in the published
    script, there are as many windows as whole seconds beyond 9, at least one.
    """
    while len(samples) < WINDOW:
        samples = np.tile(samples, 2)
    count = max(1, len(samples) // RATE_HZ - 9)
    return [samples[k * RATE_HZ :][:WINDOW] for k in range(count)]
