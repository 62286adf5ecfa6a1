"""Wide tables: a column for each system, or for each stimulus with a row for each listener.

Which columns are scores is said by a person, never guessed: ages are numbers, too.
"""

from collections.abc import Sequence
from pathlib import Path

from analysis.data.importers.files import number, read_lines
from analysis.data.importers.mapping import COLUMNS, Meaning, read_mapping
from analysis.data.importers.rows import Found, Options, Row
from analysis.wording import counted
from intone.errors import UserError

ADVICE = (
    "name the columns that are systems, `intone ratings import FILE --systems A,B -o ratings.csv`, "
    "or say with `--map` what every column is"
)


def is_wide(cells: Sequence[str]) -> bool:
    """Whether a header has listeners, and neither systems with scores nor choices."""
    names = {cell.strip().lower() for cell in cells}
    return "listener" in names and not names & {"system", "score", "choice"} and len(names) > 2


def read_wide(files: Sequence[Path], options: Options) -> Found:
    """Read tables with several scores in a row.

    Raises:
        UserError: no columns named, columns that are not there, or a value that is no score.
    """
    found = Found("wide", "ratings")
    empty = 0
    for file in files:
        lines, _ = read_lines(file)
        header = [cell.strip() for cell in lines[0].cells]
        listener = _column(options.listener_column or "listener", header, lines[0].where)
        meanings = _meanings(header, options, file, lines[0].where)
        text = None
        if options.mapping is None:
            text = _column(options.utterance_column or "utterance", header, lines[0].where)
        found.offer([c for c in header if c and c not in (listener, text) and c not in meanings])
        for line in lines[1:]:
            if len(line.cells) != len(header):
                raise UserError(
                    f"{line.where}: {len(line.cells)} cells where the header has {len(header)}; "
                    "look for another separator or a row that is cut off"
                )
            cells = {name: cell.strip() for name, cell in zip(header, line.cells, strict=True)}
            common: Row = {
                "study": "", "listener": cells[listener], "session": cells[listener],
                "question": "", "where": line.where, "page_type": "mushra",
                "kept": {name: cells.get(name) for name in options.keep_columns},
            }  # fmt: skip
            if not cells[listener]:
                raise UserError(f"{line.where}: column {listener} is blank; say who it was there")
            for column, meaning in meanings.items():
                if not cells[column]:
                    empty += 1
                    continue
                found.rows.append(
                    common | _score(cells, column, meaning, text, line.where, options)
                )
    if empty:
        found.notes.append(f"{counted(empty, 'empty cell')}: nothing was rated there.")
    return found


def _meanings(
    header: list[str], options: Options, file: Path, where: str
) -> dict[str, Meaning | None]:
    """Columns that hold scores; with a mapping, what each of them is."""
    if options.mapping is not None:
        mapping = read_mapping(options.mapping, COLUMNS)
        for (column,), meaning in mapping.items():
            if header.count(column) != 1:
                raise UserError(
                    f"{meaning.where}: column {column!r} stands {header.count(column)} times in "
                    f"{file.name}; it must stand there once"
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
        raise UserError(f"{where}: column {text} is blank; say which utterance it was there")
    return {
        "trial": utterance, "utterance": utterance, "system": system, "scale_min": low,
        "scale_max": high, "score": number(cells[column], where, f"score of {column!r}"),
    }  # fmt: skip


def _column(name: str, header: list[str], where: str) -> str:
    if header.count(name) != 1:
        raise UserError(
            f"{where}: column {name!r} stands {header.count(name)} times in the header "
            f"({', '.join(header)}); it must stand there once"
        )
    return name
