"""A webMUSHRA study file as a stimulus set and a study of Intone, with all that is different."""

import re
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from intone.contracts import StimulusSet
from intone.documents import check
from intone.errors import UserError
from intone.files import sha256
from mushra_app.design.new import CONSENT
from mushra_app.interchange.findings import Finding, ImportReport, StimulusOf
from mushra_app.interchange.webmushra.audio import audio_root, make_set
from mushra_app.interchange.webmushra.keys import TOP, check_keys, finding
from mushra_app.interchange.webmushra.markup import plain
from mushra_app.interchange.webmushra.read import ForeignPage, ForeignStudy, read_config
from mushra_app.interchange.webmushra.rectangle import Rectangle, largest
from mushra_app.interchange.webmushra.sitting import Sitting, represented, sitting
from mushra_app.interchange.webmushra.stimuli import Cells, collect, read_map
from mushra_app.interchange.webmushra.trials import Draft
from mushra_app.sounds.stimuli import prepare
from mushra_app.study.file import Study, write_study

_LANGUAGES = ("en", "de", "fr", "es")
PROMPT = "How do you rate the quality of each version?"
_NOBODY = "the person who sent you the link"


@dataclass(frozen=True)
class Imported:
    """What an import wrote."""

    study: Path
    stimuli: Path
    report: Path
    findings: list[Finding]


