"""Rows of an importer, and its options."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

TOOLS = ("webmushra", "pymushra", "beaqlejs", "netflix", "wide")

Kind = Literal["ratings", "preferences"]
# Columns of the contract that the tool knows, with `where` (file and line) and `kept` (a mapping).
Row = dict[str, Any]


@dataclass(frozen=True)
class Options:
    """Options of an import; required only for wide tables.

    Attributes:
        keep_columns: questionnaire columns to keep; all others are dropped.
        listener_column: column with the listener.
        utterance_column: wide tables: column with the utterance.
        keep_ids: keep listeners' ids instead of pseudonyms.
        systems: wide tables: columns that are systems.
        mapping: CSV with the meaning of labels; see `mapping.read_mapping`.
        roles: reference, anchor_low, anchor_mid -> system.
        scale: lowest and highest possible score, where the file does not say.
    """

    keep_columns: tuple[str, ...] = ()
    listener_column: str | None = None
    utterance_column: str | None = None
    keep_ids: bool = False
    systems: tuple[str, ...] = ()
    mapping: Path | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    scale: tuple[float, float] | None = None


@dataclass
class Imported:
    """Rows of one tool.

    Attributes:
        tool: one of `TOOLS`; becomes the origin `imported:<tool>`.
        kind: ratings or preferences.
        rows: in the order of the files; `listener` and `session` still as the tool wrote them.
        notes: doubts and omissions, one sentence each.
        offered: columns about the person, which are dropped unless asked for.
    """

    tool: str
    kind: Kind
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    offered: list[str] = field(default_factory=list)

    def offer(self, columns: list[str]) -> None:
        """Remember columns about the person, each once."""
        self.offered += [c for c in columns if c not in self.offered]
