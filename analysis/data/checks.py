"""Checks of ratings on reading; errors name file, line, value and action."""

import difflib
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.data.columns import as_number, blank, each, filled, named, one_of, shown
from analysis.data.sources import Source
from analysis.wording import counted
from intone.contracts import RATING_COLUMNS, Repeats
from intone.errors import UserError

REQUIRED = ("listener", "utterance", "system", "score")
# One system at most plays each of these; several may be copy synthesis.
SINGLE_ROLES = ("reference", "anchor_low", "anchor_mid", "baseline")
KNOWN_ROLES = ("system", "reference", "copy_synthesis", "anchor_low", "anchor_mid")


@dataclass(frozen=True)
class Roles:
    """Roles of the systems; none where the design has no such system."""

    baseline: str | None = None
    reference: str | None = None
    anchor_low: str | None = None
    anchor_mid: str | None = None
    copy_synthesis: tuple[str, ...] = ()

    def of(self, system: str) -> str:
        """Return the role of `system`, one of `ROLE_ORDER`."""
        if system in self.copy_synthesis:
            return "copy_synthesis"
        for role in SINGLE_ROLES:
            if getattr(self, role) == system:
                return role
        return "system"

    def without(self, systems: Collection[str]) -> "Roles":
        """Return the roles without those of `systems`."""
        kept = {r: None if getattr(self, r) in systems else getattr(self, r) for r in SINGLE_ROLES}
        return Roles(
            **kept, copy_synthesis=tuple(s for s in self.copy_synthesis if s not in systems)
        )


def with_defaults(source: Source, scale: tuple[float, float] | None) -> pd.DataFrame:
    """Fill in optional columns and check all columns but the scores."""
    low, high = scale or (0.0, 100.0)
    defaults = {
        "study": "",
        "question": "",
        "page_type": "mushra",
        "role": "",
        "scale_min": low,
        "scale_max": high,
        "arm": "main",
        "phase": "test",
        "repeat": 0,
        "moved": True,
        "origin": f"imported:{source.kind}",
    }
    frame = filled(source, REQUIRED, RATING_COLUMNS, defaults, "rating")
    if scale is not None:
        if not (np.isfinite(scale).all() and low < high):
            raise UserError(
                f"--scale {low:g} {high:g}: not a rising pair of numbers; give the lowest and the "
                "highest possible score"
            )
        frame["scale_min"], frame["scale_max"] = scale
    named(frame, source, ("listener", "utterance", "system"), "rating")
    one_of(frame, source, "role", KNOWN_ROLES, blank=True)
    frame["page_type"] = each(frame["page_type"], lambda value: str(value).strip().lower())
    frame["moved"] = ~frame["moved"].astype(str).str.lower().isin(("false", "0", "0.0"))
    for column in ("scale_min", "scale_max"):
        as_number(frame, source, column)
    return frame


