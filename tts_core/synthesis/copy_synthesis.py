"""Copy synthesis: recordings through spectrogram and vocoder, the ceiling of both."""

import numpy as np

from tts_core.audio.io import resample
from tts_core.audio.mel import MelSpectrogram
from tts_core.config import Features
from tts_core.vocoder.load import Vocoder


class CopySynthesis:
    """Recordings resynthesised from their own spectrograms.

    Args:
        features: of the spectrogram. vocoder: that reads it (`load_vocoder(features)`).
    """

    def __init__(self, features: Features, vocoder: Vocoder) -> None:
        self.features, self.vocoder = features, vocoder
        self._mel = MelSpectrogram(features)

    def __call__(self, samples: np.ndarray, sample_rate_hz: int) -> np.ndarray:
        """Resynthesize (L,) samples: (T * hop,) float32 in [-1, 1].

        Any input rate; the output has the vocoder's rate.
        """
        signal = resample(samples, sample_rate_hz, self.features.sample_rate_hz)
        return self.vocoder(self._mel(signal))
