"""Preferences: reading, checks and the checked table."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.data.checks import choose_rows, overall_origin, repeated_row
from analysis.data.columns import blank, each, filled, named, one_of, refuse
from analysis.data.importers.recognise import read_foreign
from analysis.data.kinds import has_choices
from analysis.data.sources import Source, read_source
from analysis.models.bradley_terry import CHOICES, COLUMNS, Counted
from intone.contracts import PREFERENCE_COLUMNS, Repeats
from intone.errors import UserError

_NAMES = ("listener", "utterance", "system_a", "system_b")


@dataclass(frozen=True)
class Choices:
    """Choices between two systems, one a row.

    Attributes:
        frame: rows sorted by listener, utterance and pair; columns of `PREFERENCE_COLUMNS`, and
            `first`: 1 if the choice was the first side, -1 the second, 0 neither. If the table
            does not record the first side, column a is taken as first.
        systems: names, sorted.
        origin: human, simulated (if any row is), imported:<tool>, or several joined by commas.
        source: name of the file or database.
        sides_recorded: True if the table records the first side of the screen.
        notes: what was left out or assumed on reading, one sentence each.
        looks: how often this study's results were looked at while it ran; none if not recorded.
        excluded: listeners who were left out by name.
    """

    frame: pd.DataFrame
    systems: tuple[str, ...]
    origin: str
    source: str
    sides_recorded: bool
    notes: tuple[str, ...] = ()
    looks: int | None = None
    excluded: tuple[str, ...] = ()

    @property
    def simulated(self) -> bool:
        """True if any choice came from a simulated listener."""
        return self.origin == "simulated"

    @property
    def listeners(self) -> tuple[str, ...]:
        """Names of the listeners, sorted."""
        return tuple(sorted(self.frame["listener"].unique()))

    @property
    def utterances(self) -> tuple[str, ...]:
        """Names of the utterances, sorted."""
        return tuple(sorted(self.frame["utterance"].unique()))

    @property
    def sha256(self) -> str:
        """Digest of the choices in use, independent of file and row order."""
        table = self.frame[[*COLUMNS, "first"]].to_csv(index=False)
        return hashlib.sha256(table.encode()).hexdigest()

    def without(self, listeners: Sequence[str]) -> "Choices":
        """Return the choices without all rows of these listeners.

        Raises:
            UserError: no such listener, no listener would be left, or the remaining systems were
                never compared.
        """
        if not listeners:
            return self
        known = self.listeners
        for name in listeners:
            if name not in known:
                raise UserError(f"{self.source}: no listener {name!r} (--exclude); check the name")
        kept = self.frame[~self.frame["listener"].isin(list(listeners))].reset_index(drop=True)
        if kept.empty:
            raise UserError(f"{self.source}: --exclude leaves no listener; name fewer")
        return _checked(
            replace(
                self, frame=kept, systems=_systems(kept), excluded=tuple(sorted(set(listeners)))
            )
        )


def read_preferences(
    path: str | Path,
    fmt: str = "auto",
    *,
    study: str | None = None,
    question: str | None = None,
    repeats: Repeats = "first",
) -> Choices:
    """Read and check preferences.

    They come from a table, a study's database, or the results of another tool.
    Columns `listener, utterance, system_a, system_b, choice` are enough; a choice is a, b or none.
    What else is missing is taken to be: one study, one question, phase test, no repeats, origin
    `imported:csv` (or `imported:parquet`, `imported:database`). Rows of training and gold pages
    never count.

    Args:
        path: CSV, Parquet or SQLite file, a file of another tool (see `data.importers`), or a
            SQLAlchemy URL whose database has the view `preferences_v1`.
        fmt: auto, preferences (a table or database of the contract), or the tool that wrote it.
        study: which study, if the table holds several.
        question: which question, if listeners were asked several.
        repeats: of a page that was judged again, use the first choice or all of them.

    Raises:
        UserError: any error in the table, with file, line, value and action.
    """
    source = _source(path, fmt)
    defaults = {
        "study": "",
        "question": "",
        "arm": "main",
        "phase": "test",
        "repeat": 0,
        "origin": f"imported:{source.kind}",
    }
    frame = filled(source, COLUMNS, PREFERENCE_COLUMNS, defaults, "choice")
    named(frame, source, _NAMES, "choice")
    frame, notes = choose_rows(
        frame, source, {"study": study, "question": question}, repeats, "choice"
    )
    _check_choices(frame, source)
    frame, recorded = _sides(frame, source)
    frame = _one_per_page(frame, source, repeats)
    name = str(frame["study"].iloc[0])
    return _checked(
        Choices(
            frame,
            _systems(frame),
            overall_origin(frame),
            source.name,
            recorded,
            (*source.notes, *notes),
            None if source.looks is None else source.looks.count(name),
        )
    )


def _source(path: str | Path, fmt: str) -> Source:
    # A table of choices that lacks a column is no wide table of another tool.
    has_contract = fmt == "auto" and has_choices(path)
    source = read_foreign(path, "preferences" if has_contract else fmt, wanted="preferences")
    return source or read_source(path, "preferences_v1")


def _check_choices(frame: pd.DataFrame, source: Source) -> None:
    empty = blank(frame["choice"])
    if empty.any():
        raise UserError(
            f"{source.name}, {frame.loc[empty, 'where'].iloc[0]}: the choice is missing; write a, "
            "b or none, or delete the row if there was no choice"
        )
    hint = " (a is system_a, b is system_b, none is no preference)"
    one_of(frame, source, "choice", CHOICES, hint=hint)
    same = frame["system_a"] == frame["system_b"]
    refuse(frame, same, source, "system_b", "it is compared with itself; correct or delete the row")


def _sides(frame: pd.DataFrame, source: Source) -> tuple[pd.DataFrame, bool]:
    """Add the chosen side as `first`; tell if sides are recorded."""
    first_side = each(frame["first_on_screen"], lambda v: "" if pd.isna(v) else str(v).strip())
    frame = frame.assign(first_on_screen=first_side)
    one_of(frame, source, "first_on_screen", ("a", "b"), blank=True)
    first_side = frame["first_on_screen"]
    recorded = bool((first_side != "").any())
    first = first_side if recorded else first_side.mask(first_side == "", "a")
    side = np.select([frame["choice"] == "none", frame["choice"] == first], [0.0, 1.0], -1.0)
    return frame.assign(first=np.where(first == "", np.nan, side)), recorded


def _one_per_page(frame: pd.DataFrame, source: Source, repeats: Repeats) -> pd.DataFrame:
    """Return one choice per listener, utterance and pair, sorted."""
    names = frame[["system_a", "system_b"]].astype(str)
    frame = frame.assign(low=names.min(axis=1), high=names.max(axis=1))
    page = ["listener", "utterance", "low", "high"]
    if (same := repeated_row(frame, page, repeats)) is not None:
        row, first = same
        raise UserError(
            f"{source.name}, {row['where']}: listener {row['listener']!r} already chose between "
            f"{row['low']!r} and {row['high']!r} in utterance {row['utterance']!r} "
            f"({first['where']}); delete one, or number the second time 1 in a column `repeat` "
            "(with --repeats mean both count)"
        )
    frame = frame.sort_values([*page, "repeat"], kind="stable")
    return frame.drop(columns=["where", "low", "high"]).reset_index(drop=True)


def _systems(frame: pd.DataFrame) -> tuple[str, ...]:
    return tuple(sorted({*frame["system_a"], *frame["system_b"]}))


def _checked(choices: Choices) -> Choices:
    """Raise an error for choices that no model can compare."""
    Counted.read(choices.frame, f"{choices.source}: preferences")
    return choices