def choose_rows(
    frame: pd.DataFrame,
    source: Source,
    wanted: dict[str, str | None],
    repeats: Repeats,
    noun: str = "rating",
) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows that count, with notes on the others.

    Args:
        frame: all rows.
        source: where they came from.
        wanted: by column (study first), the value to keep; none where there is one only.
        repeats: first or mean; see `read_ratings`.
        noun: what a row is (rating, choice).
    """
    notes = []
    frame = _only(frame, source, "study", wanted["study"])
    phases = ["test", "repeat"] if repeats == "mean" else ["test"]
    chosen = frame[frame["phase"].isin(phases)]
    for phase, n in (
        frame.loc[~frame["phase"].isin(phases), "phase"].value_counts(sort=False).items()
    ):
        do = "does" if n == 1 else "do"
        notes.append(f"{counted(int(n), noun)} of {phase} pages {do} not count.")
    if chosen.empty:
        raise UserError(f"{source.name}: no {noun} has phase test; check the column phase")
    # After the phase: practice on another kind of page is no second kind of result.
    for column in list(wanted)[1:]:
        before = len(chosen)
        chosen = _only(chosen, source, column, wanted[column])
        if len(chosen) < before:
            name = column.replace("_", " ")
            n = counted(before - len(chosen), noun)
            notes.append(f"{n} with another {name} than {wanted[column]!r} left out.")
    if repeats == "first" and (chosen["repeat"] > 0).any():
        n = int((chosen["repeat"] > 0).sum())
        notes.append(f"{counted(n, f'repeated {noun}')} {'does' if n == 1 else 'do'} not count.")
        chosen = chosen[chosen["repeat"] == 0]
        if chosen.empty:
            raise UserError(
                f"{source.name}: every {noun} is a repeat (column repeat above 0); number the "
                f"first {noun} of a page 0"
            )
    return chosen, sorted(notes)


def check_scale(chosen: pd.DataFrame, source: Source) -> None:
    """Check that all ratings of a test are on one scale."""
    scales = chosen[["scale_min", "scale_max"]].drop_duplicates()
    if len(scales) > 1 or (scales["scale_min"] >= scales["scale_max"]).any():
        pairs = ", ".join(f"{low:g} to {high:g}" for low, high in scales.to_numpy(float))
        raise UserError(
            f"{source.name}: scale_min and scale_max must be one rising pair for all ratings, not "
            f"{pairs}; analyse tests with different scales one by one"
        )


def _only(frame: pd.DataFrame, source: Source, column: str, wanted: str | None) -> pd.DataFrame:
    """Return the rows with the wanted value, or all if unambiguous."""
    cells = frame[column].astype(str)
    values = sorted(cells.unique())
    option = f"--{column.replace('_', '-')}"
    if wanted is not None:
        if values == [""]:
            raise UserError(f"{source.name}: no {column} is named; leave {option} {wanted} out")
        if wanted not in values:
            raise UserError(
                f"{source.name}: no {column} {wanted!r} ({option}); it has "
                f"{', '.join(map(repr, values))}"
            )
        return frame[cells == wanted]
    if len(values) > 1:
        raise UserError(
            f"{source.name}: holds {len(values)} different values of {column} "
            f"({', '.join(map(repr, values))}), whose answers are not comparable; "
            f"choose one with {option}"
        )
    return frame


def check_scores(frame: pd.DataFrame, source: Source) -> None:
    """Turn the scores into numbers inside the scale."""
    raw = frame["score"]
    empty = blank(raw)
    score = pd.to_numeric(raw, errors="coerce")
    bad = ~np.isfinite(score.astype(float))
    if bad.any():
        row = frame[bad].iloc[0]
        problem = f"score {shown(row['score'])} is not a number"
        if empty[bad].iloc[0]:
            problem = "the score is missing"
        if "," in str(row["score"]):
            problem += " (decimals are written with a point)"
        raise UserError(
            f"{source.name}, {row['where']}: {problem}; correct it, or delete the row if the "
            "stimulus was not rated"
        )
    low, high = frame["scale_min"].iloc[0], frame["scale_max"].iloc[0]
    outside = (score < low) | (score > high)
    if outside.any():
        row = frame[outside].iloc[0]
        raise UserError(
            f"{source.name}, {row['where']}: score {row['score']} lies outside the scale "
            f"{low:g} to {high:g}; correct it or give the scale with --scale"
        )
    frame["score"] = score.astype(float)


def one_per_cell(frame: pd.DataFrame, source: Source, repeats: Repeats) -> pd.DataFrame:
    """Return one row per listener, utterance and system, sorted by them."""
    cell = ["listener", "utterance", "system"]
    if (same := repeated_row(frame, cell, repeats)) is not None:
        row, first = same
        raise UserError(
            f"{source.name}, {row['where']}: listener {row['listener']!r} already rated system "
            f"{row['system']!r} in utterance {row['utterance']!r} ({first['where']}); delete one, "
            "or number repeated pages in a column `repeat`"
        )
    frame = frame.sort_values([*cell, "repeat"], kind="stable")
    if repeats == "mean":
        means = frame.groupby(cell)["score"].transform("mean")
        frame = frame.assign(score=means).drop_duplicates(cell)
    return frame.drop(columns="where").reset_index(drop=True)


def repeated_row(
    frame: pd.DataFrame, key: list[str], repeats: Repeats
) -> tuple[pd.Series, pd.Series] | None:
    """Return the first row that repeats a key, and the earlier row.

    With `repeats` mean, rows of different `repeat` do not count as the same.
    """
    key = [*key, "repeat"] if repeats == "mean" else key
    again = frame.duplicated(key)
    if not again.any():
        return None
    row = frame[again].iloc[0]
    return row, frame[(frame[key] == row[key]).all(axis=1)].iloc[0]


def find_roles(
    frame: pd.DataFrame, source: Source, named: dict[str, str | None], systems: list[str]
) -> tuple[Roles, list[str]]:
    """Return the roles of the systems; given names override the role column.

    Returns:
        The roles, and a sentence on each system that lost its role to a name given.
    """
    roles: dict[str, str | None] = {}
    notes = []
    for role in SINGLE_ROLES:
        marked = sorted(frame.loc[frame["role"] == role, "system"].unique())
        name = named.get(role)
        notes += [
            f"The ratings call {other} {role.replace('_', ' ')}, but {name} was named instead: "
            f"{other} counts as a system under test."
            for other in marked
            if name is not None and other not in named.values()
        ]
        if name is None and len(marked) > 1:
            raise UserError(
                f"{source.name}: role {role} belongs to several systems ({', '.join(marked)}); "
                f"name the one with --{role.replace('_', '-')}"
            )
        roles[role] = marked[0] if marked else None
    for role, name in named.items():
        if name is None:
            continue
        if name not in systems:
            near = difflib.get_close_matches(name, systems, n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "it has"
            rest = "" if near else f" {', '.join(map(repr, systems))}"
            raise UserError(
                f"{source.name}: no system {name!r} (--{role.replace('_', '-')}); {hint}{rest}"
            )
        roles[role] = name
    copies = sorted(frame.loc[frame["role"] == "copy_synthesis", "system"].unique())
    parts = [(role, name) for role, name in roles.items() if name is not None]
    parts += [("copy_synthesis", name) for name in copies]
    for _, name in parts:
        both = " and ".join(role for role, other in parts if other == name)
        if " and " in both:
            raise UserError(
                f"{source.name}: system {name!r} cannot be {both} at once; name another"
            )
    return Roles(**roles, copy_synthesis=tuple(copies)), notes


def overall_origin(frame: pd.DataFrame) -> str:
    """Return the origin of a result; one simulated rating makes all simulated."""
    origins = sorted(frame["origin"].astype(str).unique())
    return "simulated" if "simulated" in origins else ", ".join(origins)
