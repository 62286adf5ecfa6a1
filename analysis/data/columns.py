"""Columns of tables: optional cells are filled in, all are checked.

Ratings and preferences share this; errors name file, row, value and action.
"""

import reprlib
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.data.sources import Source
from intone.errors import UserError

PHASES = ("training", "test", "gold", "repeat")


def filled(
    source: Source,
    required: Collection[str],
    columns: Collection[str],
    defaults: Mapping[str, Any],
    noun: str,
) -> pd.DataFrame:
    """Return the columns of the contract and `where`, checked.

    Phase, origin and repeat are checked here, the other columns by the caller.

    Args:
        source: the table.
        required: columns that it must have.
        columns: all columns of the contract; without a default, a missing one is none.
        defaults: value of a missing column or a blank cell.
        noun: what a row is (rating, choice).

    Raises:
        UserError: a required column is missing, no rows, or a cell of another kind.
    """
    frame = source.frame.copy()
    missing = [column for column in required if column not in frame.columns]
    if missing:
        raise UserError(
            f"{source.name}: no column {', '.join(missing)}; found "
            f"{', '.join(map(str, frame.columns))}; the table needs {', '.join(required)}"
        )
    if frame.empty:
        raise UserError(f"{source.name}: the table has no {noun}s, only a header")
    frame["where"] = source.line
    for column, value in defaults.items():
        if column not in frame.columns:
            frame[column] = value
        empty = blank(frame[column])
        if empty.any():
            frame[column] = frame[column].astype(object).mask(empty, value)
    for column in columns:
        if column not in frame.columns:
            frame[column] = None
    one_of(frame, source, "phase", PHASES)
    frame["origin"] = each(frame["origin"], _origin)
    known = frame["origin"].str.fullmatch(r"human|simulated|imported:[\w.+-]+").astype(bool)
    refuse(frame, ~known, source, "origin", "it must be human, simulated or imported:<tool>")
    as_number(frame, source, "repeat")
    return frame[[*columns, "where"]]


def named(frame: pd.DataFrame, source: Source, columns: Collection[str], noun: str) -> None:
    """Turn names into stripped text; none may be empty."""
    for column in columns:
        text = each(frame[column], lambda value: "" if pd.isna(value) else str(value).strip())
        if (text == "").any():
            where = frame.loc[text == "", "where"].iloc[0]
            raise UserError(
                f"{source.name}, {where}: column {column} is blank; give every {noun} a name there"
            )
        frame[column] = text


def one_of(
    frame: pd.DataFrame,
    source: Source,
    column: str,
    allowed: Collection[str],
    blank: bool = False,
    hint: str = "",
) -> None:
    """Lower the case of a column that must hold one of `allowed`."""
    frame[column] = each(frame[column], lambda value: str(value).strip().lower())
    known = frame[column].isin([*allowed, ""] if blank else allowed)
    refuse(frame, ~known, source, column, f"it must be one of {', '.join(allowed)}{hint}")


def as_number(frame: pd.DataFrame, source: Source, column: str) -> None:
    """Turn a column into numbers."""
    number = pd.to_numeric(frame[column], errors="coerce")
    finite = number.astype(float).abs() < np.inf
    refuse(frame, ~finite, source, column, "it must be a number, and a finite one")
    frame[column] = number


def each(column: pd.Series, function: Callable[[Any], object]) -> pd.Series:
    """Map a column, calling `function` once per distinct value.

    Tables have a million rows.
    """
    codes, values = pd.factorize(column, use_na_sentinel=False)
    results = np.array([function(value) for value in values], dtype=object)
    return pd.Series(results[codes], index=column.index, dtype=object)


def blank(column: pd.Series) -> pd.Series:
    """Return True for empty cells and those of spaces only."""
    return each(column, lambda value: pd.isna(value) or str(value).strip() == "").astype(bool)


def refuse(frame: pd.DataFrame, bad: pd.Series, source: Source, column: str, advice: str) -> None:
    """Raise an error for the first bad cell of a column."""
    if bad.any():
        row = frame[bad].iloc[0]
        raise UserError(
            f"{source.name}, {row['where']}: {column} is {shown(row[column])}; {advice}"
        )


def shown(value: Any) -> str:
    """Return a cell as text; long text is shortened in the middle."""
    return reprlib.repr(value.item() if isinstance(value, np.generic) else value)


def _origin(value: object) -> str:
    # An imported tool keeps its spelling.
    text = str(value).strip()
    return text.lower() if text.lower() in ("human", "simulated") else text
