"""What is measured of each audio file, kept file by file so that an interrupted run goes on."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from intone.contracts.stimuli import Stimulus
from intone.errors import UserError
from tts_core.audio.io import read_audio
from tts_core.audio.pitch import f0
from tts_core.config import Features
from tts_core.corpus.progress import Progress
from tts_core.evaluation import quality, wer

Values = dict[str, float | int | str | None]


class Journal:
    """Values by audio digest and text, appended as they come and read again by the next run.

    Args:
        path: the journal's file; made if it is not there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.values: dict[str, Values] = {}
        if not path.is_file():
            return
        text = path.read_text(encoding="utf-8")
        # The last line may be torn: the process died while it was written.
        whole = text[: text.rfind("\n") + 1]
        path.write_text(whole, encoding="utf-8")
        for line in whole.splitlines():
            row = json.loads(line)
            self._merge(row["key"], row["values"])

    def get(self, stimulus: Stimulus) -> Values:
        """Everything known of a file."""
        return self.values.get(_key(stimulus), {})

    def add(self, stimulus: Stimulus, values: Values) -> None:
        """Keep values of a file."""
        row = {"key": _key(stimulus), "values": values}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
        self._merge(row["key"], values)

    def _merge(self, key: str, values: Values) -> None:
        self.values[key] = {**self.values.get(key, {}), **values}


def _key(stimulus: Stimulus) -> str:
    return f"{stimulus.sha256}|{stimulus.text}"


def measure_pitch(
    folder: Path, stimuli: Sequence[Stimulus], journal: Journal, progress: Progress
) -> None:
    """Mean F0 in Hz and standard deviation in semitones over voiced frames; None if unvoiced."""
    features = Features()
    todo = [s for s in stimuli if "f0_mean_hz" not in journal.get(s)]
    for number, stimulus in enumerate(todo):
        progress("F0", number, len(todo))
        contour = f0(read_audio(folder / stimulus.path, features.sample_rate_hz), features)
        voiced = contour[contour > 0].astype(np.float64)
        enough = len(voiced) >= 2
        mean = float(voiced.mean()) if enough else None
        spread = float(np.std(12 * np.log2(voiced), ddof=1)) if enough else None
        journal.add(stimulus, {"f0_mean_hz": mean, "f0_sd_semitones": spread})
    progress("F0", len(todo), len(todo))


def measure_words(
    folder: Path,
    stimuli: Sequence[Stimulus],
    language: str,
    device: str,
    journal: Journal,
    progress: Progress,
) -> None:
    """Word errors of those files whose text is known.

    Raises:
        UserError: not English, no texts, or the recogniser is missing.
    """
    code = language.lower().split("-")[0]
    if code != "en":
        raise UserError(f"texts are in {language!r}; words are normalised for English only")
    with_text = [s for s in stimuli if wer.spoken_words(s.text)]
    if not with_text:
        raise UserError("the stimulus set has no texts; import it with --texts")
    todo = [s for s in with_text if "word_errors" not in journal.get(s)]
    if not todo:
        return
    recogniser = wer.Recogniser(code, device)
    for number, stimulus in enumerate(todo):
        progress("word errors", number, len(todo))
        heard = recogniser(read_audio(folder / stimulus.path, wer.RATE_HZ))
        said = wer.spoken_words(stimulus.text)
        errors = wer.word_errors(said, wer.spoken_words(heard))
        journal.add(stimulus, {"word_errors": errors, "words": len(said), "heard": heard})
    progress("word errors", len(todo), len(todo))


def measure_quality(
    folder: Path, stimuli: Sequence[Stimulus], journal: Journal, progress: Progress
) -> None:
    """Predicted opinion scores.

    Raises:
        UserError: the predictor is missing or failed.
    """
    todo = [s for s in stimuli if "distilmos" not in journal.get(s)]
    scores = quality.predict_mos([folder / s.path for s in todo]) if todo else ()
    for number, (stimulus, score) in enumerate(zip(todo, scores, strict=True)):
        progress("predicted quality", number, len(todo))
        journal.add(stimulus, {"distilmos": score})
    progress("predicted quality", len(todo), len(todo))
