"""Rows of the compliance table and the study's parts they concern."""

from dataclasses import dataclass
from typing import Literal

from mushra_app.study.file import Study
from mushra_app.study.steps import TrialsStep

Status = Literal["met", "departs", "you must report"]
MET: Status = "met"
DEPARTS: Status = "departs"
REPORT: Status = "you must report"


@dataclass(frozen=True)
class Row:
    """One requirement.

    Attributes:
        clause: of BS.1534-3; the section's topic where no number is certain.
        requirement: what is asked for.
        status: whether it is met.
        found: what it is in this study.
    """

    clause: str
    requirement: str
    status: Status
    found: str


def trials(study: Study) -> list[tuple[str, TrialsStep]]:
    """Return the steps that count, with their positions."""
    numbered = enumerate(study.sitting, start=1)
    return [(f"step {i}", s) for i, s in numbered if isinstance(s, TrialsStep)]


def rating_pages(study: Study) -> list[tuple[str, str]]:
    """Return positions and types of counted pages, with those of arms."""
    pages = []
    for where, step in trials(study):
        if not study.arms:
            pages.append((where, step.page))
        pages += [(f"{where}, arm {arm.name}", arm.page or step.page) for arm in study.arms]
    return pages


def named(count: int, what: str) -> str:
    """`1 page`, `2 pages`."""
    return f"{count} {what}" + ("" if count == 1 else "s")
