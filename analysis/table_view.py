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
        """Keep the results in order; a result's own `text` stands in for a missing sentence."""
        self.results = tuple(results)
        own = [str(getattr(result, "text", "")) for result in self.results]
        self.sentences = tuple(sentences) or tuple(text for text in own if text)
        self.notes = tuple(notes)

    def __len__(self) -> int:
        """Number of results."""
        return len(self.results)

    def __getitem__(self, index: Any) -> Any:
        """One result, or several."""
        return self.results[index]

    def to_frame(self) -> pd.DataFrame:
        """One row per result; parts of a nested result are columns with its name before theirs."""
        return pd.DataFrame([_row(result) for result in self.results])

    def __str__(self) -> str:
        """The notes and one sentence per result; without sentences the table as text."""
        lines = self.sentences or (self._filled().to_string(index=False),)
        return "\n".join([*self.notes, *lines])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        notes = "".join(f"<p><strong>{escape(note)}</strong></p>" for note in self.notes)
        return notes + self._filled().to_html(index=False)

    def _filled(self) -> pd.DataFrame:
        return self.to_frame().map(_cell)


def _cell(value: object) -> object:
    """What a reader sees: four digits, and in words what does not exist."""
    if isinstance(value, list):
        return ", ".join(str(_cell(part)) for part in value)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "not defined"
    return f"{value:.4g}" if isinstance(value, float) else value


def _row(result: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in fields(result):
        value = getattr(result, field.name)
        if field.name in _NO_COLUMN:
            continue
        if is_dataclass(value) and not isinstance(value, type):
            found |= {f"{field.name}_{key}": part for key, part in asdict(value).items()}
        else:
            found[field.name] = value
    return {key: plain(value) for key, value in found.items()}
