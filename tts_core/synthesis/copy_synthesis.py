"""Copy synthesis: recordings through spectrogram and vocoder, the ceiling of both."""

import numpy as np
import torch

from tts_core.audio.io import resample
from tts_core.audio.mel import MelSpectrogram
from tts_core.config import Features
from tts_core.refiner.load import Sharpener
from tts_core.vocoder.load import Vocoder


class CopySynthesis:
    """Recordings resynthesised from their own spectrograms.

    Args:
        features: of the spectrogram. vocoder: that reads it (`load_vocoder(features)`).
        refiner: between both, to show what it does to a spectrogram that needs nothing.
    """

    def __init__(
        self, features: Features, vocoder: Vocoder, refiner: Sharpener | None = None
    ) -> None:
        self.features, self.vocoder, self.refiner = features, vocoder, refiner
        self._mel = MelSpectrogram(features)

    def __call__(
        self, samples: np.ndarray, sample_rate_hz: int, generator: torch.Generator | None = None
    ) -> np.ndarray:
        """Resynthesize (L,) samples: (T * hop,) float32 in [-1, 1].

        Any input rate; the output has the vocoder's rate.

        generator: of the refiner's noise.
        """
        signal = resample(samples, sample_rate_hz, self.features.sample_rate_hz)
        mel = self._mel(signal)
        if self.refiner is None:
            return self.vocoder(mel)
        return self.vocoder(self.refiner(torch.as_tensor(mel), generator or torch.Generator()))
