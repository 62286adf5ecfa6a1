"""The recogniser of the training side, as the listening test's check takes it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mushra_app.recognised import Recogniser


def find(language: str) -> "Recogniser | None":
    """A recogniser for texts in a language (BCP 47).

    Returns:
        None where its weights or its package are not installed, or words of that language cannot
        be normalised.
    """
    from importlib.util import find_spec
    from pathlib import Path

    from intone import assets

    if language.lower().split("-")[0] != "en" or find_spec("faster_whisper") is None:
        return None
    try:
        from tts_core.audio.io import read_audio
        from tts_core.evaluation import wer
    except ImportError:
        return None
    if not assets.available(wer.ASSET):
        return None
    from mushra_app.recognised import Recogniser

    recogniser = wer.Recogniser("en")

    def transcribe(path: Path) -> str:
        return recogniser(read_audio(path, wer.RATE_HZ))

    return Recogniser(wer.Recogniser.name, transcribe, wer.spoken_words)
