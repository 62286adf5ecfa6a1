"""Export of ratings in the format of webMUSHRA's result files.

Rows of a page are in the order of its versions on the screen, from left to right. webMUSHRA has no
phases and writes a sitting when it is finished, so only test pages of completed sittings are
written; the rows that are left out are counted.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from intone.errors import UserError
from mushra_app.interchange.tables import open_study, rows
from mushra_app.study.file import Study
from mushra_app.study.steps import QuestionsStep

_COLUMNS = {
    "mushra": [
        "session_uuid",
        "trial_id",
        "rating_stimulus",
        "rating_score",
        "rating_time",
        "rating_comment",
    ],
    "ab": [
        "trial_id",
        "choice_reference",
        "choice_non_reference",
        "choice_answer",
        "choice_time",
        "choice_comment",
    ],
    "acr": ["trial_id", "stimuli_rating", "stimuli", "rating_time"],
}
# A page without an open reference is not a MUSHRA page; its file is named accordingly.
_COLUMNS["mushra_nmr"] = _COLUMNS["mushra"]
FILES = {
    "mushra": "mushra.csv",
    "mushra_nmr": "mushra_nmr.csv",
    "ab": "paired_comparison.csv",
    "acr": "lss.csv",
}
_ROLES = {"anchor_low": "anchor35", "anchor_mid": "anchor70"}


@dataclass
class Written:
    """Numbers of rows by file, and of omitted rows by reason."""

    files: dict[str, int] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)


def export_webmushra(study_yaml: Path, folder: Path) -> Written:
    """Write a file for each kind of page that has rows.

    Args:
        study_yaml: the study file.
        folder: folder of the files.

    Raises:
        UserError: no database yet, `folder` is a file, or a system has a name that webMUSHRA
            reserves.
    """
    if folder.suffix or folder.is_file():
        raise UserError(f"{folder}: is a file name; give a folder, for a file of each kind of page")
    study, engine = open_study(study_yaml)
    for system in study.systems:
        if system in ("reference", *_ROLES.values()):
            raise UserError(
                f"{study_yaml}: the name of system {system!r} is reserved in webMUSHRA; "
                "export the table ratings as CSV instead"
            )
    sessions = {row["session"]: row for row in rows(engine, study.name, "sessions")}
    times = _times(engine, study)
    lines: dict[str, list[tuple[str, int, list[Any]]]] = {}
    done = Written()
    for kind, row, cells in _all(engine, study, times):
        if row["phase"] != "test":
            done.left_out[f"{row['phase']} ratings"] += 1
        elif sessions[row["session"]]["outcome"] != "completed":
            done.left_out["ratings of sittings that were not completed"] += 1
        elif cells is None:
            done.left_out["preferences between two systems of which none is the reference"] += 1
        else:
            lines.setdefault(kind, []).append((row["session"], row["page_index"], cells))
    names = _questions(study)
    answers = _answers(engine, study)
    engine.dispose()
    started = {name: (str(row["started_at"]), name) for name, row in sessions.items()}
    for kind, kind_lines in lines.items():
        kind_lines.sort(key=lambda line: (started[line[0]], line[1]))
        header = ["session_test_id", *names, *_COLUMNS[kind]]
        body = [
            [study.name, *(answers.get((who, name), "") for name in names), *cells]
            for who, _, cells in kind_lines
        ]
        _write(folder / FILES[kind], header, body)
        done.files[FILES[kind]] = len(body)
    if not done.files:
        raise UserError(f"{study_yaml}: no listener has completed it; export it later")
    return done


def _all(
    engine: Any, study: Study, times: dict[tuple[str, int], int]
) -> Iterator[tuple[str, dict[str, Any], list[Any] | None]]:
    """Yield kind, row and cells of every rating and preference."""
    for row in rows(engine, study.name, "ratings"):
        time = times[row["session"], row["page_index"]]
        label = _label(row, study)
        trial, score = _trial(row, study), f"{row['score']:g}"
        if row["page_type"] == "acr":
            yield "acr", row, [trial, score, label, time]
        else:
            yield row["page_type"], row, [row["session"], trial, label, score, time, ""]
    for row in rows(engine, study.name, "preferences"):
        time = times[row["session"], row["page_index"]]
        a, b = row["system_a"], row["system_b"]
        if study.reference not in (a, b):
            yield "ab", row, None
            continue
        other, mine = (b, "a") if a == study.reference else (a, "b")
        answer = {"none": "undecided", mine: "correct"}.get(row["choice"], "incorrect")
        yield "ab", row, [_trial(row, study), "reference", other, answer, time, ""]


def _label(row: dict[str, Any], study: Study) -> str:
    if row["system"] == study.reference:
        return "reference"
    return _ROLES.get(row["role"]) or row["system"]


def _trial(row: dict[str, Any], study: Study) -> str:
    """Return the sentence, with the question if it is not the study's."""
    question = row["question"]
    return row["utterance"] if question == study.question else f"{row['utterance']} ({question})"


def _times(engine: Any, study: Study) -> dict[tuple[str, int], int]:
    """Return how long each page was open, ms.

    webMUSHRA has one time for all rows of a page.
    """
    from sqlalchemy import text

    query = text(
        "SELECT s.pseudonym, p.page_index, p.opened_at, p.submitted_at FROM page p "
        "JOIN session s ON s.id = p.session_id JOIN study st ON st.id = s.study_id "
        "WHERE st.name = :study AND p.opened_at IS NOT NULL AND p.submitted_at IS NOT NULL"
    )
    with engine.connect() as connection:
        pages = connection.execute(query, {"study": study.name}).all()
    return {
        (who, page): round(
            1000 * (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
        )
        for who, page, start, end in pages
    }


def _questions(study: Study) -> list[str]:
    steps = [step for step in study.sitting if isinstance(step, QuestionsStep)]
    return list(dict.fromkeys(q.name for step in steps for q in step.questions))


def _answers(engine: Any, study: Study) -> dict[tuple[str, str], str]:
    """Return answers by session and question; several choices as a JSON list."""
    answers = rows(engine, study.name, "answers")
    return {
        (row["session"], row["name"]): "" if row["answer"] == json.dumps(None) else row["answer"]
        for row in answers
        if row["page_type"] == "questions"
    }


def _write(path: Path, header: list[str], body: list[list[Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(path.name + ".part")
    with scratch.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(body)
    scratch.replace(path)
