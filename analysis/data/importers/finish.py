"""Rows of a tool as a table: names, roles, pseudonyms, checks."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis.data.checks import check_scores, one_per_cell, with_defaults
from analysis.data.importers.mapping import apply_mapping
from analysis.data.importers.rows import Imported, Options, Row
from analysis.data.importers.trials import RESERVED, is_uuid
from analysis.data.sources import Source
from intone.contracts.ratings import PREFERENCE_COLUMNS, RATING_COLUMNS
from intone.errors import UserError


def finish(imported: Imported, name: str, options: Options) -> Source:
    """Return the checked table of the contract.

    It has one score (or choice) for each listener, page and version.

    Args:
        imported: rows of an importer.
        name: name of the files in messages.
        options: mapping, roles, ids and columns to keep.

    Raises:
        UserError: a score outside its scale, something rated twice, an option that fits nothing.
    """
    if not imported.rows:
        raise UserError(f"{name}: no ratings in it; export the results again")
    for column in options.keep_columns:
        if column not in imported.offered:
            raise UserError(
                f"{name}: no column {column!r} to keep; choose among "
                f"{', '.join(imported.offered) or 'none'}"
            )
    if options.mapping is not None:
        apply_mapping(imported, options.mapping)
    if imported.kind == "ratings":
        _roles(imported.rows, name, options)
    _pseudonyms(imported.rows, options)
    source = _source(imported, name, options)
    if imported.kind == "ratings":
        frame = with_defaults(source, None)
        for _, part in frame.groupby(["study", "question"], sort=False):
            part = part.copy()
            check_scores(part, source)
            one_per_cell(part, source, "mean")
    else:
        _check_preferences(imported.rows)
    return source


def _roles(rows: list[Row], name: str, options: Options) -> None:
    """Assign roles of reserved labels, overridden by given names."""
    systems = {row["system"] for row in rows}
    for role, system in options.roles.items():
        if system not in systems:
            raise UserError(
                f"{name}: no system {system!r} (--{role.replace('_', '-')}); it has "
                f"{', '.join(sorted(systems))}"
            )
    for row in rows:
        role = RESERVED.get(row["system"].lower(), "system")
        given = [r for r, system in options.roles.items() if system == row["system"]]
        row["role"] = given[0] if given else "system" if role in options.roles else role


def _pseudonyms(rows: list[Row], options: Options) -> None:
    """Replace ids of listeners and sessions by numbers in order of appearance.

    Random ids of a tool are kept: they identify no person.
    """
    for column in ("listener", "session"):
        ids = list(dict.fromkeys(str(row[column]) for row in rows))
        width = max(2, len(str(len(ids))))
        named = {
            old: old if options.keep_ids or is_uuid(old) else f"{column}-{n:0{width}}"
            for n, old in enumerate(ids, start=1)
        }
        for row in rows:
            row[column] = named[str(row[column])]


def _source(imported: Imported, name: str, options: Options) -> Source:
    columns = RATING_COLUMNS if imported.kind == "ratings" else PREFERENCE_COLUMNS
    fixed = {"arm": "main", "phase": "test", "repeat": 0, "origin": f"imported:{imported.tool}"}
    kept = {c: f"questionnaire_{c}" if c in columns else c for c in options.keep_columns}
    table: list[dict[str, Any]] = [
        {column: {**fixed, **row}.get(column) for column in columns}
        | {new: row["kept"].get(old) for old, new in kept.items()}
        for row in imported.rows
    ]
    # As objects: a whole number beside an empty cell would turn into a fraction.
    frame = pd.DataFrame(table, columns=pd.Index([*columns, *kept.values()]), dtype=object)
    notes = list(imported.notes)
    dropped = [column for column in imported.offered if column not in options.keep_columns]
    if dropped:
        notes.append(f"Columns about the listeners were left out: {', '.join(dropped)}.")
    where = [_without_name(str(row["where"]), name) for row in imported.rows]
    return Source(frame, name, "imported", where, notes=tuple(notes))


def _without_name(where: str, name: str) -> str:
    # The file is named once in a message.
    return where.removeprefix(f"{name}, ")


def _check_preferences(rows: Sequence[Row]) -> None:
    seen: dict[tuple[object, ...], str] = {}
    for row in rows:
        pair = frozenset((row["system_a"], row["system_b"]))
        if len(pair) == 1:
            raise UserError(
                f"{row['where']}: {row['system_a']!r} is compared with itself; correct the row"
            )
        key = (row["study"], row["listener"], row["utterance"], pair)
        if key in seen:
            raise UserError(
                f"{row['where']}: listener {row['listener']!r} already chose between these two in "
                f"{row['utterance']!r} ({seen[key]}); delete one"
            )
        seen[key] = row["where"]
