"""Import of a webMUSHRA study file: stimulus set and study."""

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
from mushra_app.interchange.findings import Finding, ImportReport, Kind, StimulusOf
from mushra_app.interchange.webmushra.audio import audio_root, make_set
from mushra_app.interchange.webmushra.keys import TOP, Differences, check_keys
from mushra_app.interchange.webmushra.markup import plain
from mushra_app.interchange.webmushra.read import ForeignPage, ForeignStudy, read_config
from mushra_app.interchange.webmushra.rectangle import Rectangle, largest
from mushra_app.interchange.webmushra.sitting import Sitting, represented, sitting
from mushra_app.interchange.webmushra.stimuli import Cells, collect, read_map
from mushra_app.interchange.webmushra.trials import Draft
from mushra_app.sounds.played_files import prepare
from mushra_app.study.file import Study, write_study

_LANGUAGES = ("en", "de", "fr", "es")
PROMPT = "How do you rate the quality of each version?"
_UNKNOWN_CONTACT = "the person who sent you the link"


@dataclass(frozen=True)
class Imported:
    """Files that an import wrote, and the differences from the source."""

    study: Path
    stimuli: Path
    report: Path
    findings: list[Finding]


@dataclass(frozen=True)
class _Content:
    """Content of a webMUSHRA file that the study takes over.

    Attributes:
        config: the whole file.
        rated: its rating pages with their numbers.
        cells: the stimuli of these.
        rectangle: sentences and systems of the study.
        sitting: its steps.
        contact: contact for listeners.
    """

    config: ForeignStudy
    rated: list[tuple[int, ForeignPage]]
    cells: Cells
    rectangle: Rectangle
    sitting: Sitting
    contact: str | None


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
    """Make a stimulus set and a study from a webMUSHRA study file.

    Also writes beside `out`: `STEM_stimuli`, `STEM_audio` (the played files), `STEM.import.json`.

    Args:
        source: the webMUSHRA study file (YAML).
        out: study file to write; it must not exist.
        audio: folder that file names start from; by default that of `source` or the one above.
        mapped: CSV with the sentence and system of each label (`stimuli.read_map`).
        pages: ids of the rating pages to import; by default all. Pages without ratings are always
            imported.
        pairs: paired comparisons become preferences.
        contact: contact for listeners.
        progress: called with sounds done and sounds in all.

    Raises:
        UserError: `out` exists, the file or its audio cannot be read, or nothing can be rated.
    """
    report, folder = _new_paths(out)
    config = read_config(source)
    differences = Differences(check_keys(config.top, TOP, None))
    imported_pages = _selected(config, pages, differences)
    rated = [(n, page) for n, page in imported_pages if represented(page, pairs)]
    cells = collect(source, rated, read_map(mapped) if mapped else {}, differences)
    rectangle = largest(cells)
    if rectangle is None:
        raise UserError(
            f"{source}: no sentence has two versions that Intone could have rated; see "
            "docs/interchange.md for the supported pages, --map and --pairs-as-preference"
        )
    steps = sitting(imported_pages, cells, rectangle, pairs, differences)
    content = _Content(config, rated, cells, rectangle, steps, contact)
    files = {pair: file for pair, file in cells.audio.items() if rectangle.holds(*pair)}
    audio_folder = audio_root(source, files, audio)
    language = _language(config, differences)
    try:
        stimuli = make_set(
            files,
            audio_folder,
            folder,
            name=source.stem,
            language=language,
            reference=rectangle.reference if rectangle.recorded else None,
            progress=progress,
        )
        study = _study(content, stimuli, folder.name, out, differences)
        prepare(study, out)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    write_study(study, out)
    differences.sort(key=lambda difference: difference.line or 0)
    _report(source, content, differences).write(report)
    return Imported(out, folder, report, differences)


def _new_paths(out: Path) -> tuple[Path, Path]:
    """Return unused paths for the report and the stimulus set."""
    report, folder = out.with_name(out.stem + ".import.json"), out.with_name(out.stem + "_stimuli")
    for path in (out, report, folder):
        if path.exists():
            raise UserError(f"{path}: already exists; choose another name or remove it")
    return report, folder


def _selected(
    config: ForeignStudy, ids: Sequence[str], differences: Differences
) -> list[tuple[int, ForeignPage]]:
    """Return the pages to import, each with its number."""
    counts = Counter(page.id for page in config.pages)
    for name in ids:
        if name not in counts:
            raise UserError(
                f"--pages {name}: no page has that id; choose one of {', '.join(counts)}"
            )
    selected = []
    for number, page in enumerate(config.pages):
        is_rated = "stimuli" in page.values and page.type != "volume"
        if ids and is_rated and page.id not in ids:
            differences.add("lost", page, None, "not among --pages", "left out", dict(page.values))
        else:
            selected.append((number, page))
    return selected


def _language(config: ForeignStudy, differences: Differences) -> str:
    language = config.top.get("language") or "en"
    if language in _LANGUAGES:
        return language
    _add(differences, "changed", config, "language", f"no texts in {language!r}", "in English")
    return "en"


