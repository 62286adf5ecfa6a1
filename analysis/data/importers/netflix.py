"""Results of Netflix's MUSHRA player (XML), as of the ODAQ data set."""

from collections.abc import Sequence
from pathlib import Path, PureWindowsPath
from xml.etree import ElementTree

from analysis.data.importers.files import number, read_text
from analysis.data.importers.rows import Imported, Options, Row
from analysis.data.importers.trials import untouched
from analysis.wording import counted
from intone.errors import UserError

_HINT = "take the file again from the player"


def is_netflix(text: str) -> bool:
    """Return True if a text begins like these results."""
    return text.lstrip().startswith("<") and "<MUSHRA" in text[:4096]


def read_netflix(files: Sequence[Path], options: Options) -> Imported:
    """Read sittings, one a file.

    Raises:
        UserError: XML that is cut off, broken or something else, or a value that is not a score.
    """
    imported = Imported("netflix", "ratings")
    odd = 0
    statuses: list[str] = []
    for file in files:
        root = _parse(file)
        info = root.find("info")
        attributes = {} if info is None else dict(info.attrib)
        status = attributes.get("testStatus", "").strip()
        if status and not status.lower().startswith(("complete", "finish", "done")):
            statuses.append(status)
        person = {"subjectName": attributes.get("subjectName", "").strip()}
        imported.offer(["subjectName"])
        column = options.listener_column or "subjectName"
        listener = person.get(column) or file.name
        kept = {name: person.get(name) for name in options.keep_columns}
        for trial in root.iter("trial"):
            for row, plain in _trial(trial, file):
                odd += not plain
                imported.rows.append(
                    {
                        **row,
                        "study": attributes.get("testName", "").strip(),
                        "listener": listener,
                        "session": file.name,
                        "kept": kept,
                    }
                )
    imported.notes += untouched(imported.rows, "the player", None)
    if odd:
        imported.notes.append(
            f"{counted(odd, 'file name')} did not begin with the trial's name: the whole name was "
            "taken for the system."
        )
    if statuses:
        imported.notes.append(
            f"{counted(len(statuses), 'sitting')} not marked complete "
            f"({', '.join(sorted(set(statuses)))}): their ratings were read."
        )
    return imported


def _parse(file: Path) -> ElementTree.Element:
    text = read_text(file)
    # Entities could fill the memory; results have none.
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise UserError(f"{file.name}: XML with a document type or entities; {_HINT}")
    try:
        root = ElementTree.fromstring(text.encode())
    except ElementTree.ParseError as error:
        raise UserError(
            f"{file.name}, line {error.position[0]}: XML that is cut off or broken; {_HINT}"
        ) from error
    if root.tag != "MUSHRA" or root.find("trials") is None:
        raise UserError(f"{file.name}: no trials of a MUSHRA test in this XML; {_HINT}")
    return root


def _trial(trial: ElementTree.Element, file: Path) -> list[tuple[Row, bool]]:
    name = trial.get("trialName", "").strip()
    if not name:
        raise UserError(f"{file.name}: a trial without trialName; {_HINT}")
    where = f"{file.name}, trial {name!r}"
    seconds = trial.get("trialSeconds", "").strip()
    time = round(1000 * number(seconds, where, "trialSeconds")) if seconds else None
    rows = []
    for item in trial.iter("testFile"):
        stem = PureWindowsPath(item.get("fileName", "")).name
        if not stem:
            raise UserError(f"{where}: a testFile without fileName; {_HINT}")
        if stem.lower().endswith(".wav"):
            stem = stem[:-4]
        plain = stem.startswith(f"{name}_")
        plays = item.get("plays", "").strip()
        row = {
            "trial": name,
            "utterance": name,
            "page_type": "mushra",
            "question": "",
            "system": stem.removeprefix(f"{name}_"),
            "scale_min": 0.0,
            "scale_max": 100.0,
            "score": number(item.get("score", ""), where, f"score of {stem!r}"),
            "n_plays": round(number(plays, where, "plays")) if plays else None,
            "rating_time_ms": time,
            "where": where,
        }
        rows.append((row, plain))
    return rows
