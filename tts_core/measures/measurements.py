"""Measurements of each audio file of a stimulus set."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from intone.contracts.stimuli import Stimulus
from intone.edit_distance import edit_distance
from intone.errors import UserError
from intone.progress import Progress
from tts_core.audio.io import read_audio, read_audio_and_rate
from tts_core.audio.pitch import f0
from tts_core.config import Features
from tts_core.measures import dnsmos, quality, wer
from tts_core.measures.detail import detail
from tts_core.measures.journal import Journal

PREDICTORS: dict[str, Callable[[Sequence[Path]], Iterator[float]]] = {
    "distilmos": quality.predict_mos,
    "dnsmos": dnsmos.predict_overall,
}


def key_of(stimulus: Stimulus) -> str:
    """Return the journal key of a file: its audio and its text."""
    return f"{stimulus.sha256}|{stimulus.text}"


def measure_pitch(
    folder: Path, stimuli: Sequence[Stimulus], journal: Journal, progress: Progress
) -> None:
    """Measure mean F0, Hz, and standard deviation, semitones, of voiced frames.

    None with fewer than two voiced frames.
    """
    features = Features()
    todo = [s for s in stimuli if "f0_mean_hz" not in journal.get(key_of(s))]
    for number, stimulus in enumerate(todo):
        progress("F0", number, len(todo))
        contour = f0(read_audio(folder / stimulus.path, features.sample_rate_hz), features)
        voiced = contour[contour > 0].astype(np.float64)
        enough = len(voiced) >= 2
        mean = float(voiced.mean()) if enough else None
        spread = float(np.std(12 * np.log2(voiced), ddof=1)) if enough else None
        journal.add(key_of(stimulus), {"f0_mean_hz": mean, "f0_sd_semitones": spread})
    progress("F0", len(todo), len(todo))


def measure_words(
    folder: Path,
    stimuli: Sequence[Stimulus],
    language: str,
    device: str,
    journal: Journal,
    progress: Progress,
) -> None:
    """Count word errors of the files whose text is known.

    Raises:
        UserError: not English, no texts, or the recogniser is missing.
    """
    code = language.lower().split("-")[0]
    if code != "en":
        raise UserError(f"texts are in {language!r}; words are normalised for English only")
    with_text = [s for s in stimuli if wer.spoken_words(s.text)]
    if not with_text:
        raise UserError("the stimulus set has no texts; import it with --texts")
    todo = [s for s in with_text if "word_errors" not in journal.get(key_of(s))]
    if not todo:
        return
    recogniser = wer.Recogniser(code, device)
    for number, stimulus in enumerate(todo):
        progress("word errors", number, len(todo))
        heard = recogniser(read_audio(folder / stimulus.path, wer.RATE_HZ))
        words = wer.spoken_words(stimulus.text)
        errors = edit_distance(words, wer.spoken_words(heard))
        journal.add(key_of(stimulus), {"word_errors": errors, "words": len(words), "heard": heard})
    progress("word errors", len(todo), len(todo))


def measure_detail(
    folder: Path, stimuli: Sequence[Stimulus], journal: Journal, progress: Progress
) -> None:
    """Measure the fine detail of the log-mel over time and frequency, nats.

    None for silence and for files of a few frames.
    """
    todo = [s for s in stimuli if "detail_time" not in journal.get(key_of(s))]
    for number, stimulus in enumerate(todo):
        progress("fine detail", number, len(todo))
        fine = detail(*read_audio_and_rate(folder / stimulus.path))
        time, frequency = (fine.time, fine.frequency) if fine else (None, None)
        journal.add(key_of(stimulus), {"detail_time": time, "detail_frequency": frequency})
    progress("fine detail", len(todo), len(todo))


def measure_quality(
    folder: Path, stimuli: Sequence[Stimulus], predictor: str, journal: Journal, progress: Progress
) -> None:
    """Predict scores from 1 to 5 with one of `PREDICTORS`.

    Raises:
        UserError: the predictor is missing or failed.
    """
    todo = [s for s in stimuli if predictor not in journal.get(key_of(s))]
    predict = PREDICTORS[predictor]
    scores = predict([folder / s.path for s in todo]) if todo else ()
    for number, (stimulus, score) in enumerate(zip(todo, scores, strict=True)):
        progress(f"predicted quality ({predictor})", number, len(todo))
        journal.add(key_of(stimulus), {predictor: score})
    progress(f"predicted quality ({predictor})", len(todo), len(todo))
