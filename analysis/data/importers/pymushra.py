"""Database (TinyDB, JSON) and exports (JSON, CSV) of pymushra.

pymushra casts every answer to a number where it can ("007" to 7) and cuts decimals in JSON (3.9 to
3). It drops webMUSHRA's session id and makes a new one for every submission.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.data.importers.files import read_json, read_rows, read_text
from analysis.data.importers.rows import Imported, Options
from analysis.data.importers.trials import Answer, convert
from analysis.wording import counted
from intone.errors import UserError

# Type of a page -> kind of answer, and the names of its values.
_PAGES = {
    "mushra": ("mushra", {"stimulus": "stimulus", "score": "score", "time": "time"}),
    "paired_comparison": (
        "paired_comparison",
        {
            "reference": "reference",
            "nonReference": "non_reference",
            "answer": "answer",
            "time": "time",
        },
    ),
    "bs1116": (
        "bs1116",
        {
            "reference": "reference",
            "nonReference": "non_reference",
            "referenceScore": "reference_score",
            "nonReferenceScore": "non_reference_score",
            "time": "time",
        },
    ),
    "likert_single_stimulus": (
        "lss",
        {"stimulus": "stimulus", "stimulusRating": "ratings", "time": "time"},
    ),
    "likert_multi_stimulus": (
        "lms",
        {"stimulus": "stimulus", "stimulusRating": "ratings", "time": "time"},
    ),
}
_HINT = "take the database (db/webmushra.json) or an export again from pymushra"
Record = dict[str, Any]


@dataclass(frozen=True)
class _Trial:
    """One page of one submission."""

    study: str
    id: Any
    type: str
    person: Record
    responses: list[Record]
    where: str


def is_pymushra(content: Any) -> bool:
    """Return True if JSON is a database or an export of pymushra."""
    if isinstance(content, list):
        return bool(content) and all(
            isinstance(r, dict) and any(str(k).startswith("responses_") for k in r) for r in content
        )
    return isinstance(content, dict) and any(
        isinstance(document, dict) and {"responses", "questionaire"} <= document.keys()
        for table in content.values()
        if isinstance(table, dict)
        for document in table.values()
    )


def is_header(cells: Sequence[str]) -> bool:
    """Return True if a line is the header of pymushra's CSV."""
    return any(cell.strip().startswith("responses_") for cell in cells)


def read_pymushra(files: Sequence[Path], options: Options) -> Imported:
    """Read databases or exports.

    Raises:
        UserError: not such a file, kinds of page mixed, or a value that is not a score.
    """
    imported = Imported("pymushra", "ratings")
    trials = [trial for file in files for trial in _trials(file)]
    kinds = sorted({trial.type for trial in trials})
    for kind in kinds:
        if kind not in _PAGES:
            raise UserError(
                f"{files[0].name}: {kind} pages give no score or choice of a stimulus; take "
                "them out to import the others"
            )
    if len(kinds) != 1:
        raise UserError(
            f"{files[0].name}: {' and '.join(kinds) or 'no'} pages in one file; leave one kind "
            "in it"
        )
    page, names = _PAGES[kinds[0]]
    answers = [answer for trial in trials for answer in _answers(trial, names, imported, options)]
    convert(imported, page, answers, options)
    cast = sum(not isinstance(v, str) for t in trials for v in (t.id, *_labels(t, names)))
    if cast:
        imported.notes.append(
            f"{counted(cast, 'name')} of pages and stimuli stored as numbers: pymushra casts them, "
            "so 7 may have been 007."
        )
    if options.listener_column is None:
        imported.notes.append(
            "pymushra makes a new id for every submission: a listener who sent twice counts as "
            "two; name a column with the listener with --listener-column."
        )
    elif any(not isinstance(t.person.get(options.listener_column), str) for t in trials):
        imported.notes.append(
            f"Values of {options.listener_column} are stored as numbers: pymushra casts ids, so "
            "two listeners (007 and 7) may have become one."
        )
    return imported


def _labels(trial: _Trial, names: dict[str, str]) -> list[Any]:
    return [r[k] for r in trial.responses for k in names if k in ("stimulus",) and k in r]


def _trials(file: Path) -> Iterator[_Trial]:
    text = read_text(file).lstrip()
    if not text.startswith(("{", "[")):
        yield from _flat(read_rows(file)[1])
        return
    content = read_json(file, _HINT)
    if not is_pymushra(content):
        raise UserError(f"{file.name}: not pymushra's JSON; {_HINT}")
    if isinstance(content, list):
        yield from _flat([(f"{file.name}, record {n}", r) for n, r in enumerate(content, start=1)])
        return
    for test, table in content.items():
        if not isinstance(table, dict):
            raise UserError(f"{file.name}: {test!r} holds no documents; {_HINT}")
        for key, document in table.items():
            where = f"{file.name}, document {key!r} of {test!r}"
            _check(document, where)
            yield _Trial(
                str(document.get("testId", test)),
                document["id"],
                str(document["type"]),
                document["questionaire"],
                document["responses"],
                where,
            )


def _check(document: Any, where: str) -> None:
    """Check that a document has all parts of a page."""
    forms = {"id": str | int | float, "type": str, "responses": list, "questionaire": dict}
    for name, form in forms.items():
        if not isinstance(document, dict) or not isinstance(document.get(name), form):
            raise UserError(f"{where}: no {name}, or in another form; {_HINT}")


def _flat(records: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[_Trial]:
    """Yield the trials of an export, one response each."""
    for where, record in records:
        groups: dict[str, Record] = {"responses": {}, "questionaire": {}, "wm": {}}
        for name, value in record.items():
            group, _, rest = str(name).partition("_")
            if group in groups:
                groups[group][rest] = value
        page = groups["wm"]
        if "id" not in page or "uuid" not in groups["questionaire"]:
            raise UserError(f"{where}: no wm_id or no questionaire_uuid; {_HINT}")
        yield _Trial(
            str(page.get("testId", "")),
            page["id"],
            str(page.get("type", "mushra")),
            groups["questionaire"],
            [groups["responses"]],
            where,
        )


def _answers(
    trial: _Trial, names: dict[str, str], imported: Imported, options: Options
) -> Iterator[Answer]:
    person = dict(trial.person)
    session = str(person.pop("uuid", "")).strip()
    if not session:
        raise UserError(f"{trial.where}: no uuid of the submission; {_HINT}")
    imported.offer(list(person))
    listener = session
    if (column := options.listener_column) is not None:
        listener = str(person.get(column, "")).strip()
        if not listener:
            raise UserError(
                f"{trial.where}: no {column!r} for the listener (--listener-column); choose among "
                f"{', '.join(person) or 'none'}"
            )
    kept = {name: person.get(name) for name in options.keep_columns}
    for response in trial.responses:
        needed = [old for old in names if old != "time"]
        lacking = [
            name for name in needed if not isinstance(response, dict) or name not in response
        ]
        if lacking:
            raise UserError(f"{trial.where}: a response without {', '.join(lacking)}; {_HINT}")
        values = {new: response.get(old) for old, new in names.items()}
        if "ratings" in values and not isinstance(values["ratings"], list):
            values["ratings"] = [values["ratings"]]
        yield Answer(
            trial.study, session, listener, str(trial.id).strip(), values, trial.where, kept
        )
