"""Wide tables: one column of scores per system or stimulus.

The user names the columns with scores; they are never guessed: ages are numbers, too.
"""

from collections.abc import Sequence
from pathlib import Path

from analysis.data.importers.files import number, read_rows
from analysis.data.importers.mapping import COLUMNS, Meaning, read_mapping
from analysis.data.importers.rows import Imported, Options, Row
from analysis.wording import counted
from intone.errors import UserError

ADVICE = (
    "name the columns that are systems, `intone ratings import FILE --systems A,B -o ratings.csv`, "
    "or give the meaning of every column with `--map`"
)


def is_wide(cells: Sequence[str]) -> bool:
    """Return True for a header with listeners but no scores."""
    names = {cell.strip().lower() for cell in cells}
    return "listener" in names and not names & {"system", "score", "choice"} and len(names) > 2


def read_wide(files: Sequence[Path], options: Options) -> Imported:
    """Read tables with several scores in a row.

    Raises:
        UserError: no columns named, columns that are not there, or a value that is not a score.
    """
    imported = Imported("wide", "ratings")
    empty = 0
    for file in files:
        header, rows = read_rows(file)
        columns = header.cells
        listener = _column(options.listener_column or "listener", columns, header.where)
        meanings = _meanings(columns, options, file, header.where)
        text = None
        if options.mapping is None:
            text = _column(options.utterance_column or "utterance", columns, header.where)
        imported.offer(
            [c for c in columns if c and c not in (listener, text) and c not in meanings]
        )
        for where, row in rows:
            cells = {name: cell.strip() for name, cell in row.items()}
            common: Row = {
                "study": "",
                "listener": cells[listener],
                "session": cells[listener],
                "question": "",
                "where": where,
                "page_type": "mushra",
                "kept": {name: cells.get(name) for name in options.keep_columns},
            }
            if not cells[listener]:
                raise UserError(f"{where}: column {listener} is blank; fill in the listener")
            for column, meaning in meanings.items():
                if not cells[column]:
                    empty += 1
                    continue
                imported.rows.append(common | _score(cells, column, meaning, text, where, options))
    if empty:
        imported.notes.append(f"{counted(empty, 'empty cell')}: nothing was rated there.")
    return imported


def _meanings(
    header: list[str], options: Options, file: Path, where: str
) -> dict[str, Meaning | None]:
    """Return the columns of scores, with their mapped meaning."""
    if options.mapping is not None:
        mapping = read_mapping(options.mapping, COLUMNS)
        for (column,), meaning in mapping.items():
            if header.count(column) != 1:
                raise UserError(
                    f"{meaning.where}: column {column!r} is {header.count(column)} times in "
                    f"{file.name}; it must be there once"
                )
        return {column: meaning for (column,), meaning in mapping.items()}
    if not options.systems:
        raise UserError(f"{where}: several scores in a row; {ADVICE}")
    return {_column(name, header, where): None for name in options.systems}


def _score(
    cells: dict[str, str],
    column: str,
    meaning: Meaning | None,
    text: str | None,
    where: str,
    options: Options,
) -> Row:
    low, high = options.scale or (0.0, 100.0)
    utterance = cells[text] if text is not None else ""
    system = column
    if meaning is not None:
        utterance, system = meaning.utterance, meaning.system
    if not utterance:
        raise UserError(f"{where}: column {text} is blank; fill in the utterance")
    return {
        "trial": utterance,
        "utterance": utterance,
        "system": system,
        "scale_min": low,
        "scale_max": high,
        "score": number(cells[column], where, f"score of {column!r}"),
    }


def _column(name: str, header: list[str], where: str) -> str:
    if header.count(name) != 1:
        raise UserError(
            f"{where}: column {name!r} is {header.count(name)} times in the header "
            f"({', '.join(header)}); it must be there once"
        )
    return name