def import_webmushra(
    source: Path,
    out: Path,
    *,
    audio: Path | None = None,
    mapped: Path | None = None,
    pages: Sequence[str] = (),
    pairs: bool = False,
    contact: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Imported:
    """Make a stimulus set and a study of a webMUSHRA study file.

    Beside `out` stand then `STEM_stimuli`, `STEM_audio` (what is played) and `STEM.import.json`.

    Args:
        source: the webMUSHRA study file (YAML).
        out: study file to write; it must not exist.
        audio: folder that file names start from; by default that of `source` or the one above.
        mapped: CSV that says which sentence and system a label is (`stimuli.read_map`).
        pages: rating pages to take, by id; by default all. Pages without ratings always come along.
        pairs: whether paired comparisons become preferences.
        contact: whom listeners can ask.
        progress: called with sounds done and sounds in all.

    Raises:
        UserError: `out` exists, the file or its audio cannot be read, or nothing can be rated.
    """
    report, folder = out.with_name(out.stem + ".import.json"), out.with_name(out.stem + "_stimuli")
    for path in (out, report, folder):
        if path.exists():
            raise UserError(f"{path}: stands there already; choose another name or remove it")
    config = read_config(source)
    found = check_keys(config.top, TOP, None)
    wanted = _wanted(config, pages, found)
    rated = [(n, page) for n, page in wanted if represented(page, pairs)]
    cells = collect(source, rated, read_map(mapped) if mapped else {}, found)
    chosen = largest(cells)
    if chosen is None:
        raise UserError(
            f"{source}: no two versions of one sentence that Intone could have rated; docs/"
            "interchange.md says which pages it can, and how --map and --pairs-as-preference help"
        )
    made = sitting(wanted, cells, chosen, pairs, found)
    files = {pair: file for pair, file in cells.audio.items() if chosen.holds(*pair)}
    root = audio_root(source, files, audio)
    language = _language(config, found)
    reference = chosen.reference if chosen.recorded else None
    try:
        stimuli = make_set(files, root, folder, name=source.stem, language=language,
                           reference=reference, progress=progress)  # fmt: skip
        study = _study(config, made, chosen, stimuli, rated, contact, folder.name, out, found)
        prepare(study, out)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    write_study(study, out)
    found.sort(key=lambda one: one.line or 0)
    ImportReport(
        tool="webmushra", source=source.name, source_sha256=sha256(source),
        stimuli=_stimuli(rated, cells, chosen), findings=found,
    ).write(report)  # fmt: skip
    return Imported(out, folder, report, found)


def _wanted(
    config: ForeignStudy, chosen: Sequence[str], found: list[Finding]
) -> list[tuple[int, ForeignPage]]:
    """The pages to take, each with its number; ids made up or used twice are listed."""
    ids = Counter(page.id for page in config.pages)
    for name in chosen:
        if name not in ids:
            raise UserError(f"--pages {name}: no page has that id; choose of {', '.join(ids)}")
    wanted = []
    for number, page in enumerate(config.pages):
        rates = "stimuli" in page.values and page.type != "volume"
        if chosen and rates and page.id not in chosen:
            found.append(
                finding("lost", page, None, "not among --pages", "left out", dict(page.values))
            )
        else:
            wanted.append((number, page))
    return wanted


def _language(config: ForeignStudy, found: list[Finding]) -> str:
    asked = config.top.get("language") or "en"
    if asked in _LANGUAGES:
        return asked
    found.append(_top("changed", config, "language", f"no texts in {asked!r}", "in English"))
    return "en"


def _top(kind: Any, config: ForeignStudy, key: str | None, why: str, instead: str) -> Finding:
    return Finding(
        kind=kind, page=None, page_type=None, key=key, line=config.top.lines.get(key or ""),
        why=why, instead=instead, value=config.top.get(key or ""),
    )  # fmt: skip


def _study(
    config: ForeignStudy,
    made: Sitting,
    chosen: Rectangle,
    stimuli: StimulusSet,
    rated: list[tuple[int, ForeignPage]],
    contact: str | None,
    folder: str,
    out: Path,
    found: list[Finding],
) -> Study:
    top = config.top
    anchors = _anchors(rated, found)
    steps = _steps(made, chosen, sum(anchors.values()))
    found += _what_files_lack(config, made, chosen, contact)
    minutes = max(5, round(1.5 * len(rated)))
    text = "\n\n".join(made.consent) or CONSENT.format(minutes=minutes, contact=contact or _NOBODY)
    values = {
        "name": re.sub(r"[^\w.-]+", "-", str(top.get("testId") or out.stem))[:64],
        "title": plain(top.get("testname"))[0] or out.stem,
        "stimuli": folder,
        "question": "quality",
        "prompt": PROMPT,
        "show_text": False,
        "reference": chosen.reference,
        "systems": list(chosen.systems),
        "sentences": list(chosen.sentences),
        "anchors": anchors,
        "pages_per_listener": len(chosen.sentences),
        "on_switch": _on_switch(stimuli),
        "language": stimuli.language,
        "sitting": steps,
        "contact": contact or _NOBODY,
        "consent": {"version": "1", "text": text},
    }
    return check(values, Study, str(config.path), "correct it there and import again")


def _what_files_lack(
    config: ForeignStudy, made: Sitting, chosen: Rectangle, contact: str | None
) -> list[Finding]:
    found = []
    if not chosen.recorded:
        found.append(
            _top("changed", config, None, "no page has a reference, and a study names one",
                 f"{chosen.reference!r} stands in its place: on pages of one version it is rated "
                 "like every other")
        )  # fmt: skip
    if not made.consent:
        found.append(_top("added", config, None, "no page of consent", "Intone's text: read it"))
    if contact is None:
        found.append(_top("added", config, None, "no address for questions", "set `contact`"))
    if any(draft.prompt is None for draft in made.drafts):
        found.append(_top("added", config, None, "rating pages without any words", f"{PROMPT!r}"))
    return found


def _steps(made: Sitting, chosen: Rectangle, anchors: int) -> list[Any]:
    """The sitting; where pages of one kind ask different questions, these get names."""
    asked: dict[str, list[Any]] = {}
    for draft in made.drafts:
        if draft.asked not in asked.setdefault(draft.page, []):
            asked[draft.page].append(draft.asked)
    steps = []
    for step in made.steps:
        if not isinstance(step, Draft):
            steps.append(step)
            continue
        first = asked[step.page][0] == step.asked
        name = step.from_page.id + (f".{step.scale + 1}" if step.scale else "")
        steps.append(step.step(chosen, anchors, None if first else name))
    return steps


def _anchors(rated: list[tuple[int, ForeignPage]], found: list[Finding]) -> dict[str, bool]:
    """Which anchors the study has: those that any page makes; pages without them are listed."""
    anchors = {}
    pages = [page for _, page in rated if page.type == "mushra"]
    for name, key in (("low", "createAnchor35"), ("mid", "createAnchor70")):
        anchors[name] = any(page.values.get(key) for page in pages)
        for page in pages:
            if anchors[name] and not page.values.get(key):
                found.append(
                    finding("added", page, key, "other pages have this anchor",
                            "the page has it too", page.values.get(key))
                )  # fmt: skip
        others = [page for _, page in rated if page.type.startswith("likert")]
        found += [
            finding("added", page, None, f"other pages have an anchor ({key})", "rated here too")
            for page in others
            if anchors[name]
        ]
    return anchors


def _on_switch(stimuli: StimulusSet) -> str:
    """webMUSHRA goes on at the same time; that makes sense where all versions are as long."""
    lengths: dict[str, set[int]] = {}
    for one in stimuli.stimuli:
        lengths.setdefault(one.sentence, set()).add(round(one.seconds * 100))
    return "keep_position" if all(len(own) == 1 for own in lengths.values()) else "restart"


def _stimuli(
    rated: list[tuple[int, ForeignPage]], cells: Cells, chosen: Rectangle
) -> list[StimulusOf]:
    return [
        StimulusOf(
            page=page.id, label=cell.label, path=cell.path, sentence=cell.sentence,
            system=cell.system, kept=chosen.holds(cell.sentence, cell.system),
        )
        for number, page in rated
        for cell in cells.pages[number]
    ]  # fmt: skip
