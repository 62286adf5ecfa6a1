"""Word error rate: what a recogniser understands of the speech."""

import numpy as np

from intone import assets
from intone.errors import UserError
from tts_core.text.normalise import Unit, normalise

ASSET = "whisper-base"
RATE_HZ = 16000


def spoken_words(text: str) -> list[str]:
    """Return the words to compare: as spoken, lower case, no punctuation.

    Reference and recognition pass through the same front-end normaliser, so that "Dr.", "doctor",
    "42" and "forty-two" do not count as errors. Hyphenated words are several words, and
    what is spelled letter by letter is one ("U.S.", "US"; "AM" may be emphasis); letters of other
    alphabets are dropped. Spelling variants (colour, color) do count.
    """
    words: list[str] = []
    for unit in _units(text):
        spelled = all(name.endswith(".") for name in unit.spoken_words)
        written = ("" if spelled else " ").join(unit.spoken_words)
        written = written.replace(".", "").replace("-", " ")
        words += written.lower().split()
    return [word for word in words if any(c.isalnum() for c in word)]


def _units(text: str) -> list[Unit]:
    """Return the units of the speakable characters.

    Latin letters, or ASCII alone if the normaliser refuses more.
    """
    latin = "".join(c for c in text if not c.isalpha() or c < "\u0250")
    for kept in (latin, latin.encode("ascii", "ignore").decode()):
        try:
            return normalise(kept)
        except UserError:
            continue
    return []


class Recogniser:
    """Whisper base (asset `whisper-base`) by faster-whisper; beam 5, no sampling, so repeatable.

    Args:
        language: ISO 639-1 code of the speech. device: "cpu" or "cuda".

    Raises:
        UserError: the asset or the package is missing.
    """

    name = "Whisper base"

    def __init__(self, language: str = "en", device: str = "cpu") -> None:
        folder = assets.path(ASSET)
        try:
            from faster_whisper import WhisperModel
        except ImportError as error:
            raise UserError("faster-whisper is not installed; install `intone[tts]`") from error
        compute = "float32" if device == "cpu" else "float16"
        self.language = language
        self._model = WhisperModel(str(folder), device=device, compute_type=compute)

    def __call__(self, samples: np.ndarray) -> str:
        """Return the text heard in (L,) samples at 16 kHz."""
        segments, _ = self._model.transcribe(
            samples.astype(np.float32),
            language=self.language,
            beam_size=5,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
        )
        return " ".join(segment.text.strip() for segment in segments).strip()
