"""A second aligner's opinion on a sample of a prepared corpus."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile

from intone.errors import UserError
from intone.progress import Progress, silent
from tts_core.audio.io import read_audio_and_rate
from tts_core.corpus.alignment.align import VITER_MINIMUM_S, align
from tts_core.corpus.alignment.types import ALIGNER_RATE_HZ, Utterance, for_aligners
from tts_core.corpus.report.survey import Survey, phone_starts, phones_by_word, utterances
from tts_core.corpus.shards import PreparedInfo


@dataclass(frozen=True)
class Agreement:
    """Distances of phone starts between the corpus' alignment and another aligner's.

    Attributes:
        aligner, other: their names.
        asked, aligned: recordings that the other was given, and that it aligned.
        distances_s: utterance to (P,) distances of phone starts, s.
        note: why there is none, else empty.
    """

    aligner: str
    other: str
    asked: int = 0
    distances_s: dict[str, np.ndarray] = field(default_factory=dict)
    note: str = ""

    @property
    def all_s(self) -> np.ndarray:
        """Distances of all phones, s."""
        return np.concatenate(list(self.distances_s.values()) or [np.array([])])

    def medians_s(self) -> dict[str, float]:
        """Utterance to the median distance of its phones, s."""
        return {name: float(np.median(values)) for name, values in self.distances_s.items()}

    def share_within(self, seconds: float) -> float:
        """Return the share of phone starts closer than `seconds`."""
        return float((self.all_s <= seconds).mean())


def agreement(
    folder: Path,
    info: PreparedInfo,
    contents: Survey,
    count: int,
    seed: int = 0,
    progress: Progress = silent,
) -> Agreement:
    """Run the other aligner on a seeded sample of recordings.

    The other is pocketsphinx, or viter where pocketsphinx made the alignment; viter is trained on
    the sample, which therefore grows to `VITER_MINIMUM_S`.

    Args:
        folder: the prepared corpus. info: of it. contents: of it.
        count: recordings to ask about; all if there are fewer.
        seed: of the sample.
        progress: receives the stage and the units done.
    """
    other = "viter" if info.aligner == "pocketsphinx" else "pocketsphinx"
    order = np.random.default_rng(seed).permutation(len(contents.rows)).tolist()
    if other == "viter":
        length_s = np.cumsum([contents.rows[index].seconds for index in order])
        count = max(count, int(np.searchsorted(length_s, VITER_MINIMUM_S)) + 1)
        if length_s[-1] < VITER_MINIMUM_S:
            note = f"viter needs {VITER_MINIMUM_S / 60:.0f} minutes of speech to learn from"
            return Agreement(info.aligner, other, note=note)
    chosen = {contents.rows[index].utterance for index in order[:count]}
    with tempfile.TemporaryDirectory(prefix="intone-agree-") as scratch:
        given, starts = {}, {}
        for row in utterances(folder, info):
            if row.utterance not in chosen:
                continue
            try:
                audio = read_audio_and_rate(Path(info.corpus_folder, row.audio))
            except UserError as error:
                note = f"a recording that it was prepared from cannot be read: {error}"
                return Agreement(info.aligner, other, note=note)
            wav = Path(scratch, f"{row.utterance}.wav")
            soundfile.write(wav, for_aligners(*audio), ALIGNER_RATE_HZ, subtype="PCM_16")
            given[row.utterance] = Utterance(wav, phones_by_word(row))
            starts[row.utterance] = phone_starts(row, contents.frame_s)
        times = align(other, given, seed, progress).times
    distances = {name: np.abs(times[name][:, 0] - starts[name]) for name in given if name in times}
    return Agreement(info.aligner, other, len(given), distances)
