"""Invented results in the formats of other tools."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

UUIDS = [f"{n:08x}-1111-4222-8333-{n:012x}" for n in range(1, 9)]
LABELS = ("sysB", "reference", "anchor35", "sysA", "anchor70")
SCORES = {"reference": 96, "sysA": 71, "sysB": 55, "anchor70": 42, "anchor35": 15}
MUSHRA = (
    "session_test_id,email,age,session_uuid,trial_id,rating_stimulus,rating_score,rating_time,"
    "rating_comment"
)


def write(path: Path, lines: Iterable[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def score(person: int, page: int, label: str) -> int:
    """Score unique to a listener, page and system."""
    return SCORES[label] + (person * 3 + page * 5 + len(label)) % 7 - 3


def order(person: int, page: int) -> Sequence[str]:
    """Order of the versions on this page, from left to right."""
    turn = (person + page) % len(LABELS)
    return LABELS[turn:] + LABELS[:turn]


def mushra_rows(people: int = 4, pages: int = 3, uuid: bool = True) -> list[str]:
    """Rows of mushra.csv without a header, ids in questionnaire columns."""
    rows = []
    for person in range(people):
        for page in range(pages):
            who = ["tts", f"p{person}@mail.example", str(20 + person)]
            who += [UUIDS[person]] if uuid else []
            for label in order(person, page):
                cells = [f"s{page:02}", label, str(score(person, page, label)), "31500", ""]
                rows.append(",".join([*who, *cells]))
    return rows


def mushra_header(uuid: bool = True) -> str:
    return MUSHRA if uuid else MUSHRA.replace("session_uuid,", "")


def pymushra(people: int = 4, pages: int = 3) -> dict[str, Any]:
    """A database of pymushra: one document a page of a submission."""
    documents = {}
    for person in range(people):
        for page in range(pages):
            documents[str(len(documents) + 1)] = {
                "id": f"s{page:02}",
                "type": "mushra",
                "testId": "tts",
                "config": "configs/x.yaml",
                "date": "2025-03-04 10:11:12.131415",
                "questionaire": {"email": f"p{person}@mail.example", "uuid": UUIDS[person]},
                "responses": [
                    {
                        "stimulus": label,
                        "score": score(person, page, label),
                        "time": 31500,
                        "comment": None,
                    }
                    for label in order(person, page)
                ],
            }
    return {"tts": documents}


def flat(database: dict[str, Any]) -> list[dict[str, Any]]:
    """The same as records of an export: one a response."""
    return [
        {f"responses_{k}": v for k, v in response.items()}
        | {f"questionaire_{k}": v for k, v in document["questionaire"].items()}
        | {f"wm_{k}": document[k] for k in ("id", "type", "testId", "config", "date")}
        for table in database.values()
        for document in table.values()
        for response in document["responses"]
    ]


def beaqle(person: int, pages: int = 3) -> list[Any]:
    """Sitting of beaqleJS with a page not drawn and a retry.

    The retry appends the answers about the listener twice.
    """
    labels = {"Reference": "reference", "one": "sysA", "two": "sysB", "low": "anchor35"}
    about = {
        "UserName": f"Person {person}",
        "UserEmail": f"p{person}@mail.example",
        "UserComment": "none",
    }
    return [
        *(
            {
                "TestID": f"s{page:02}",
                "Runtime": 41000 + page,
                "rating": {label: score(person, page, known) for label, known in labels.items()},
                "filename": {label: f"audio/{label}.wav" for label in labels},
            }
            for page in range(pages)
        ),
        {"TestID": "s99"},
        about,
        about,
    ]


def netflix(person: int, pages: int = 3, status: str = "completed") -> str:
    """A sitting in XML."""
    trials = []
    for page in range(pages):
        files = "".join(
            f'<testFile fileName="s{page:02}_{label}.wav" plays="{page + 1}" '
            f'score="{score(person, page, label)}"/>'
            for label in order(person, page)
        )
        trials.append(
            f'<trial trialName="s{page:02}" trialSeconds="22.5" referencePlays="2">{files}</trial>'
        )
    return (
        f'<?xml version="1.0"?>\n<MUSHRA><info startTime="x" subjectName="Person {person}" '
        f'testName="codecs" testStatus="{status}"/>\n<trials>{"".join(trials)}</trials></MUSHRA>'
    )


def write_json(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
