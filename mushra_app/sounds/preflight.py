"""The sounds of a study before anybody hears them: every file measured, every defect named."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import soundfile
from pydantic import Field

from intone.contracts import Stimulus, StimulusSet
from intone.documents import Closed
from intone.edit_distance import edit_distance
from intone.errors import UserError
from intone.files import sha256
from mushra_app.sounds.masks import MaskReport, masks
from mushra_app.sounds.measure import Sound, measure_sound
from mushra_app.sounds.preflight_rules import Finding, between, by_itself
from mushra_app.sounds.recognised import Recogniser
from mushra_app.sounds.stimuli import prepare
from mushra_app.study.file import LOW, MID, Study
from mushra_app.study.manifest import Manifest, audio_folder

MOST_WORDS_WRONG = 0.3
NO_RECOGNISER = "recogniser not installed: texts were not compared"

Progress = Callable[[str, int, int], None]
Key = tuple[str, str]


class File(Closed):
    """One file of the stimulus set, or one anchor, and what is played of it."""

    sentence: str
    system: str
    path: str = Field(description="relative to the stimulus set; an anchor's to the study's sounds")
    sha256: str
    sound: Sound
    gain_db: float | None = Field(description="gain with which it is played, dB")
    played_lufs: float | None = Field(description="loudness at which it is played, LUFS")
    heard: str | None = Field(description="what the recogniser understood")
    word_error_rate: float | None = Field(description="word errors over words of the text")


class Preflight(Closed):
    """What `intone study check` found out about the sounds."""

    sample_rate: int | None = Field(description="at which all is played, Hz")
    target_lufs: float | None = Field(description="loudness that all files are brought to")
    files: list[File]
    findings: list[Finding]
    masks: list[MaskReport]
    recogniser: str | None = Field(description="its name; none: texts were not compared")

    @property
    def errors(self) -> list[Finding]:
        """What keeps the study from being served."""
        return [f for f in self.findings if f.severity == "error"]


def preflight(
    study: Study,
    study_yaml: Path,
    recogniser: Recogniser | None = None,
    progress: Progress | None = None,
    heard_before: dict[str, str] | None = None,
) -> Preflight:
    """Measure every file of a study and make its anchors, if nothing forbids it.

    Args:
        study: the study.
        study_yaml: its file.
        recogniser: compares texts; None: they are not compared.
        progress: called with what is done, files done and files in all.
        heard_before: by digest of a file, what the same recogniser understood of it before.

    Raises:
        UserError: there is no stimulus set, or it is not valid.
    """
    progress = progress or _quiet
    folder = (study_yaml.parent / study.stimuli).resolve()
    found = StimulusSet.read(folder, verify=False)
    here = {(s.sentence, s.system): s for s in found.stimuli}
    findings = list(_missing(study, here, found.systems))
    wanted = [(t, s) for t in study.sentences for s in (study.reference, *study.systems)]
    cells = [here[key] for key in wanted if key in here]
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


def _missing(study: Study, here: dict[Key, Stimulus], systems: list[str]) -> Iterator[Finding]:
    def error(system: str, sentence: str | None, said: str) -> Finding:
        return Finding(
            severity="error", check="missing", system=system, sentence=sentence, said=said
        )

    for system in [study.reference, *study.systems]:
        if system in (LOW, MID):
            yield error(system, None, "this is an anchor's name; rename the system")
        elif system not in systems:
            yield error(system, None, "the stimulus set has no such system; make the set again")
        else:
            for sentence in study.sentences:
                if (sentence, system) not in here:
                    said = "no file; leave the sentence out or make the stimulus set again"
                    yield error(system, sentence, said)


def _quiet(what: str, done: int, total: int) -> None:
    del what, done, total


def _sounds(
    folder: Path, cells: list[Stimulus], progress: Progress, findings: list[Finding]
) -> dict[Key, Sound]:
    """All files that can be measured."""
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
    said = f"{stimulus.path} is named in the stimulus set but not there; make the set again"
    if path.is_file():
        try:
            if sha256(path) == stimulus.sha256:
                return measure_sound(path)
            check, said = "changed", f"{stimulus.path} is not the file that was described"
            said += "; make the stimulus set again"
        except soundfile.LibsndfileError:
            check, said = "format", f"{stimulus.path} is no audio file; make it again"
    findings.append(
        Finding(
            severity="error",
            check=check,
            system=stimulus.system,
            sentence=stimulus.sentence,
            said=said,
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
    """Word error rate; None without recogniser or text."""
    said = recogniser.words(stimulus.text) if recogniser else ()
    if recogniser is None or heard is None or not said:
        return None
    errors = edit_distance(said, recogniser.words(heard))
    rate = errors / len(said)
    # One word in three is nothing yet: recognisers stumble over names.
    if errors >= 2 and rate > MOST_WORDS_WRONG:
        findings.append(
            Finding(
                severity="warning",
                check="text",
                system=stimulus.system,
                sentence=stimulus.sentence,
                said=f"{recogniser.name} got {errors} of {len(said)} words wrong and heard "
                f"“{heard}”; listen whether the file says its text",
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
    """The anchors as they are played."""
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
