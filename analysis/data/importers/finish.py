"""From rows of a tool to a table of the contract: names, roles, pseudonyms, checks."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis.data.checks import check_scores, one_per_cell, with_defaults
from analysis.data.importers.mapping import apply_mapping
from analysis.data.importers.rows import Found, Options, Row
from analysis.data.importers.trials import RESERVED, is_uuid
from analysis.data.sources import Source
from intone.contracts.ratings import PREFERENCE_COLUMNS, RATING_COLUMNS
from intone.errors import UserError


def finish(found: Found, name: str, options: Options) -> Source:
    """The table, checked: one score (or choice) for each listener, page and version.

    Args:
        found: what a tool's importer read.
        name: what to call the files in a message.
        options: mapping, roles, ids and columns to keep.

    Raises:
        UserError: a score outside its scale, something rated twice, an option that fits nothing.
    """
    if not found.rows:
        raise UserError(f"{name}: no ratings in it; export the results again")
    for column in options.keep_columns:
        if column not in found.offered:
            raise UserError(
                f"{name}: no column {column!r} to keep; there are "
                f"{', '.join(found.offered) or 'none'}"
            )
    if options.mapping is not None:
        apply_mapping(found, options.mapping)
    if found.kind == "ratings":
        _roles(found.rows, name, options)
    _pseudonyms(found.rows, options)
    source = _source(found, name, options)
    if found.kind == "ratings":
        frame = with_defaults(source, None)
        for _, part in frame.groupby(["study", "question"], sort=False):
            part = part.copy()
            check_scores(part, source)
            one_per_cell(part, source, "mean")
    else:
        _check_preferences(found.rows)
    return source


def _roles(rows: list[Row], name: str, options: Options) -> None:
    """Reserved labels have the role they say; a name that was given takes it from them."""
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
    """Numbers in the order of appearance; random ids of a tool say nothing about a person."""
    for column in ("listener", "session"):
        ids = list(dict.fromkeys(str(row[column]) for row in rows))
        width = max(2, len(str(len(ids))))
        named = {
            old: old if options.keep_ids or is_uuid(old) else f"{column}-{n:0{width}}"
            for n, old in enumerate(ids, start=1)
        }
        for row in rows:
            row[column] = named[str(row[column])]


def _source(found: Found, name: str, options: Options) -> Source:
    columns = RATING_COLUMNS if found.kind == "ratings" else PREFERENCE_COLUMNS
    fixed = {"arm": "main", "phase": "test", "repeat": 0, "origin": f"imported:{found.tool}"}
    kept = {c: f"questionnaire_{c}" if c in columns else c for c in options.keep_columns}
    table: list[dict[str, Any]] = [
        {column: {**fixed, **row}.get(column) for column in columns}
        | {new: row["kept"].get(old) for old, new in kept.items()}
        for row in found.rows
    ]
    # As objects: a whole number beside an empty cell would turn into a fraction.
    frame = pd.DataFrame(table, columns=pd.Index([*columns, *kept.values()]), dtype=object)
    notes = list(found.notes)
    dropped = [column for column in found.offered if column not in options.keep_columns]
    if dropped:
        notes.append(f"Columns about the listeners were left out: {', '.join(dropped)}.")
    where = [_place(str(row["where"]), name) for row in found.rows]
    return Source(frame, name, "imported", where, notes=tuple(notes))


def _place(where: str, name: str) -> str:
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
