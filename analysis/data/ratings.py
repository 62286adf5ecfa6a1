"""Ratings: reading, checks and the checked table."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.data.checks import (
    REQUIRED,
    Roles,
    check_scale,
    check_scores,
    choose_rows,
    find_roles,
    one_per_cell,
    overall_origin,
    with_defaults,
)
from analysis.data.importers.recognise import read_foreign
from analysis.data.sources import Source, read_source
from intone.contracts import Repeats
from intone.errors import UserError

# Order of the systems in every table and figure.
ROLE_ORDER = ("reference", "copy_synthesis", "system", "baseline", "anchor_mid", "anchor_low")
_AGAIN = ("listener", "utterance", "system", "first", "second")


@dataclass(frozen=True)
class Pages:
    """Scores by page (one listener, one utterance).

    Attributes:
        listener: listener code of each page, int [P].
        utterance: utterance code of each page, int [P].
        scores: [P, S], NaN where the page lacks the system.
        systems: the S column names.
        listeners: listener names by code.
        utterances: utterance names by code.
    """

    listener: np.ndarray
    utterance: np.ndarray
    scores: np.ndarray
    systems: tuple[str, ...]
    listeners: tuple[str, ...]
    utterances: tuple[str, ...]

    def of(self, *systems: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the pages that have all `systems`.

        Returns:
            Listener codes, utterance codes (both without gaps), scores [P', k].
        """
        columns = self.scores[:, [self.systems.index(system) for system in systems]]
        whole = ~np.isnan(columns).any(axis=1)
        return _dense(self.listener[whole]), _dense(self.utterance[whole]), columns[whole]

    def of_any(self, *systems: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the pages with any of `systems`; missing scores are NaN."""
        columns = self.scores[:, [self.systems.index(system) for system in systems]]
        some = ~np.isnan(columns).all(axis=1)
        return _dense(self.listener[some]), _dense(self.utterance[some]), columns[some]


def _dense(codes: np.ndarray) -> np.ndarray:
    """Return the codes without gaps; unlike `np.unique`, without sorting."""
    return (np.cumsum(np.bincount(codes) > 0) - 1)[codes]


@dataclass(frozen=True)
class Ratings:
    """Scores by listener, utterance and system, with the roles of systems.

    Attributes:
        frame: rows sorted by listener, utterance, system; columns of `RATING_COLUMNS`.
        systems: reference first, then systems, baseline, anchors; by name within a role.
        roles: the baseline, the reference and the anchors.
        origin: human, simulated (if any row is), imported:<tool>, or several joined by commas.
        scale: lowest and highest possible score.
        source: name of the file or database.
        notes: omissions and assumptions on reading, one sentence each.
        looks: number of looks at the results of the running study; none if not recorded.
        look_sizes: number of listeners at each look, where recorded.
        again: ratings of pages that were rated again, with columns listener, utterance, system,
            first and second (points); empty if none were.
    """

    frame: pd.DataFrame
    systems: tuple[str, ...]
    roles: Roles
    origin: str
    scale: tuple[float, float]
    source: str
    notes: tuple[str, ...] = ()
    looks: int | None = None
    look_sizes: tuple[int, ...] = ()
    again: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=_AGAIN))

    @property
    def repeated(self) -> int:
        """Number of ratings that were given a second time."""
        return len(self.again)

    @property
    def simulated(self) -> bool:
        """True if any rating came from a simulated listener."""
        return self.origin == "simulated"

    @property
    def test_systems(self) -> tuple[str, ...]:
        """Systems under test: no baseline, reference, copy synthesis or anchor."""
        return tuple(s for s in self.systems if self.roles.of(s) == "system")

    @cached_property
    def listeners(self) -> tuple[str, ...]:
        """Names of the listeners, sorted."""
        return tuple(sorted(self.frame["listener"].unique()))

    @cached_property
    def utterances(self) -> tuple[str, ...]:
        """Names of the utterances, sorted."""
        return tuple(sorted(self.frame["utterance"].unique()))

    @cached_property
    def sha256(self) -> str:
        """Digest of the ratings in use, independent of file and row order."""
        table = self.frame[list(REQUIRED)].to_csv(index=False)
        return hashlib.sha256(table.encode()).hexdigest()

    def pages(self) -> Pages:
        """Return the ratings as a matrix of pages by systems."""
        return self._pages

    @cached_property
    def _pages(self) -> Pages:
        listeners, utterances = self.listeners, self.utterances
        listener, utterance, system = (
            pd.Categorical(self.frame[column], names).codes.astype(int)
            for column, names in (
                ("listener", listeners),
                ("utterance", utterances),
                ("system", self.systems),
            )
        )
        cell, page = np.unique(listener * len(utterances) + utterance, return_inverse=True)
        scores = np.full((len(cell), len(self.systems)), np.nan)
        scores[page, system] = self.frame["score"]
        # Shared by all callers, hence read-only.
        scores.setflags(write=False)
        by_listener, by_utterance = np.divmod(cell, len(utterances))
        return Pages(by_listener, by_utterance, scores, self.systems, listeners, utterances)

    def without(self, listeners: Sequence[str]) -> "Ratings":
        """Return the ratings without all rows of these listeners.

        A system that no other listener rated is removed, too, with a note.
        """
        kept = self.frame[~self.frame["listener"].isin(list(listeners))].reset_index(drop=True)
        rated = set(kept["system"])
        gone = tuple(system for system in self.systems if system not in rated)
        notes = tuple(
            f"{system} was rated only by listeners who were left out: it has no results."
            for system in gone
        )
        return replace(
            self,
            frame=kept,
            systems=tuple(system for system in self.systems if system in rated),
            roles=self.roles.without(gone),
            notes=(*self.notes, *notes),
        )


def read_ratings(
    path: str | Path,
    fmt: str = "auto",
    *,
    baseline: str | None = None,
    reference: str | None = None,
    anchor_low: str | None = None,
    anchor_mid: str | None = None,
    study: str | None = None,
    question: str | None = None,
    page_type: str | None = None,
    scale: tuple[float, float] | None = None,
    repeats: Repeats = "first",
) -> Ratings:
    """Read and check ratings.

    They come from a table, a study's database, or the results of another tool.
    Columns `listener, utterance, system, score` are enough. What else is missing is taken to be:
    one study, one question, scale 0 to 100, phase test, no repeats, origin `imported:csv` (or
    `imported:parquet`, `imported:database`).
    Rows of training and gold pages never count.

    Args:
        path: CSV, Parquet or SQLite file, a file of another tool (see `data.importers`), or a
            SQLAlchemy URL whose database has the view `ratings_v1`.
        fmt: auto, ratings (a table or database of the contract), or the tool that wrote the file.
        baseline: system that the others are compared with.
        reference: system that is the recording; overrides the role column, like the anchors.
        anchor_low: low anchor (BS.1534-3: 3.5 kHz).
        anchor_mid: mid anchor (BS.1534-3: 7 kHz).
        study: which study, if the table holds several.
        question: which question, if listeners were asked several.
        page_type: which kind of page (mushra, mushra_nmr, acr ...), if the study has several:
            their scores are not comparable, even on one scale.
        scale: lowest and highest possible score, where the table does not say.
        repeats: use the first rating of a repeated page, or the mean of all.

    Raises:
        UserError: any error in the table, with file, line, value and action.
    """
    source = read_foreign(path, fmt, scale) or read_source(path)
    frame = _moves(with_defaults(source, scale), source)
    whole = frame
    frame, notes = choose_rows(
        frame, source, {"study": study, "page_type": page_type, "question": question}, repeats
    )
    check_scale(frame, source)
    check_scores(frame, source)
    frame = one_per_cell(frame, source, repeats)
    names = sorted(frame["system"].unique())
    if len(names) < 2:
        raise UserError(
            f"{source.name}: only one system ({names[0]!r}) was rated; a comparison needs two"
        )
    named = {
        "baseline": baseline,
        "reference": reference,
        "anchor_low": anchor_low,
        "anchor_mid": anchor_mid,
    }
    roles, demoted = find_roles(frame, source, named, names)
    name = str(frame["study"].iloc[0])
    order = {role: position for position, role in enumerate(ROLE_ORDER)}
    return Ratings(
        frame=frame,
        systems=tuple(sorted(names, key=lambda name: (order[roles.of(name)], name))),
        roles=roles,
        origin=overall_origin(frame),
        scale=(float(frame["scale_min"].iloc[0]), float(frame["scale_max"].iloc[0])),
        source=source.name,
        notes=(*source.notes, *notes, *demoted),
        looks=None if source.looks is None else source.looks.count(name),
        look_sizes=tuple(n for of, n in source.look_sizes if of == name),
        again=_again(whole, frame),
    )


def _moves(frame: pd.DataFrame, source: Source) -> pd.DataFrame:
    """Set `moved` to unknown for imported ratings that do not record it."""
    imported = [o for o in frame["origin"].unique() if str(o).startswith("imported:")]
    if not imported:
        return frame
    moved = source.frame.get("moved")
    blank = moved is None or moved.isna() | (moved.astype(str).str.strip() == "")
    unknown = frame["origin"].isin(imported) & blank
    return frame.assign(moved=frame["moved"].astype(object).mask(unknown, np.nan))


def _again(whole: pd.DataFrame, used: pd.DataFrame) -> pd.DataFrame:
    """Return the ratings that were given twice, with both scores."""
    same = ["study", "page_type", "question"]
    of_test = (whole[same].astype(str) == used[same].iloc[0].astype(str)).all(axis=1)
    rows = whole[of_test & whole["phase"].isin(["test", "repeat"])]
    # A table may number its repeated pages, or only call them so.
    later = (rows["repeat"] > 0) | (rows["phase"] == "repeat")
    if not later.any():
        return pd.DataFrame(columns=_AGAIN)
    cell = list(REQUIRED[:3])
    rows = rows.assign(score=pd.to_numeric(rows["score"], errors="coerce")).dropna(subset="score")
    second = rows[later].sort_values("repeat", kind="stable").drop_duplicates(cell)
    pairs = rows[~later].merge(second, on=cell, suffixes=("", "_2"))
    pairs = pairs.rename(columns={"score": "first", "score_2": "second"})
    return pairs[list(_AGAIN)].sort_values(cell, ignore_index=True)
