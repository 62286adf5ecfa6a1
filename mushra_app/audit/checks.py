"""Checks of blindness in everything that a real browser receives.

The study is copied with other names: every system, sentence and file gets a name that
occurs nowhere else, so that a name in a response can only come from the study. Sounds,
pages and code are those of the study.
"""

import json
import re
import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from intone.contracts import StimulusSet
from mushra_app.audit.browser import sit
from mushra_app.audit.observed import BlindnessCheck, Observations, Progress
from mushra_app.design.allocation import allocate
from mushra_app.study.file import LOW, MID, Study, read_study, write_study


def audit(study_yaml: Path, progress: Progress | None = None) -> list[BlindnessCheck]:
    """Take a study in Chromium and check that nothing identifies a version.

    Args:
        study_yaml: the study file.
        progress: called with pages done and pages in all.

    Returns:
        The checks, each with its violations.

    Raises:
        UserError: the study cannot be used, or there is no Chromium or no Playwright.
    """
    study = read_study(study_yaml)
    with tempfile.TemporaryDirectory() as folder:
        copy, names = renamed(study, study_yaml, Path(folder))
        observations = sit(copy, progress)
        files = [p.name for p in copy.parent.rglob("*.wav")]
        hidden = [*names.values(), LOW, MID, *files, copy.stem, folder]
    return [*checks(observations, hidden), named_in_texts(study)]


def renamed(study: Study, study_yaml: Path, folder: Path) -> tuple[Path, dict[str, str]]:
    """Copy a study and give everything in it another name.

    Only the sentences on the first listener's pages are copied.

    Returns:
        The copy's study file, and the new names by the old ones.
    """
    source = (study_yaml.parent / study.stimuli).resolve()
    stimulus_set = StimulusSet.read(source)
    heard = {page.sentence for page in allocate(study, 0)} - {""}
    sentences = [s for s in study.sentences if s in heard]
    systems = [study.reference, *study.systems]
    names = {name: "q" + secrets.token_hex(8) for name in [*systems, *sentences]}
    target = folder / "stimuli"
    target.mkdir(parents=True)
    stimuli = []
    for stimulus in stimulus_set.stimuli:
        if stimulus.system in names and stimulus.sentence in names:
            path = f"q{secrets.token_hex(8)}{Path(stimulus.path).suffix}"
            (target / path).write_bytes((source / stimulus.path).read_bytes())
            changed = {
                "system": names[stimulus.system],
                "sentence": names[stimulus.sentence],
                "path": path,
            }
            stimuli.append(stimulus.model_copy(update=changed))
    stimulus_set.model_copy(update={"stimuli": stimuli}).write(target)
    values = _renamed(study.model_dump(), names)
    values |= {"stimuli": "stimuli", "database": None, "name": "q" + secrets.token_hex(8)}
    values["sentences"] = [names[s] for s in sentences]
    values["pages_per_listener"] = min(study.pages_per_listener, len(sentences))
    values |= {"access": "open", "failures_allowed": None}
    copy = folder / f"q{secrets.token_hex(8)}.yaml"
    write_study(Study.model_validate(values), copy)
    return copy, names


def _renamed(value: Any, names: dict[str, str]) -> Any:
    """Replace strings that are names; drop sentences without a new name."""
    if isinstance(value, dict):
        heard = dict(value)
        if heard.get("sentences"):
            heard["sentences"] = [s for s in heard["sentences"] if s in names]
        if heard.get("gold"):
            heard["gold"] = [g for g in heard["gold"] if g["sentence"] in names]
        if heard.get("type") == "pause":
            heard["minutes"] = 0
        return {names.get(k, k): _renamed(v, names) for k, v in heard.items()}
    if isinstance(value, list | tuple):
        return [_renamed(element, names) for element in value]
    return names.get(value, value) if isinstance(value, str) else value


