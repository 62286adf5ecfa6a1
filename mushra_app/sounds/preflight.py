"""Preflight check of a study's sounds: measurements and defects of every file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import soundfile
from pydantic import Field

from intone.contracts import Stimulus, StimulusSet
from intone.documents import Closed
from intone.edit_distance import edit_distance
from intone.errors import UserError
from intone.files import sha256
from intone.progress import Progress, silent
from mushra_app.sounds.masks import MaskReport, masks
from mushra_app.sounds.measure import Sound, measure_sound
from mushra_app.sounds.played_files import prepare
from mushra_app.sounds.preflight_rules import Finding, between, by_itself
from mushra_app.sounds.recognised import Recogniser
from mushra_app.study.file import LOW, MID, Study
from mushra_app.study.manifest import Manifest, audio_folder

MOST_WORDS_WRONG = 0.3
NO_RECOGNISER = "recogniser not installed: texts were not compared"

Key = tuple[str, str]


class File(Closed):
    """File of the stimulus set, or anchor, with its playback gain."""

    sentence: str
    system: str
    path: str = Field(
        description="relative to the stimulus set; of an anchor, to the study's sounds"
    )
    sha256: str
    sound: Sound
    gain_db: float | None = Field(description="playback gain, dB")
    played_lufs: float | None = Field(description="playback loudness, LUFS")
    heard: str | None = Field(description="transcript of the recogniser")
    word_error_rate: float | None = Field(description="word errors over words of the text")


class Preflight(Closed):
    """Result of `intone study check` for the sounds."""

    sample_rate: int | None = Field(description="sampling rate of playback, Hz")
    target_lufs: float | None = Field(description="loudness of all files, LUFS")
    files: list[File]
    findings: list[Finding]
    masks: list[MaskReport]
    recogniser: str | None = Field(
        description="name of the recogniser; none: texts were not compared"
    )

    @property
    def errors(self) -> list[Finding]:
        """Findings that prevent serving the study."""
        return [f for f in self.findings if f.severity == "error"]


def preflight(
    study: Study,
    study_yaml: Path,
    recogniser: Recogniser | None = None,
    progress: Progress | None = None,
    heard_before: dict[str, str] | None = None,
) -> Preflight:
    """Measure every file of a study, then make its anchors.

    Anchors are made only if there are no errors.

    Args:
        study: the study.
        study_yaml: its file.
        recogniser: recogniser that compares texts; None: they are not compared.
        progress: called with stage, files done and files in all.
        heard_before: earlier transcripts of the same recogniser, by digest of the file.

    Raises:
        UserError: no stimulus set, or an invalid one.
    """
    progress = progress or silent
    folder = (study_yaml.parent / study.stimuli).resolve()
    stimulus_set = StimulusSet.read(folder, verify=False)
    stimuli = {(s.sentence, s.system): s for s in stimulus_set.stimuli}
    findings = list(_missing(study, stimuli, stimulus_set.systems))
    keys = [(t, s) for t in study.sentences for s in (study.reference, *study.systems)]
    cells = [stimuli[key] for key in keys if key in stimuli]
    sounds = _sounds(folder, cells, progress, findings)
    for (sentence, system), sound in sounds.items():
        findings += by_itself(sentence, system, sound)
    findings += between(study, sounds)
    heard: dict[Key, str] = {}
    if recogniser:
        measured = [s for s in cells if (s.sentence, s.system) in sounds]
        heard = _listen(folder, measured, recogniser, progress, heard_before or {})
    manifest = None
    if not any(f.severity == "error" for f in findings):
        manifest = _prepared(study, study_yaml, progress, findings)
    files = []
    for stimulus in cells:
        sound = sounds.get((stimulus.sentence, stimulus.system))
        if sound:
            text = heard.get((stimulus.sentence, stimulus.system))
            rate = _compare(stimulus, text, recogniser, findings)
            files.append(_file(stimulus, sound, manifest, text, rate))
    return Preflight(
        sample_rate=manifest.sample_rate if manifest else None,
        target_lufs=manifest.target_lufs if manifest else None,
        files=files + (_anchors(study_yaml, manifest) if manifest else []),
        findings=sorted(findings, key=lambda f: f.severity != "error"),
        masks=masks(study, manifest.sample_rate) if manifest else [],
        recogniser=recogniser.name if recogniser else None,
    )


def _missing(study: Study, stimuli: dict[Key, Stimulus], systems: list[str]) -> Iterator[Finding]:
    def error(system: str, sentence: str | None, message: str) -> Finding:
        return Finding(
            severity="error", check="missing", system=system, sentence=sentence, said=message
        )

    for system in [study.reference, *study.systems]:
        if system in (LOW, MID):
            yield error(system, None, "this is an anchor's name; rename the system")
        elif system not in systems:
            yield error(system, None, "the stimulus set has no such system; make the set again")
        else:
            for sentence in study.sentences:
                if (sentence, system) not in stimuli:
                    message = "no file; leave the sentence out or make the stimulus set again"
                    yield error(system, sentence, message)


def _sounds(
    folder: Path, cells: list[Stimulus], progress: Progress, findings: list[Finding]
) -> dict[Key, Sound]:
    """Measure all readable files."""
    sounds: dict[Key, Sound] = {}
    for done, stimulus in enumerate(cells, start=1):
        sound = _measured(folder, stimulus, findings)
        if sound:
            sounds[stimulus.sentence, stimulus.system] = sound
        progress("Measuring", done, len(cells))
    return sounds


def _measured(folder: Path, stimulus: Stimulus, findings: list[Finding]) -> Sound | None:
    path = folder / stimulus.path
    check: Literal["missing", "changed", "format"] = "missing"
    message = f"{stimulus.path} is in the stimulus set but does not exist; make the set again"
    if path.is_file():
        try:
            if sha256(path) == stimulus.sha256:
                return measure_sound(path)
            check = "changed"
            message = f"{stimulus.path} differs from its digest; make the stimulus set again"
        except soundfile.LibsndfileError:
            check, message = "format", f"{stimulus.path} is not an audio file; make it again"
    findings.append(
        Finding(
            severity="error",
            check=check,
            system=stimulus.system,
            sentence=stimulus.sentence,
            said=message,
        )
    )
    return None


def _prepared(
    study: Study, study_yaml: Path, progress: Progress, findings: list[Finding]
) -> Manifest | None:
    try:
        return prepare(study, study_yaml, lambda done, total: progress("Making", done, total))
    except UserError as error:
        findings.append(
            Finding(severity="error", check="sounds", system=None, sentence=None, said=str(error))
        )
        return None


def _listen(
    folder: Path,
    cells: list[Stimulus],
    recogniser: Recogniser,
    progress: Progress,
    before: dict[str, str],
) -> dict[Key, str]:
    heard: dict[Key, str] = {}
    known = dict(before)
    for done, stimulus in enumerate(cells, start=1):
        if stimulus.sha256 not in known:
            known[stimulus.sha256] = recogniser.transcribe(folder / stimulus.path)
        heard[stimulus.sentence, stimulus.system] = known[stimulus.sha256]
        progress("Recognising", done, len(cells))
    return heard


def _compare(
    stimulus: Stimulus, heard: str | None, recogniser: Recogniser | None, findings: list[Finding]
) -> float | None:
    """Return the word error rate; None without recogniser or text."""
    words = recogniser.words(stimulus.text) if recogniser else ()
    if recogniser is None or heard is None or not words:
        return None
    errors = edit_distance(words, recogniser.words(heard))
    rate = errors / len(words)
    # One word in three is not an error yet: recognisers fail at names.
    if errors >= 2 and rate > MOST_WORDS_WRONG:
        findings.append(
            Finding(
                severity="warning",
                check="text",
                system=stimulus.system,
                sentence=stimulus.sentence,
                said=f"{recogniser.name} got {errors} of {len(words)} words wrong and heard "
                f"“{heard}”; listen to the file and compare it with its text",
            )
        )
    return round(rate, 4)


def _file(
    stimulus: Stimulus,
    sound: Sound,
    manifest: Manifest | None,
    heard: str | None,
    wer: float | None,
) -> File:
    item = manifest.item(stimulus.sentence, stimulus.system) if manifest else None
    return File(
        sentence=stimulus.sentence,
        system=stimulus.system,
        path=stimulus.path,
        sha256=stimulus.sha256,
        sound=sound,
        gain_db=item.gain_db if item else None,
        played_lufs=item.loudness_lufs if item else None,
        heard=heard,
        word_error_rate=wer,
    )


def _anchors(study_yaml: Path, manifest: Manifest) -> list[File]:
    """Return the anchors as they are played."""
    return [
        File(
            sentence=item.sentence,
            system=item.system,
            path=item.path,
            sha256=item.sha256,
            sound=measure_sound(audio_folder(study_yaml) / item.path),
            gain_db=item.gain_db,
            played_lufs=item.loudness_lufs,
            heard=None,
            word_error_rate=None,
        )
        for item in manifest.items
        if item.system in (LOW, MID)
    ]
