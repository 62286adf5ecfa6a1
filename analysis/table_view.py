"""Results in a notebook: sentences when printed, a table when displayed."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields, is_dataclass
from html import escape
from typing import Any

import pandas as pd

from analysis.report.document import plain

# Columns that are sentences, the raw scores or the level of all intervals: not for a table.
_NO_COLUMN = ("text", "scores", "alpha")


class Shown(Sequence[Any]):
    """Several results of one kind.

    Attributes:
        results: the results themselves.
        sentences: one for each, where there are any.
        notes: what every face says first (simulated listeners, screening).
    """

    def __init__(
        self, results: Iterable[Any], sentences: Sequence[str] = (), notes: Sequence[str] = ()
    ) -> None:
        """Keep the results in order; missing sentences come from `text`."""
        self.results = tuple(results)
        texts = [str(getattr(result, "text", "")) for result in self.results]
        self.sentences = tuple(sentences) or tuple(text for text in texts if text)
        self.notes = tuple(notes)

    def __len__(self) -> int:
        """Return the number of results."""
        return len(self.results)

    def __getitem__(self, index: Any) -> Any:
        """One result, or several."""
        return self.results[index]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per result; parts of nested results are columns."""
        return pd.DataFrame([_row(result) for result in self.results])

    def __str__(self) -> str:
        """Return notes and sentences; without sentences, the table as text."""
        lines = self.sentences or (self._filled().to_string(index=False),)
        return "\n".join([*self.notes, *lines])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        notes = "".join(f"<p><strong>{escape(note)}</strong></p>" for note in self.notes)
        return notes + self._filled().to_html(index=False)

    def _filled(self) -> pd.DataFrame:
        return self.to_frame().map(_cell)


def _cell(value: object) -> object:
    """Return a value as text: four digits, words for undefined."""
    if isinstance(value, list):
        return ", ".join(str(_cell(part)) for part in value)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "not defined"
    return f"{value:.4g}" if isinstance(value, float) else value


def _row(result: Any) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for field in fields(result):
        value = getattr(result, field.name)
        if field.name in _NO_COLUMN:
            continue
        if is_dataclass(value) and not isinstance(value, type):
            row |= {f"{field.name}_{key}": part for key, part in asdict(value).items()}
        else:
            row[field.name] = value
    return {key: plain(value) for key, value in row.items()}
