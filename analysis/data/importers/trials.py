"""Answers of webMUSHRA or pymushra as rows of the contract."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from analysis.data.importers.files import milliseconds, number
from analysis.data.importers.rows import Imported, Options, Row
from analysis.wording import counted
from intone.errors import UserError

RESERVED = {"reference": "reference", "anchor35": "anchor_low", "anchor70": "anchor_mid"}
_CHOICES = {"correct": "a", "incorrect": "b", "undecided": "none"}
_START = 100.0


@dataclass(frozen=True)
class Answer:
    """One answer as webMUSHRA records it.

    Attributes:
        study, session, listener, trial: as the file names them.
        values: its values, by the names of `webmushra.VALUES`.
        where: file and line.
        kept: questionnaire columns that were asked for.
    """

    study: str
    session: str
    listener: str
    trial: str
    values: dict[str, Any]
    where: str
    kept: dict[str, Any] = field(default_factory=dict)


def convert(imported: Imported, page: str, answers: list[Answer], options: Options) -> None:
    """Add the answers of one kind of page to the imported rows.

    Args:
        imported: rows and notes are added to it.
        page: mushra, paired_comparison, bs1116, lss or lms.
        answers: in the order of the file.
        options: the scale is used.

    Raises:
        UserError: a value that is not a score or a choice.
    """
    if page == "mushra":
        _mushra(imported, answers)
    elif page == "paired_comparison":
        _pairs(imported, answers)
    elif page == "bs1116":
        _bs1116(imported, answers)
    else:
        _likert(imported, answers, page, options)


def _row(answer: Answer, page_index: int, **cells: Any) -> Row:
    return {
        "study": answer.study,
        "listener": answer.listener,
        "session": answer.session,
        "trial": answer.trial,
        "utterance": answer.trial,
        "page_index": page_index,
        "rating_time_ms": milliseconds(answer.values.get("time"), answer.where),
        "where": answer.where,
        "kept": answer.kept,
        **cells,
    }


def _one_a_page(answers: list[Answer]) -> list[tuple[int, Answer]]:
    """Return answers with their page index, one answer a page."""
    seen: dict[tuple[str, str], int] = defaultdict(int)
    placed = []
    for answer in answers:
        key = (answer.study, answer.session)
        placed.append((seen[key], answer))
        seen[key] += 1
    return placed


def _by_page(answers: list[Answer]) -> list[tuple[int, int, Answer]]:
    """Return answers with their page index and their position on the page."""
    pages: dict[tuple[str, str], list[str]] = defaultdict(list)
    rows: dict[tuple[str, str, str], int] = defaultdict(int)
    placed = []
    for answer in answers:
        key = (answer.study, answer.session)
        if answer.trial not in pages[key]:
            pages[key].append(answer.trial)
        page = (*key, answer.trial)
        placed.append((pages[key].index(answer.trial), rows[page], answer))
        rows[page] += 1
    return placed


def _mushra(imported: Imported, answers: list[Answer]) -> None:
    # The rows of a page are in the order of its sliders, from left to right.
    for page, position, answer in _by_page(answers):
        score = number(answer.values["score"], answer.where, "score")
        label = str(answer.values["stimulus"]).strip()
        imported.rows.append(
            _row(
                answer,
                page,
                page_type="mushra",
                question="",
                system=label,
                score=score,
                scale_min=0.0,
                scale_max=100.0,
                stimulus_index=position,
            )
        )
    imported.notes += untouched(imported.rows, "webMUSHRA", _START)


def untouched(rows: list[Row], tool: str, start: float | None) -> list[str]:
    """Return notes on pages that look as if no slider was moved.

    These tools do not record moves.

    Args:
        rows: ratings.
        tool: its name in the sentence.
        start: first position of its sliders; none if unknown.
    """
    pages: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for row in rows:
        pages[row["study"], row["session"], row["trial"]].append(row["score"])
    several = [scores for scores in pages.values() if len(scores) > 1]
    same = [scores for scores in several if len(set(scores)) == 1]
    at_start = [scores for scores in same if scores[0] == start]
    notes = []
    if at_start:
        notes.append(
            f"{counted(len(at_start), 'page')} of {len(several)} hold only {start:g}, where "
            f"{tool}'s sliders start: they may not have been rated; the file does not record it."
        )
    if n_same := len(same) - len(at_start):
        notes.append(
            f"{counted(n_same, 'page')} of {len(several)} give every version the same score; "
            f"{tool} does not say which sliders were moved."
        )
    return notes


def _pairs(imported: Imported, answers: list[Answer]) -> None:
    imported.kind = "preferences"
    unanswered = 0
    for page, answer in _one_a_page(answers):
        choice = str(answer.values["answer"]).strip().lower()
        if choice == "unknown":
            unanswered += 1
            continue
        if choice not in _CHOICES:
            raise UserError(
                f"{answer.where}: choice_answer is {choice!r}, not correct, incorrect, undecided "
                "or unknown; correct the row or its separators"
            )
        imported.rows.append(
            _row(
                answer,
                page,
                question="Which item is the reference?",
                choice=_CHOICES[choice],
                system_a=str(answer.values["reference"]).strip(),
                system_b=str(answer.values["non_reference"]).strip(),
            )
        )
    imported.notes.append(
        "webMUSHRA asks which of two is the reference: a choice is an identification, a preference "
        "only if the study asked for one; it does not record which was first."
    )
    if unanswered:
        imported.notes.append(f"{counted(unanswered, 'pair')} without an answer: left out.")


def _bs1116(imported: Imported, answers: list[Answer]) -> None:
    # BS.1116 analyses the grade of the version minus that of the hidden reference.
    mistaken = 0
    whole = bool(answers)
    for page, answer in _one_a_page(answers):
        grades = [
            number(answer.values[name], answer.where, name.replace("_", " "))
            for name in ("non_reference_score", "reference_score")
        ]
        for grade in grades:
            if not 1 <= grade <= 5:
                raise UserError(f"{answer.where}: grade {grade:g} lies outside 1 to 5; correct it")
        whole = whole and all(grade.is_integer() for grade in grades)
        mistaken += grades[0] > grades[1]
        imported.rows.append(
            _row(
                answer,
                page,
                page_type="bs1116",
                question="difference grade",
                scale_min=-4.0,
                scale_max=4.0,
                score=round(grades[0] - grades[1], 6),
                system=str(answer.values["non_reference"]).strip(),
            )
        )
    imported.notes.append(
        "BS.1116 pages: the score is the difference grade (version minus hidden reference, -4 to "
        "4); the reference itself has no score."
    )
    if mistaken:
        imported.notes.append(
            f"{counted(mistaken, 'BS.1116 page')} of {len(answers)} graded the version above the "
            "hidden reference: on these pages the listener confused the two."
        )
    if whole and imported.tool == "pymushra":
        imported.notes.append(
            "Every grade is a whole number: pymushra may have cut decimals off (3.9 became 3)."
        )


def _likert(imported: Imported, answers: list[Answer], page_type: str, options: Options) -> None:
    unrated = 0
    if page_type == "lss":
        placed = _one_a_page(answers)
    else:
        placed = [(page, answer) for page, _, answer in _by_page(answers)]
    for page, answer in placed:
        given = answer.values["ratings"]
        for nth, rating in enumerate(given, start=1):
            if str(rating).strip().upper() in ("NA", ""):
                unrated += 1
                continue
            score = number(rating, answer.where, "rating")
            imported.rows.append(
                _row(
                    answer,
                    page,
                    page_type="acr",
                    score=score,
                    question=f"scale {nth}" if len(given) > 1 else "",
                    system=str(answer.values["stimulus"]).strip(),
                    stimulus_index=0 if page_type == "lss" else None,
                )
            )
    if unrated:
        imported.notes.append(f"{counted(unrated, 'stimulus rating')} not given (NA): left out.")
    _set_scale(imported, options)


def _set_scale(imported: Imported, options: Options) -> None:
    low, high = options.scale or (1.0, 5.0)
    for row in imported.rows:
        if options.scale is None and not (low <= row["score"] <= high):
            raise UserError(
                f"{row['where']}: rating {row['score']:g} is outside 1 to 5 and the file does not "
                "record the scale; give it with --scale LOWEST HIGHEST"
            )
        row["scale_min"], row["scale_max"] = low, high
    if options.scale is None:
        imported.notes.append("webMUSHRA does not record the scale: 1 to 5 was assumed.")


def is_uuid(text: str) -> bool:
    """Return True for a random session id, as the tools make them."""
    return re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text) is not None
