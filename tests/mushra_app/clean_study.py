"""Study without defects, for tests that plant one."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from intone.contracts import Role, Stimulus, StimulusSet
from intone.contracts.stimuli import Source
from mushra_app.design.new import new_study
from mushra_app.study.file import Study, read_study, write_study
from mushra_app.study.steps import TextStep, TrainingStep, TrialsStep
from tests.mushra_app.support import speech_like

RATE = 24000
SYSTEMS: dict[str, Role] = {"natural": "reference", "plain": "system", "context": "system"}
SENTENCES = [f"s{i}" for i in range(5)]
TEXT = "The boat came home in the evening."

Planted = Callable[[np.ndarray], np.ndarray]


def stimulus(
    folder: Path,
    sentence: str,
    system: str,
    samples: np.ndarray,
    rate: int = RATE,
    suffix: str = ".wav",
) -> Stimulus:
    """Write one file of a set and describe it."""
    path = folder / f"{system}-{sentence}{suffix}"
    soundfile.write(path, samples, rate, subtype="PCM_16")
    return Stimulus(
        sentence=sentence,
        text=TEXT,
        system=system,
        role=SYSTEMS[system],
        path=path.name,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        seconds=len(samples) / rate,
        sample_rate=rate,
        loudness_lufs=None,
        source=Source(kind="import"),
    )


def sound_of(sentence: str, system: str) -> np.ndarray:
    """Return the speech of a system, 1.2 s."""
    seed = 10 * SENTENCES.index(sentence) + list(SYSTEMS).index(system)
    return speech_like(seed, 1.2, RATE)


def clean_study(folder: Path, **changes: object) -> Path:
    """Write a study that meets BS.1534-3: three systems, five sentences.

    Args:
        folder: where it goes. changes: keys of the study file.
    """
    stimuli = folder / "stimuli"
    stimuli.mkdir(parents=True)
    cells = [(t, s) for t in SENTENCES for s in SYSTEMS]
    StimulusSet(
        name="clean",
        voice="noise",
        licence="CC0-1.0",
        created_by="tests",
        stimuli=[stimulus(stimuli, t, s, sound_of(t, s)) for t, s in cells],
    ).write(stimuli)
    path = new_study(stimuli, folder / "study.yaml")
    sitting = [TextStep(), TrainingStep(pages=5), TrialsStep(repeats=1)]
    change(path, sitting=sitting, **changes)
    return path


def change(study_yaml: Path, **changes: object) -> Study:
    """Other choices in a study file."""
    values = {k: getattr(read_study(study_yaml), k) for k in Study.model_fields}
    study = Study.model_validate({**values, **changes})
    write_study(study, study_yaml)
    return study


def plant(
    study_yaml: Path,
    sentence: str,
    system: str,
    samples: np.ndarray,
    rate: int = RATE,
    suffix: str = ".wav",
) -> None:
    """Replace a sound as if the stimulus set was made so."""
    folder = study_yaml.parent / "stimuli"
    found = StimulusSet.read(folder, verify=False)
    new = stimulus(folder, sentence, system, samples, rate, suffix)
    cells = [new if (s.sentence, s.system) == (sentence, system) else s for s in found.stimuli]
    found.model_copy(update={"stimuli": cells}).write(folder)