def checks(observations: Observations, hidden: Sequence[str]) -> list[BlindnessCheck]:
    """Check the observations against the names that a listener must not learn."""
    return [
        BlindnessCheck(
            "no response names a system, a sentence or a file", _named_in(observations, hidden)
        ),
        BlindnessCheck("the page itself names none", _in_documents(observations, hidden)),
        BlindnessCheck("all sounds of a page have the same size", _sizes(observations)),
        BlindnessCheck("all sounds of a page decode to the same length", _decoded(observations)),
        BlindnessCheck("sounds carry no validator, file name or text", _validators(observations)),
        BlindnessCheck("every sound has an address of its own", _addresses(observations)),
        BlindnessCheck("no version of a page comes faster than another", _timing(observations)),
        BlindnessCheck("nothing is asked of a foreign host", sorted(observations.hosts)),
    ]


def _named_in(observations: Observations, hidden: Sequence[str]) -> list[str]:
    return [
        f"{response.url}: contains {word!r}"
        for response in observations.responses
        for word in hidden
        if word in response.url or word in json.dumps(response.headers) or word in response.body
    ]


def _in_documents(observations: Observations, hidden: Sequence[str]) -> list[str]:
    return [
        f"page {i + 1}: contains {word!r}"
        for i, document in enumerate(observations.documents)
        for word in hidden
        if word in document
    ]


def _sizes(observations: Observations) -> list[str]:
    return [
        f"page {page + 1}: {sorted({a.size for a in sounds})} bytes"
        for page, sounds in observations.sounds.items()
        if len({a.size for a in sounds}) > 1
    ]


def _decoded(observations: Observations) -> list[str]:
    return [
        f"page {page + 1}: {sorted(set(lengths))} samples"
        for page, lengths in observations.lengths.items()
        if len(set(lengths)) > 1
    ]


def _validators(observations: Observations) -> list[str]:
    telling = {"etag", "last-modified", "content-disposition"}
    against = []
    for page, sounds in observations.sounds.items():
        names = [{k: v for k, v in a.headers.items() if k != "date"} for a in sounds]
        for sound, headers in zip(sounds, names, strict=True):
            if telling & set(headers) or headers != names[0]:
                against.append(f"page {page + 1}: {sound.url}: headers {sorted(headers)}")
            if sound.body[36:40] != "data":
                against.append(f"page {page + 1}: {sound.url}: more than sound in the file")
    return against


def _addresses(observations: Observations) -> list[str]:
    addresses = [a.url for sounds in observations.sounds.values() for a in sounds]
    twice = {a for a in addresses if addresses.count(a) > 1}
    return [f"{a}: more than one sound" for a in sorted(twice)]


def _timing(observations: Observations) -> list[str]:
    """Return the pages where one version always arrives first or last.

    By chance that happens to one of two versions in one of 256 pages, and to one of six in one of
    a million; a difference below 1 ms, which no listener could use, does not count.
    """
    against = []
    for page, versions in observations.seconds.items():
        rounds = list(zip(*versions, strict=True))
        for order, sign in (("first", 1), ("last", -1)):
            ordered = [sorted((sign * t, i) for i, t in enumerate(times)) for times in rounds]
            distinct = all(len(o) > 1 and o[1][0] - o[0][0] > 0.001 for o in ordered)
            if distinct and len({o[0][1] for o in ordered}) == 1:
                against.append(
                    f"page {page + 1}: one version arrived {order} in all {len(rounds)} rounds"
                )
    return against


def named_in_texts(study: Study) -> BlindnessCheck:
    """Check that no text for listeners contains the name of a system."""
    hidden = {"systems", "sentences", "pairs", "gold"}
    steps = [step.model_dump(exclude=hidden) for step in study.sitting]
    shown = json.dumps([study.title, study.prompt, study.consent.text, steps])
    against = [
        f"{system!r} is in a text of the study file"
        for system in study.systems
        if re.search(rf"(?<!\w){re.escape(system)}(?!\w)", shown)
    ]
    return BlindnessCheck("no text of the study file names a system", against)
