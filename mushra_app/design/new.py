"""New study file for a stimulus set, with editable defaults."""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from intone.contracts import StimulusSet
from intone.documents import check
from intone.errors import UserError
from mushra_app.sounds.played_files import prepare
from mushra_app.study.defaults import WORDS
from mushra_app.study.file import Anchors, Consent, Study, write_study
from mushra_app.study.languages import Language
from mushra_app.study.steps import (
    CommentsStep,
    LoudnessStep,
    Step,
    TextStep,
    TrainingStep,
    TrialsStep,
)

# The consent text of a study in English.
CONSENT = WORDS["en"].consent

# Instructions, a comfortable loudness, one page of practice, the pages, and comments.
USUAL: tuple[Step, ...] = (
    TextStep(),
    LoudnessStep(),
    TrainingStep(pages=1),
    TrialsStep(),
    CommentsStep(),
)


def new_study(
    stimuli_dir: Path,
    out_yaml: Path,
    *,
    title: str | None = None,
    language: Language = "en",
    systems: Sequence[str] | None = None,
    sentences: Sequence[str] | None = None,
    pages_per_listener: int | None = None,
    seed: int = 1,
    contact: str | None = None,
    anchors: bool = True,
    on_switch: Literal["restart", "keep_position"] = "restart",
    database: str | None = None,
    sitting: Sequence[Step] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write a study file for a stimulus set and prepare its audio.

    Args:
        stimuli_dir: a stimulus set (`intone stimuli make` or `import`) with one reference system.
        out_yaml: study file to write; an existing one is never overwritten.
        title: title of the listeners' page; by default a question in their language.
        language: language of everything that listeners read.
        systems: systems under test; by default all that are not the reference.
        sentences: sentence ids; by default every sentence that has all systems.
        pages_per_listener: by default all sentences, at most 20.
        seed: decides every random order.
        contact: contact for listeners; by default the person who sent the link.
        anchors: make the 3.5 kHz and 7 kHz anchors.
        on_switch: playback position after a change of version.
        database: SQLAlchemy URL; by default a SQLite file beside the study.
        sitting: steps after consent; by default instructions, loudness, practice, the pages,
            comments.
        progress: called with sentences done and sentences in all.

    Returns:
        The path of the study file.

    Raises:
        UserError: the set cannot be rated, or `out_yaml` exists.
    """
    if out_yaml.exists():
        raise UserError(f"{out_yaml}: already exists; choose another name or remove it")
    stimuli = StimulusSet.read(stimuli_dir)
    folder = stimuli_dir if stimuli_dir.is_dir() else stimuli_dir.parent
    reference, systems, sentences = _choice(stimuli, stimuli_dir, systems, sentences)
    words = WORDS[language]
    contact = contact or words.contact
    study = check(
        {
            "name": re.sub(r"[^\w.-]+", "-", f"{stimuli.name}-{out_yaml.stem}")[:64],
            "title": title or words.title,
            "prompt": words.prompt,
            "language": language,
            "stimuli": _relative(folder, out_yaml.parent),
            "reference": reference,
            "systems": systems,
            "sentences": sentences,
            "anchors": Anchors(low=anchors, mid=anchors),
            "pages_per_listener": pages_per_listener or min(len(sentences), 20),
            "seed": seed,
            "on_switch": on_switch,
            "contact": contact,
            "consent": Consent(version="1", text=words.consent.format(contact=contact)),
            "database": database,
            "sitting": list(sitting or USUAL),
        },
        Study,
        str(stimuli_dir),
        "choose another value",
    )
    out_yaml.parent.mkdir(parents=True, exist_ok=True)
    prepare(study, out_yaml, progress)
    write_study(study, out_yaml)
    return out_yaml


def _relative(target: Path, start: Path) -> str:
    # Resolved: "../" leads out of the target of a symbolic link.
    return Path(os.path.relpath(target.resolve(), start.resolve())).as_posix()


def _choice(
    stimuli: StimulusSet,
    stimuli_dir: Path,
    systems: Sequence[str] | None,
    sentences: Sequence[str] | None,
) -> tuple[str, list[str], list[str]]:
    """Return reference, systems and sentences of a new study."""
    references = list(dict.fromkeys(s.system for s in stimuli.stimuli if s.role == "reference"))
    if len(references) != 1:
        raise UserError(
            f"{stimuli_dir}: {len(references)} systems have the role reference, but a study needs "
            "one; make the set with recordings (`intone stimuli make --split` or `--corpus`, or "
            "`intone stimuli import --reference`)"
        )
    reference = references[0]
    chosen = list(systems or (s for s in stimuli.systems if s != reference))
    pairs = {(s.sentence, s.system) for s in stimuli.stimuli}
    complete = [s for s in stimuli.sentences if all((s, x) in pairs for x in [reference, *chosen])]
    if not (sentences or complete):
        names = ", ".join([reference, *chosen])
        raise UserError(f"{stimuli_dir}: no sentence has all of {names}; make the set again")
    return reference, chosen, list(sentences or complete)
