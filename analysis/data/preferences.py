"""Preferences, checked once and then never changed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.data.checks import choose_rows, overall_origin
from analysis.data.columns import blank, each, filled, named, one_of, refuse
from analysis.data.importers.recognise import read_foreign
from analysis.data.kinds import has_choices
from analysis.data.sources import Source, read_source
from analysis.models.preference_counts import CHOICES, COLUMNS, Counted
from intone.contracts import PREFERENCE_COLUMNS, Repeats
from intone.errors import UserError

_NAMES = ("listener", "utterance", "system_a", "system_b")


@dataclass(frozen=True)
class Choices:
    """Choices between two systems, one a row.

    Attributes:
        frame: rows sorted by listener, utterance and pair; columns of `PREFERENCE_COLUMNS`, and
            `first`: 1 if the choice fell on what stood first, -1 on what stood second, 0 on
            neither. Where the table does not say what stood first, column a is taken to have.
        systems: names, sorted.
        origin: human, simulated (if any row is), imported:<tool>, or several joined by commas.
        source: name of the file or database.
        sides_recorded: whether the table says what stood first on the screen.
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
        """Whether any choice came from a simulated listener."""
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
        """Digest of the choices that were used, whatever file and row order they came in."""
        table = self.frame[[*COLUMNS, "first"]].to_csv(index=False)
        return hashlib.sha256(table.encode()).hexdigest()

    def without(self, listeners: Sequence[str]) -> "Choices":
        """The same choices without all rows of these listeners.

        Raises:
            UserError: nobody is called so, nobody would be left, or the systems that are left were
                never compared.
        """
        if not listeners:
            return self
        known = self.listeners
        for name in listeners:
            if name not in known:
                raise UserError(f"{self.source}: no listener {name!r} (--exclude)")
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
    """Read and check preferences: a table, a study's database, or results of another tool.

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
        UserError: anything wrong with the table, with file, line, value and what to do.
    """
    source = _source(path, fmt)
    defaults = {
        "study": "", "question": "", "arm": "main", "phase": "test", "repeat": 0,
        "origin": f"imported:{source.kind}",
    }  # fmt: skip
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
            frame, _systems(frame), overall_origin(frame), source.name, recorded,
            (*source.notes, *notes), None if source.looks is None else source.looks.count(name),
        )
    )  # fmt: skip


def _source(path: str | Path, fmt: str) -> Source:
    # A table of choices that lacks a column is no wide table of another tool.
    own = fmt == "auto" and has_choices(path)
    found = read_foreign(path, "preferences" if own else fmt, wanted="preferences")
    return found or read_source(path, "preferences_v1")


def _check_choices(frame: pd.DataFrame, source: Source) -> None:
    empty = blank(frame["choice"])
    if empty.any():
        raise UserError(
            f"{source.name}, {frame.loc[empty, 'where'].iloc[0]}: the choice is missing; write a, "
            "b or none, or delete the row if nobody chose"
        )
    hint = " (a stands for system_a, b for system_b, none for no preference)"
    one_of(frame, source, "choice", CHOICES, hint=hint)
    same = frame["system_a"] == frame["system_b"]
    refuse(frame, same, source, "system_b", "it is compared with itself; correct or delete the row")


def _sides(frame: pd.DataFrame, source: Source) -> tuple[pd.DataFrame, bool]:
    """The choices with their side in a column `first`; and whether sides are recorded at all."""
    stood = each(frame["first_on_screen"], lambda v: "" if pd.isna(v) else str(v).strip())
    frame = frame.assign(first_on_screen=stood)
    one_of(frame, source, "first_on_screen", ("a", "b"), blank=True)
    stood = frame["first_on_screen"]
    recorded = bool((stood != "").any())
    first = stood if recorded else stood.mask(stood == "", "a")
    side = np.select([frame["choice"] == "none", frame["choice"] == first], [0.0, 1.0], -1.0)
    return frame.assign(first=np.where(first == "", np.nan, side)), recorded


def _one_per_page(frame: pd.DataFrame, source: Source, repeats: Repeats) -> pd.DataFrame:
    """One choice per listener, utterance and pair, whichever of the two is called a; sorted."""
    names = frame[["system_a", "system_b"]].astype(str)
    frame = frame.assign(low=names.min(axis=1), high=names.max(axis=1))
    page = ["listener", "utterance", "low", "high"]
    twice = frame.duplicated([*page, "repeat"] if repeats == "mean" else page)
    if twice.any():
        row = frame[twice].iloc[0]
        before = frame[(frame[page] == row[page]).all(axis=1)].iloc[0]
        raise UserError(
            f"{source.name}, {row['where']}: listener {row['listener']!r} already chose between "
            f"{row['low']!r} and {row['high']!r} in utterance {row['utterance']!r} "
            f"({before['where']}); delete one, or number the second time 1 in a column `repeat` "
            "(with --repeats mean both count)"
        )
    frame = frame.sort_values([*page, "repeat"], kind="stable")
    return frame.drop(columns=["where", "low", "high"]).reset_index(drop=True)


def _systems(frame: pd.DataFrame) -> tuple[str, ...]:
    return tuple(sorted({*frame["system_a"], *frame["system_b"]}))


def _checked(choices: Choices) -> Choices:
    """Refuse what no model can compare."""
    Counted.read(choices.frame, f"{choices.source}: preferences")
    return choices
