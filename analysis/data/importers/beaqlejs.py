"""beaqleJS's results: a text file with a JSON array for every sitting.

MUSHRA and preference tests can be read. Its ABX test replaces each result by a bare true or false,
which no longer says what was heard.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analysis.data.importers.files import milliseconds, number, read_json
from analysis.data.importers.rows import Found, Options, Row
from analysis.data.importers.trials import untouched
from analysis.wording import counted
from intone.errors import UserError

_PERSON = ("UserName", "UserEmail", "UserComment")
_HINT = "take the file again from the server, which stores 64 kB at most"


def is_beaqlejs(content: Any) -> bool:
    """Whether JSON is a sitting of beaqleJS."""
    return isinstance(content, list) and any(
        isinstance(item, bool) or (isinstance(item, dict) and "TestID" in item) for item in content
    )


def read_beaqlejs(files: Sequence[Path], options: Options) -> Found:
    """Read sittings, one a file.

    Raises:
        UserError: not such a file, an ABX test, or kinds of test mixed.
    """
    found = Found("beaqlejs", "ratings")
    ratings: list[Row] = []
    choices: list[Row] = []
    not_drawn = 0
    for file in files:
        content = read_json(file, _HINT)
        if not is_beaqlejs(content):
            raise UserError(f"{file.name}: no list of results with a TestID; {_HINT}")
        person = _person(file, content, found)
        listener = _listener(file, person, options)
        for place, item in enumerate(content, start=1):
            where = f"{file.name}, element {place}"
            if not isinstance(item, dict) or "TestID" not in item:
                continue
            row = {
                "study": "", "listener": listener, "session": file.name,
                "trial": str(item["TestID"]), "utterance": str(item["TestID"]), "question": "",
                "rating_time_ms": milliseconds(item.get("Runtime"), where), "where": where,
                "kept": {name: person.get(name) for name in options.keep_columns},
            }  # fmt: skip
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
    _report(found, ratings, choices, not_drawn, options)
    return found


def _person(file: Path, content: list[Any], found: Found) -> dict[str, Any]:
    """What stands about the listener; a retry of sending appends it again, the last one counts."""
    person: dict[str, Any] = {}
    for place, item in enumerate(content, start=1):
        if isinstance(item, bool):
            raise UserError(
                f"{file.name}, element {place}: a bare {str(item).lower()}, as beaqleJS's ABX test "
                "leaves it: what was heard is lost, so it cannot be imported"
            )
        if not isinstance(item, dict):
            raise UserError(f"{file.name}, element {place}: not a result of beaqleJS; {_HINT}")
        if "TestID" not in item:
            person.update(item)
    found.offer(list(person))
    return person


def _listener(file: Path, person: dict[str, Any], options: Options) -> str:
    """Name and address say who it is (and become a pseudonym); without them, the file does."""
    if (column := options.listener_column) is not None:
        if not str(person.get(column, "")).strip():
            raise UserError(
                f"{file.name}: no {column!r} says who it was (--listener-column); there are "
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
        {**row, "page_type": "mushra", "system": str(label), "scale_min": low, "scale_max": high,
         "score": number(score, row["where"], f"score of {label!r}")}
        for label, score in item["rating"].items()
    ]  # fmt: skip


def _choice(item: dict[str, Any], row: Row) -> Row:
    """The side that was chosen, as the label that stood there."""
    parts = [part.split("=") for part in str(item.get("PresentationOrder", "")).split(",")]
    sides = {part[0].strip(): part[1].strip() for part in parts if len(part) == 2}
    chosen = str(item["Preference"]).strip()
    if sorted(sides) != ["A", "B"] or sorted(sides.values()) != ["A", "B"] or chosen not in sides:
        raise UserError(
            f"{row['where']}: PresentationOrder {item.get('PresentationOrder')!r} and Preference "
            f"{chosen!r} do not say what was preferred; beaqleJS writes 'A=B, B=A' and A or B"
        )
    return {
        **row, "system_a": "A", "system_b": "B", "choice": sides[chosen].lower(),
        "first_on_screen": sides["A"].lower(),
    }  # fmt: skip


def _report(
    found: Found, ratings: list[Row], choices: list[Row], not_drawn: int, options: Options
) -> None:
    found.rows = ratings or choices
    if choices:
        found.kind = "preferences"
        if options.mapping is None:
            found.notes.append(
                "The systems are called A and B as in the test's configuration, where they can be "
                "others on every page; say with --map what they are."
            )
    else:
        found.notes += untouched(ratings, "beaqleJS", None)
        if options.scale is None:
            found.notes.append("beaqleJS does not record the scale: 0 to 100 was assumed.")
    if not_drawn:
        found.notes.append(f"{counted(not_drawn, 'page')} that listeners were not given: left out.")