def _add(
    differences: Differences,
    kind: Kind,
    config: ForeignStudy,
    key: str | None,
    why: str,
    instead: str,
) -> None:
    """Add a difference that concerns the whole file."""
    differences.append(
        Finding(
            kind=kind,
            page=None,
            page_type=None,
            key=key,
            line=config.top.lines.get(key or ""),
            why=why,
            instead=instead,
            value=config.top.get(key or ""),
        )
    )


def _study(
    content: _Content, stimuli: StimulusSet, folder: str, out: Path, differences: Differences
) -> Study:
    top, rectangle = content.config.top, content.rectangle
    anchors = _anchors(content.rated, differences)
    steps = _steps(content.sitting, rectangle, sum(anchors.values()))
    _add_gaps(content, differences)
    contact = content.contact or _UNKNOWN_CONTACT
    minutes = max(5, round(1.5 * len(content.rated)))
    consent = "\n\n".join(content.sitting.consent)
    values = {
        "name": re.sub(r"[^\w.-]+", "-", str(top.get("testId") or out.stem))[:64],
        "title": plain(top.get("testname"))[0] or out.stem,
        "stimuli": folder,
        "question": "quality",
        "prompt": PROMPT,
        "show_text": False,
        "reference": rectangle.reference,
        "systems": list(rectangle.systems),
        "sentences": list(rectangle.sentences),
        "anchors": anchors,
        "pages_per_listener": len(rectangle.sentences),
        "on_switch": _on_switch(stimuli),
        "language": stimuli.language,
        "sitting": steps,
        "contact": contact,
        "consent": {
            "version": "1",
            "text": consent or CONSENT.format(minutes=minutes, contact=contact),
        },
    }
    return check(values, Study, str(content.config.path), "correct it there and import again")


def _add_gaps(content: _Content, differences: Differences) -> None:
    """Add what the file lacks and a study needs."""
    config, rectangle = content.config, content.rectangle
    if not rectangle.recorded:
        why = "no page has a reference, and a study names one"
        instead = f"{rectangle.reference!r} is the reference, and rated like every other version"
        _add(differences, "changed", config, None, why, instead)
    if not content.sitting.consent:
        _add(differences, "added", config, None, "no page of consent", "Intone's text: read it")
    if content.contact is None:
        _add(differences, "added", config, None, "no address for questions", "set `contact`")
    if any(draft.prompt is None for draft in content.sitting.drafts):
        _add(differences, "added", config, None, "rating pages without any words", f"{PROMPT!r}")


def _steps(made: Sitting, rectangle: Rectangle, anchors: int) -> list[Any]:
    """Return the steps; pages of one kind with different questions get names."""
    questions: dict[str, list[Any]] = {}
    for draft in made.drafts:
        if draft.asked not in questions.setdefault(draft.page, []):
            questions[draft.page].append(draft.asked)
    steps = []
    for step in made.steps:
        if not isinstance(step, Draft):
            steps.append(step)
            continue
        first = questions[step.page][0] == step.asked
        name = step.from_page.id + (f".{step.scale + 1}" if step.scale else "")
        steps.append(step.step(rectangle, anchors, None if first else name))
    return steps


def _anchors(rated: list[tuple[int, ForeignPage]], differences: Differences) -> dict[str, bool]:
    """Return the anchors that any page makes; all pages get them."""
    anchors = {}
    pages = [page for _, page in rated if page.type == "mushra"]
    likert_pages = [page for _, page in rated if page.type.startswith("likert")]
    for name, key in (("low", "createAnchor35"), ("mid", "createAnchor70")):
        anchors[name] = any(page.values.get(key) for page in pages)
        if not anchors[name]:
            continue
        for page in pages:
            value = page.values.get(key)
            if not value:
                why = "other pages have this anchor"
                differences.add("added", page, key, why, "the page has it too", value)
        for page in likert_pages:
            why = f"other pages have an anchor ({key})"
            differences.add("added", page, None, why, "rated here too")
    return anchors


def _on_switch(stimuli: StimulusSet) -> str:
    """Return "keep_position" (webMUSHRA's behaviour) if versions are equally long."""
    lengths: dict[str, set[int]] = {}
    for stimulus in stimuli.stimuli:
        lengths.setdefault(stimulus.sentence, set()).add(round(stimulus.seconds * 100))
    equal = all(len(hundredths) == 1 for hundredths in lengths.values())
    return "keep_position" if equal else "restart"


def _report(source: Path, content: _Content, differences: Differences) -> ImportReport:
    stimuli = [
        StimulusOf(
            page=page.id,
            label=cell.label,
            path=cell.path,
            sentence=cell.sentence,
            system=cell.system,
            kept=content.rectangle.holds(cell.sentence, cell.system),
        )
        for number, page in content.rated
        for cell in content.cells.pages[number]
    ]
    return ImportReport(
        tool="webmushra",
        source=source.name,
        source_sha256=sha256(source),
        stimuli=stimuli,
        findings=differences,
    )
