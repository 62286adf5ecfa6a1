"""Proof of blindness: a whole sitting in a real browser, and a look at everything that it receives.

The study is copied with other names: every system, sentence and file is called something that
occurs nowhere else, so that a name found in a response can only have come from the study. Sounds,
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
from mushra_app.audit.observed import Check, Progress, Sitting
from mushra_app.design.allocation import allocate
from mushra_app.study.file import LOW, MID, Study, read_study, write_study


def audit(study_yaml: Path, progress: Progress | None = None) -> list[Check]:
    """Go through a study in Chromium and look for anything that tells one version from another.

    Args:
        study_yaml: the study file.
        progress: called with pages done and pages in all.

    Returns:
        The checks, each with what speaks against it.

    Raises:
        UserError: the study cannot be used, or there is no Chromium or no Playwright.
    """
    study = read_study(study_yaml)
    with tempfile.TemporaryDirectory() as folder:
        copy, names = renamed(study, study_yaml, Path(folder))
        seen = sit(copy, progress)
        files = [p.name for p in copy.parent.rglob("*.wav")]
        hidden = [*names.values(), LOW, MID, *files, copy.stem, folder]
    return [*checks(seen, hidden), named_in_texts(study)]


def renamed(study: Study, study_yaml: Path, folder: Path) -> tuple[Path, dict[str, str]]:
    """A copy of a study in which nothing has the name that it had.

    Only the sentences that the first listener meets are copied.

    Returns:
        The copy's study file, and the new names by the old ones.
    """
    source = (study_yaml.parent / study.stimuli).resolve()
    found = StimulusSet.read(source)
    heard = {page.sentence for page in allocate(study, 0)} - {""}
    sentences = [s for s in study.sentences if s in heard]
    systems = [study.reference, *study.systems]
    names = {name: "q" + secrets.token_hex(8) for name in [*systems, *sentences]}
    target = folder / "stimuli"
    target.mkdir(parents=True)
    stimuli = []
    for one in found.stimuli:
        if one.system in names and one.sentence in names:
            path = f"q{secrets.token_hex(8)}{Path(one.path).suffix}"
            (target / path).write_bytes((source / one.path).read_bytes())
            changed = {"system": names[one.system], "sentence": names[one.sentence], "path": path}
            stimuli.append(one.model_copy(update=changed))
    found.model_copy(update={"stimuli": stimuli}).write(target)
    values = _named(study.model_dump(), names)
    values |= {"stimuli": "stimuli", "database": None, "name": "q" + secrets.token_hex(8)}
    values["sentences"] = [names[s] for s in sentences]
    values["pages_per_listener"] = min(study.pages_per_listener, len(sentences))
    values |= {"access": "open", "failures_allowed": None}
    copy = folder / f"q{secrets.token_hex(8)}.yaml"
    write_study(Study.model_validate(values), copy)
    return copy, names


def _named(value: Any, names: dict[str, str]) -> Any:
    """The same with every whole text that is a name replaced; sentences not heard are left out."""
    if isinstance(value, dict):
        heard = dict(value)
        if heard.get("sentences"):
            heard["sentences"] = [s for s in heard["sentences"] if s in names]
        if heard.get("gold"):
            heard["gold"] = [g for g in heard["gold"] if g["sentence"] in names]
        if heard.get("type") == "pause":
            heard["minutes"] = 0
        return {names.get(k, k): _named(v, names) for k, v in heard.items()}
    if isinstance(value, list | tuple):
        return [_named(one, names) for one in value]
    return names.get(value, value) if isinstance(value, str) else value


def checks(seen: Sitting, hidden: Sequence[str]) -> list[Check]:
    """What was seen, held against what a listener must not learn."""
    return [
        Check("no response names a system, a sentence or a file", _named_in(seen, hidden)),
        Check("the page itself names none", _in_documents(seen, hidden)),
        Check("all sounds of a page have the same size", _sizes(seen)),
        Check("all sounds of a page decode to the same length", _decoded(seen)),
        Check("sounds carry no validator, file name or text", _validators(seen)),
        Check("every sound has an address of its own", _addresses(seen)),
        Check("no version of a page comes faster than another", _timing(seen)),
        Check("nothing is asked of a foreign host", sorted(seen.hosts)),
    ]


def _named_in(seen: Sitting, hidden: Sequence[str]) -> list[str]:
    return [
        f"{answer.url}: contains {word!r}"
        for answer in seen.answers
        for word in hidden
        if word in answer.url or word in json.dumps(answer.headers) or word in answer.body
    ]


def _in_documents(seen: Sitting, hidden: Sequence[str]) -> list[str]:
    return [
        f"page {i + 1}: contains {word!r}"
        for i, document in enumerate(seen.documents)
        for word in hidden
        if word in document
    ]


def _sizes(seen: Sitting) -> list[str]:
    return [
        f"page {page + 1}: {sorted({a.size for a in sounds})} bytes"
        for page, sounds in seen.sounds.items()
        if len({a.size for a in sounds}) > 1
    ]


def _decoded(seen: Sitting) -> list[str]:
    return [
        f"page {page + 1}: {sorted(set(found))} samples"
        for page, found in seen.lengths.items()
        if len(set(found)) > 1
    ]


def _validators(seen: Sitting) -> list[str]:
    telling = {"etag", "last-modified", "content-disposition"}
    against = []
    for page, sounds in seen.sounds.items():
        names = [{k: v for k, v in a.headers.items() if k != "date"} for a in sounds]
        for sound, headers in zip(sounds, names, strict=True):
            if telling & set(headers) or headers != names[0]:
                against.append(f"page {page + 1}: {sound.url}: headers {sorted(headers)}")
            if sound.body[36:40] != "data":
                against.append(f"page {page + 1}: {sound.url}: more than sound in the file")
    return against


def _addresses(seen: Sitting) -> list[str]:
    addresses = [a.url for sounds in seen.sounds.values() for a in sounds]
    twice = {a for a in addresses if addresses.count(a) > 1}
    return [f"{a}: more than one sound" for a in sorted(twice)]


def _timing(seen: Sitting) -> list[str]:
    """Versions of a page whose sound comes first, or last, in every round of fetching all of them.

    By chance that happens to one of two versions in one of 256 pages, and to one of six in one of
    a million; a difference below 1 ms, which nobody could use, does not count.
    """
    against = []
    for page, versions in seen.seconds.items():
        rounds = list(zip(*versions, strict=True))
        for way, sign in (("first", 1), ("last", -1)):
            ordered = [sorted((sign * t, i) for i, t in enumerate(times)) for times in rounds]
            apart = all(len(o) > 1 and o[1][0] - o[0][0] > 0.001 for o in ordered)
            if apart and len({o[0][1] for o in ordered}) == 1:
                said = f"one version came {way} in all {len(rounds)} rounds"
                against.append(f"page {page + 1}: {said}")
    return against


def named_in_texts(study: Study) -> Check:
    """Names of systems in what listeners read, which the study's author wrote."""
    hidden = {"systems", "sentences", "pairs", "gold"}
    steps = [step.model_dump(exclude=hidden) for step in study.sitting]
    shown = json.dumps([study.title, study.prompt, study.consent.text, steps])
    against = [
        f"{system!r} stands in a text of the study file"
        for system in study.systems
        if re.search(rf"(?<!\w){re.escape(system)}(?!\w)", shown)
    ]
    return Check("no text of the study file names a system", against)
