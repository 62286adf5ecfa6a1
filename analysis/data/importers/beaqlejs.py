"""Results of beaqleJS: a file with a JSON array per sitting.

MUSHRA and preference tests can be read. Its ABX test replaces each result by a bare true or false,
which no longer tells what was heard.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analysis.data.importers.files import milliseconds, number, read_json
from analysis.data.importers.rows import Imported, Options, Row
from analysis.data.importers.trials import untouched
from analysis.wording import counted
from intone.errors import UserError

_PERSON = ("UserName", "UserEmail", "UserComment")
_HINT = "take the file again from the server, which stores 64 kB at most"


def is_beaqlejs(content: Any) -> bool:
    """Return True if JSON is a sitting of beaqleJS."""
    return isinstance(content, list) and any(
        isinstance(item, bool) or (isinstance(item, dict) and "TestID" in item) for item in content
    )


def read_beaqlejs(files: Sequence[Path], options: Options) -> Imported:
    """Read sittings, one a file.

    Raises:
        UserError: not such a file, an ABX test, or kinds of test mixed.
    """
    imported = Imported("beaqlejs", "ratings")
    ratings: list[Row] = []
    choices: list[Row] = []
    not_drawn = 0
    for file in files:
        content = read_json(file, _HINT)
        if not is_beaqlejs(content):
            raise UserError(f"{file.name}: no list of results with a TestID; {_HINT}")
        person = _person(file, content, imported)
        listener = _listener(file, person, options)
        for index, item in enumerate(content, start=1):
            where = f"{file.name}, element {index}"
            if not isinstance(item, dict) or "TestID" not in item:
                continue
            row = {
                "study": "",
                "listener": listener,
                "session": file.name,
                "trial": str(item["TestID"]),
                "utterance": str(item["TestID"]),
                "question": "",
                "rating_time_ms": milliseconds(item.get("Runtime"), where),
                "where": where,
                "kept": {name: person.get(name) for name in options.keep_columns},
            }
            if "rating" in item:
                ratings += _ratings(item, row, options)
            elif "Preference" in item:
                choices.append(_choice(item, row))
            else:
                not_drawn += 1
    if ratings and choices:
        raise UserError(
            f"{files[0].name}: MUSHRA and preference tests together; import each by itself"
        )
    _report(imported, ratings, choices, not_drawn, options)
    return imported


def _person(file: Path, content: list[Any], imported: Imported) -> dict[str, Any]:
    """Return the answers about the listener; the last of several copies counts.

    A retry of sending appends them again.
    """
    person: dict[str, Any] = {}
    for index, item in enumerate(content, start=1):
        if isinstance(item, bool):
            raise UserError(
                f"{file.name}, element {index}: a bare {str(item).lower()} of beaqleJS's ABX test, "
                "which does not record what was heard; leave this file out"
            )
        if not isinstance(item, dict):
            raise UserError(f"{file.name}, element {index}: not a result of beaqleJS; {_HINT}")
        if "TestID" not in item:
            person.update(item)
    imported.offer(list(person))
    return person


def _listener(file: Path, person: dict[str, Any], options: Options) -> str:
    """Return name and address, which `finish` hides, or else the file's name."""
    if (column := options.listener_column) is not None:
        if not str(person.get(column, "")).strip():
            raise UserError(
                f"{file.name}: no {column!r} for the listener (--listener-column); choose among "
                f"{', '.join(person) or 'none'}"
            )
        return str(person[column]).strip()
    names = [str(person.get(name) or "").strip() for name in _PERSON[:2]]
    return " ".join(name for name in names if name) or file.name


def _ratings(item: dict[str, Any], row: Row, options: Options) -> list[Row]:
    low, high = options.scale or (0.0, 100.0)
    if not isinstance(item["rating"], dict):
        raise UserError(f"{row['where']}: rating is no list of labels with scores; {_HINT}")
    return [
        {
            **row,
            "page_type": "mushra",
            "system": str(label),
            "scale_min": low,
            "scale_max": high,
            "score": number(score, row["where"], f"score of {label!r}"),
        }
        for label, score in item["rating"].items()
    ]


def _choice(item: dict[str, Any], row: Row) -> Row:
    """Return the row of a choice, with the chosen label."""
    parts = [part.split("=") for part in str(item.get("PresentationOrder", "")).split(",")]
    sides = {part[0].strip(): part[1].strip() for part in parts if len(part) == 2}
    chosen = str(item["Preference"]).strip()
    if sorted(sides) != ["A", "B"] or sorted(sides.values()) != ["A", "B"] or chosen not in sides:
        raise UserError(
            f"{row['where']}: PresentationOrder {item.get('PresentationOrder')!r} and Preference "
            f"{chosen!r} do not give a preference; write them as 'A=B, B=A' and A or B"
        )
    return {
        **row,
        "system_a": "A",
        "system_b": "B",
        "choice": sides[chosen].lower(),
        "first_on_screen": sides["A"].lower(),
    }


def _report(
    imported: Imported, ratings: list[Row], choices: list[Row], not_drawn: int, options: Options
) -> None:
    imported.rows = ratings or choices
    if choices:
        imported.kind = "preferences"
        if options.mapping is None:
            imported.notes.append(
                "The systems are called A and B as in the test's configuration, where they can be "
                "others on every page; give their meaning with --map."
            )
    else:
        imported.notes += untouched(ratings, "beaqleJS", None)
        if options.scale is None:
            imported.notes.append("beaqleJS does not record the scale: 0 to 100 was assumed.")
    if not_drawn:
        imported.notes.append(
            f"{counted(not_drawn, 'page')} that listeners were not given: left out."
        )
