"""webMUSHRA's answers, from its own CSV files or from pymushra's, as rows of the contract."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from analysis.data.importers.files import milliseconds, number
from analysis.data.importers.rows import Found, Options, Row
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
        values: what stands in it, by the names of `webmushra.VALUES`.
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


def convert(found: Found, page: str, answers: list[Answer], options: Options) -> None:
    """Add the answers of one kind of page to what was found.

    Args:
        found: rows and notes are added to it.
        page: mushra, paired_comparison, bs1116, lss or lms.
        answers: in the order of the file.
        options: the scale is used.

    Raises:
        UserError: a value that is no score or no choice.
    """
    if page == "mushra":
        _mushra(found, answers)
    elif page == "paired_comparison":
        _pairs(found, answers)
    elif page == "bs1116":
        _bs1116(found, answers)
    else:
        _likert(found, answers, page, options)


def _row(answer: Answer, page_index: int, **cells: Any) -> Row:
    return {
        "study": answer.study, "listener": answer.listener, "session": answer.session,
        "trial": answer.trial, "utterance": answer.trial, "page_index": page_index,
        "rating_time_ms": milliseconds(answer.values.get("time"), answer.where),
        "where": answer.where, "kept": answer.kept, **cells,
    }  # fmt: skip


def _one_a_page(answers: list[Answer]) -> list[tuple[int, Answer]]:
    """Each answer with its place in the sitting: these pages show one stimulus or pair each."""
    seen: dict[tuple[str, str], int] = defaultdict(int)
    placed = []
    for answer in answers:
        key = (answer.study, answer.session)
        placed.append((seen[key], answer))
        seen[key] += 1
    return placed


def _by_page(answers: list[Answer]) -> list[tuple[int, int, Answer]]:
    """Each answer with the place of its page in the sitting and its own place on the page."""
    pages: dict[tuple[str, str], list[str]] = defaultdict(list)
    rows: dict[tuple[str, str, str], int] = defaultdict(int)
    placed = []
    for answer in answers:
        key = (answer.study, answer.session)
        if answer.trial not in pages[key]:
            pages[key].append(answer.trial)
        place = (*key, answer.trial)
        placed.append((pages[key].index(answer.trial), rows[place], answer))
        rows[place] += 1
    return placed


def _mushra(found: Found, answers: list[Answer]) -> None:
    # The rows of a page stand as its sliders did, from left to right.
    for page, place, answer in _by_page(answers):
        score = number(answer.values["score"], answer.where, "score")
        label = str(answer.values["stimulus"]).strip()
        found.rows.append(
            _row(answer, page, page_type="mushra", question="", system=label, score=score,
                 scale_min=0.0, scale_max=100.0, stimulus_index=place)
        )  # fmt: skip
    found.notes += untouched(found.rows, "webMUSHRA", _START)


def untouched(rows: list[Row], tool: str, start: float | None) -> list[str]:
    """What pages look as if nobody had moved a slider: these tools do not record it.

    Args:
        rows: ratings.
        tool: its name in the sentence.
        start: where its sliders stand at first; none: the file does not say.
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
            f"{counted(len(at_start), 'page')} of {len(several)} hold nothing but {start:g}, where "
            f"{tool}'s sliders start: nobody may have rated there, and the file cannot say."
        )
    if others := len(same) - len(at_start):
        notes.append(
            f"{counted(others, 'page')} of {len(several)} give every version the same score; "
            f"{tool} does not say which sliders were moved."
        )
    return notes


def _pairs(found: Found, answers: list[Answer]) -> None:
    found.kind = "preferences"
    unanswered = 0
    for page, answer in _one_a_page(answers):
        said = str(answer.values["answer"]).strip().lower()
        if said == "unknown":
            unanswered += 1
            continue
        if said not in _CHOICES:
            raise UserError(
                f"{answer.where}: choice_answer is {said!r}; webMUSHRA writes correct, incorrect, "
                "undecided or unknown: correct the row or its separators"
            )
        found.rows.append(
            _row(answer, page, question="Which item is the reference?", choice=_CHOICES[said],
                 system_a=str(answer.values["reference"]).strip(),
                 system_b=str(answer.values["non_reference"]).strip())
        )  # fmt: skip
    found.notes.append(
        "webMUSHRA asks which of two is the reference: a choice is an identification, a preference "
        "only if the study asked for one; it does not record which stood first."
    )
    if unanswered:
        found.notes.append(f"{counted(unanswered, 'pair')} without an answer: left out.")


def _bs1116(found: Found, answers: list[Answer]) -> None:
    # BS.1116 analyses the grade of the version minus that of the hidden reference.
    mistaken = 0
    whole = bool(answers)
    for page, answer in _one_a_page(answers):
        grades = [number(answer.values[name], answer.where, name.replace("_", " "))
                  for name in ("non_reference_score", "reference_score")]  # fmt: skip
        for grade in grades:
            if not 1 <= grade <= 5:
                raise UserError(f"{answer.where}: grade {grade:g} lies outside 1 to 5; correct it")
        whole = whole and all(grade.is_integer() for grade in grades)
        mistaken += grades[0] > grades[1]
        found.rows.append(
            _row(answer, page, page_type="bs1116", question="difference grade", scale_min=-4.0,
                 scale_max=4.0, score=round(grades[0] - grades[1], 6),
                 system=str(answer.values["non_reference"]).strip())
        )  # fmt: skip
    found.notes.append(
        "BS.1116 pages: the score is the difference grade (version minus hidden reference, -4 to "
        "4); the reference itself has no score."
    )
    if mistaken:
        found.notes.append(
            f"{counted(mistaken, 'BS.1116 page')} of {len(answers)} graded the version above the "
            "hidden reference: these listeners took one for the other."
        )
    if whole and found.tool == "pymushra":
        found.notes.append(
            "Every grade is a whole number: pymushra may have cut decimals off (3.9 became 3)."
        )


def _likert(found: Found, answers: list[Answer], page_type: str, options: Options) -> None:
    unrated, most = 0, 0
    for page, answer in _one_a_page(answers) if page_type == "lss" else [
        (page, answer) for page, _, answer in _by_page(answers)
    ]:  # fmt: skip
        given = answer.values["ratings"]
        most = max(most, len(given))
        for place, rating in enumerate(given, start=1):
            if str(rating).strip().upper() in ("NA", ""):
                unrated += 1
                continue
            score = number(rating, answer.where, "rating")
            found.rows.append(
                _row(answer, page, page_type="acr", score=score,
                     question=f"scale {place}" if len(given) > 1 else "",
                     system=str(answer.values["stimulus"]).strip(),
                     stimulus_index=0 if page_type == "lss" else None)
            )  # fmt: skip
    if unrated:
        found.notes.append(f"{counted(unrated, 'stimulus rating')} not given (NA): left out.")
    _set_scale(found, options)


def _set_scale(found: Found, options: Options) -> None:
    low, high = options.scale or (1.0, 5.0)
    for row in found.rows:
        if options.scale is None and not (low <= row["score"] <= high):
            raise UserError(
                f"{row['where']}: rating {row['score']:g}, but the file does not say how long the "
                "scale is; give it with --scale LOWEST HIGHEST"
            )
        row["scale_min"], row["scale_max"] = low, high
    if options.scale is None:
        found.notes.append("webMUSHRA does not record the scale: 1 to 5 was assumed.")


def is_uuid(text: str) -> bool:
    """Whether this is a random session id, as the tools make them."""
    return re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text) is not None
