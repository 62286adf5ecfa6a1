"""Kokoro-82M, the voice that reads the corpus heart."""

import importlib.util
import json

import numpy as np
import soxr

from intone import assets
from intone.errors import UserError

ASSET = "kokoro"
MODEL_RATE, RATE = 24000, 22050
FEWEST, MOST = 6, 499
"""Symbols that the model reads at once."""


class Reader:
    """The model and its voice `af_heart`, without randomness.

    Every reading runs on the thread that asks for it; several threads may read at once.

    Raises:
        UserError: the asset or onnxruntime is not here.
    """

    def __init__(self) -> None:
        folder = assets.path(ASSET)
        if importlib.util.find_spec("onnxruntime") is None:
            raise UserError("onnxruntime is not installed; run `pip install 'intone[tts]'`")
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._model = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
        self._symbols: dict[str, int] = vocabulary["vocab"]
        # One style for every number of symbols.
        self._styles = np.fromfile(folder / "af_heart.bin", np.float32).reshape(-1, 1, 256)

    def read(self, phonemes: str) -> np.ndarray | None:
        """Read one sentence aloud.

        Args:
            phonemes: in the model's alphabet (`tts_core.corpus.heart.phonemes`).

        Returns:
            (n,) float32 samples at `RATE` in [-1, 1]; None if the sentence has too few or too many
            symbols.
        """
        ids = [self._symbols[sign] for sign in phonemes if sign in self._symbols]
        if not FEWEST <= len(ids) <= MOST:
            return None
        feed = {
            "tokens": np.array([[0, *ids, 0]], np.int64),
            "style": self._styles[len(ids) - 1],
            "speed": np.ones(1, np.float32),
        }
        samples = np.asarray(self._model.run(None, feed)[0], np.float32).squeeze()
        return np.clip(soxr.resample(samples, MODEL_RATE, RATE), -1, 1)
