"""Result files of webMUSHRA: one CSV per kind of page.

Known defects that are handled here: the header is written once, so a questionnaire that changes
later leaves rows that do not fit it; older versions write no session id; files are joined by hand.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from analysis.data.importers.files import Line, milliseconds, number, read_lines
from analysis.data.importers.rows import Imported, Options
from analysis.data.importers.trials import Answer, convert, is_uuid
from analysis.wording import counted
from intone.errors import UserError

# Names of the cells behind `trial_id`; likert pages have one rating or several there.
VALUES = {
    "mushra": ("stimulus", "score", "time", "comment"),
    "paired_comparison": ("reference", "non_reference", "answer", "time", "comment"),
    "bs1116": (
        "reference",
        "non_reference",
        "reference_score",
        "non_reference_score",
        "time",
        "comment",
    ),
}
_SIGNS = {
    "rating_stimulus": "mushra",
    "choice_answer": "paired_comparison",
    "rating_non_reference_score": "bs1116",
    "stimuli": "lss",
}


@dataclass
class _Header:
    """Content of the last header line."""

    page: str
    questions: list[str]
    has_session: bool
    n_cells: int


@dataclass
class _Reading:
    """Events on reading, for the notes."""

    blank: int = 0
    headers: int = 0
    drifted: list[str] = field(default_factory=list)
    ratings: list[str] = field(default_factory=list)
    copies: int = 0
    guessed: bool = False
    known: set[tuple[object, ...]] = field(default_factory=set)


@dataclass(frozen=True)
class _Cells:
    """One row taken apart."""

    study: str
    session: str | None
    questionnaire: dict[str, str] | None
    answer: Answer


def is_header(cells: Sequence[str]) -> bool:
    """Return True if a line is a header of webMUSHRA."""
    names = [cell.strip() for cell in cells]
    return bool(names) and names[0] == "session_test_id" and len(names) > 1


def read_webmushra(files: Sequence[Path], options: Options) -> Imported:
    """Read result files of one kind of page.

    Raises:
        UserError: not such a file, kinds mixed, or a row that cannot be read.
    """
    imported = Imported("webmushra", "ratings")
    reading = _Reading()
    pages: dict[str, str] = {}
    answers: list[Answer] = []
    for file in files:
        lines, blank = read_lines(file)
        reading.blank += blank
        if not is_header(lines[0].cells):
            raise UserError(
                f"{lines[0].where}: no header of webMUSHRA (session_test_id, ...); put the first "
                "line of the results back"
            )
        cells = _take_apart(lines, file, imported, reading, pages)
        answers += _sessions(cells, file.name, options, reading)
    if len(set(pages.values())) > 1:
        raise UserError(
            f"{' and '.join(pages)}: {' and '.join(sorted(set(pages.values())))} pages ask "
            "different things; import each kind into a file of its own"
        )
    if not answers:
        raise UserError(f"{files[0].name}: only a header, no results; export them again")
    convert(imported, next(iter(pages.values())), answers, options)
    imported.notes += _notes(reading)
    return imported


def _header(line: Line, file: Path) -> _Header:
    names = [cell.strip() for cell in line.cells]
    page = next((_SIGNS[name] for name in names if name in _SIGNS), None)
    if page is None or "trial_id" not in names:
        raise UserError(
            f"{line.where}: no scores or choices of stimuli (columns {', '.join(names[1:])}); "
            "of webMUSHRA's files mushra, paired_comparison, bs1116, lss and lms can be read"
        )
    trial = len(names) - 1 - names[::-1].index("trial_id")
    has_session = names[trial - 1] == "session_uuid"
    if page == "lss" and file.stem.lower().startswith("lms"):
        page = "lms"
    return _Header(page, names[1 : trial - has_session], has_session, len(names))


def _take_apart(
    lines: list[Line], file: Path, imported: Imported, reading: _Reading, pages: dict[str, str]
) -> list[_Cells]:
    header = _header(lines[0], file)
    cells = []
    for number_, line in enumerate(lines):
        if is_header(line.cells):
            header = _header(line, file)
            imported.offer(header.questions)
            reading.headers += number_ > 0
            if pages.setdefault(file.name, header.page) != header.page:
                raise UserError(
                    f"{line.where}: {header.page} pages follow {pages[file.name]} pages in one "
                    "file; split it there"
                )
        elif header.page in VALUES:
            cells.append(_fixed(line, header, reading))
        else:
            cells.append(_likert(line, header, reading))
    return cells


def _fixed(line: Line, header: _Header, reading: _Reading) -> _Cells:
    """Read a row whose last cells are fixed, from its end."""
    names = VALUES[header.page]
    n_tail = len(names) + 1
    fits = len(line.cells) == header.n_cells
    if len(line.cells) < n_tail + 1 + header.has_session:
        raise UserError(
            f"{line.where}: {counted(len(line.cells), 'cell')} where at least "
            f"{n_tail + 1 + header.has_session} are needed; look for another separator or a row "
            "that is cut off"
        )
    before, (trial, *values) = line.cells[:-n_tail], line.cells[-n_tail:]
    has_session = header.has_session
    if not fits:
        # webMUSHRA never writes a comment: something there means that a row lost its end.
        if values[-1].strip():
            raise UserError(
                f"{line.where}: {counted(len(line.cells), 'cell')} where the header has "
                f"{header.n_cells}, and the row does not end like one; it may be cut off: delete it"
            )
        reading.drifted.append(line.where)
        has_session = has_session or is_uuid(before[-1].strip())
    session = before.pop().strip() if has_session else None
    answer = _answer(line, before[0], session, trial, dict(zip(names, values, strict=True)))
    if header.page == "mushra":
        number(answer.values["score"], line.where, "score")
    milliseconds(answer.values["time"], line.where)
    known = dict(zip(header.questions, before[1:], strict=True)) if fits else None
    return _Cells(before[0].strip(), session, known, answer)


def _likert(line: Line, header: _Header, reading: _Reading) -> _Cells:
    """Read a row of category ratings, in any number."""
    start = 1 + len(header.questions) + header.has_session
    n_ratings = header.n_cells - start - 3
    ratings = line.cells[start + 1 : -2]
    readable = ratings and all(_is_rating(cell) for cell in ratings)
    if len(line.cells) != header.n_cells:
        if not readable:
            raise UserError(
                f"{line.where}: {counted(len(line.cells), 'cell')} where the header has "
                f"{header.n_cells}, and the ratings cannot be told from the questionnaire; correct "
                "the row"
            )
        reading.ratings.append(f"{line.where} ({len(ratings)} instead of {n_ratings})")
    before = line.cells[:start]
    session = before[-1].strip() if header.has_session else None
    values = {"ratings": ratings, "stimulus": line.cells[-2], "time": line.cells[-1]}
    answer = _answer(line, before[0], session, line.cells[start], values)
    known = dict(zip(header.questions, before[1:], strict=False))
    return _Cells(before[0].strip(), session, known, answer)


def _is_rating(cell: str) -> bool:
    text = cell.strip()
    return text.upper() in ("NA", "") or text.replace(".", "", 1).isdecimal()


def _answer(
    line: Line, study: str, session: str | None, trial: str, values: dict[str, object]
) -> Answer:
    if not trial.strip():
        raise UserError(f"{line.where}: trial_id is blank; give the page its id")
    return Answer(study.strip(), session or "", "", trial.strip(), values, line.where)


def _sessions(cells: list[_Cells], name: str, options: Options, reading: _Reading) -> list[Answer]:
    """Assign rows to sittings, and read copies of rows only once.

    Without a session id, a sitting is a run of rows with the same questionnaire in which no
    stimulus of a page comes twice.
    """
    blocks: list[tuple[str, list[_Cells]]] = []
    current: tuple[object, ...] | None = None
    seen: set[tuple[object, ...]] = set()
    for row in cells:
        content = _content(row.answer)
        if row.session:
            key = (row.study, row.session, content)
            if key in reading.known:
                reading.copies += 1
                continue
            reading.known.add(key)
            current = None
            blocks.append((row.session, [row]))
            continue
        reading.guessed = True
        person = (row.study, *(row.questionnaire or {}).values())
        values = row.answer.values
        stimulus = (row.answer.trial, values.get("stimulus"), values.get("non_reference"))
        if person != current or stimulus in seen:
            current, seen = person, set()
            blocks.append((f"{name} sitting {len(blocks) + 1}", []))
        seen.add(stimulus)
        blocks[-1][1].append(row)
    answers = []
    for session, rows in blocks:
        known = tuple((rows[0].questionnaire or {}).values())
        key = (rows[0].study, known, *(_content(row.answer) for row in rows))
        if not rows[0].session:
            if key in reading.known:
                reading.copies += len(rows)
                continue
            reading.known.add(key)
        answers += [_named(row, session, options) for row in rows]
    return answers


def _content(answer: Answer) -> tuple[object, ...]:
    values = (tuple(v) if isinstance(v, list) else v for v in answer.values.values())
    return (answer.trial, *values)


def _named(row: _Cells, session: str, options: Options) -> Answer:
    known, column = row.questionnaire or {}, options.listener_column
    listener = session
    if column is not None:
        if column not in known:
            raise UserError(
                f"{row.answer.where}: no column {column!r} fits this row (--listener-column); "
                f"choose among {', '.join(known) or 'none'}"
            )
        listener = known[column].strip()
        if not listener:
            raise UserError(f"{row.answer.where}: column {column} is blank; fill in the listener")
    kept = {name: known[name].strip() if name in known else None for name in options.keep_columns}
    old = row.answer
    return Answer(row.study, session, listener, old.trial, old.values, old.where, kept)


def _notes(reading: _Reading) -> list[str]:
    notes = []
    if reading.drifted:
        notes.append(
            f"{counted(len(reading.drifted), 'row')} from {reading.drifted[0]} on do not fit the "
            "header (webMUSHRA writes it once, and the questionnaire changed later): read from "
            "their end, without their questionnaire."
        )
    if reading.ratings:
        notes.append(
            f"{counted(len(reading.ratings), 'row')} have another number of ratings than the "
            f"header, first {reading.ratings[0]}: webMUSHRA counts only a session's first page."
        )
    if reading.guessed:
        notes.append(
            "The file has no session ids: a run of rows with the same questionnaire in which no "
            "stimulus comes twice was taken for one listener."
        )
    for n, what in (
        (reading.headers, "more header line"),
        (reading.blank, "blank line"),
        (reading.copies, "copied row"),
    ):
        if n:
            notes.append(f"{counted(n, what)} left out.")
    return notes
