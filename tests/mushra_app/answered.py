"""Study with answers of listeners, written as database rows."""

import json
from pathlib import Path

from sqlalchemy import Engine

from mushra_app.store.database import connect, database_url, study_row, transaction
from mushra_app.store.tables import (
    EventRow,
    ListenerRow,
    LookRow,
    PageRow,
    PreferenceRow,
    RatingRow,
    RemarkRow,
    SittingRow,
)
from mushra_app.study.file import read_study, write_study
from mushra_app.study.steps import Question, QuestionsStep, TrialsStep
from tests.mushra_app.support import make_study

REFERENCE, BASELINE, CONTEXT = "groundtruthvoice", "zebrabaseline", "quokkacontext"
SLOTS = [CONTEXT, REFERENCE, "anchor-3.5k", BASELINE]
ROLES = {REFERENCE: "reference", "anchor-3.5k": "anchor_low", "anchor-7k": "anchor_mid"}
SECRET = "words of a listener who withdrew"


def answered_study(folder: Path) -> Path:
    """Write four sittings: completed, open, withdrawn, and a preview."""
    folder.mkdir(parents=True, exist_ok=True)
    path = make_study(folder)
    questions = [Question(name="native", label="?"), Question(name="why", label="?")]
    steps = [QuestionsStep(questions=questions), TrialsStep(), TrialsStep(page="ab")]
    study = read_study(path).model_copy(update={"sitting": steps})
    write_study(study, path)
    engine = connect(database_url(study, path))
    sitting(engine, path, "ann", 0, "completed")
    sitting(engine, path, "bob", 1, "open")
    sitting(engine, path, "cid", 2, "withdrawn", words=SECRET)
    sitting(engine, path, "eve", 3, "completed", preview=True, words=SECRET)
    engine.dispose()
    return path


def sitting(
    engine: Engine,
    path: Path,
    name: str,
    number: int,
    outcome: str,
    preview: bool = False,
    words: str = 'well, "no" & +1 %20',
) -> None:
    """Write a listener: questionnaire, MUSHRA page of 61.5 s, two preferences, look."""
    study = read_study(path)
    with transaction(engine) as session:
        row = study_row(session, study, False)
        listener = ListenerRow(
            study_id=row.id, number=number, place=number, arm="main", pseudonym=f"l-{name}"
        )
        session.add(listener)
        session.flush()
        taken = SittingRow(
            study_id=row.id,
            listener_id=listener.id,
            pseudonym=name,
            cookie_sha256=name,
            origin="human",
            preview=preview,
            headphones="not_asked",
            outcome=outcome,
            device="desktop",
            started_at=_at(number, 0),
        )
        session.add(taken)
        session.flush()
        common = {"session_id": taken.id, "repeat": 0, "scale_min": 0, "scale_max": 100}
        done = {"opened_at": _at(number, 1), "submitted_at": _closed(number)}
        answers = {"native": True, "why": words}
        session.add(
            PageRow(
                **common,
                page_index=0,
                kind="questions",
                phase="test",
                step=0,
                sentence="",
                slots="[]",
                answers=json.dumps(answers),
                **done,
            )
        )
        for index, phase in ((1, "test"), (2, "training")):
            _mushra(session, common | done, index, phase, number)
        _preferences(session, common | done)
        # Opened and not closed: no result.
        session.add(
            PageRow(
                **common,
                page_index=5,
                kind="questions",
                phase="test",
                step=0,
                sentence="",
                slots="[]",
                answers='{"why": "unfinished"}',
                opened_at=_at(number, 3),
            )
        )
        _beside(session, taken.id, row.id, number, words)


def _at(number: int, minute: int) -> str:
    return f"2026-05-0{number + 1}T09:0{minute}:00.000+00:00"


def _closed(number: int) -> str:
    return f"2026-05-0{number + 1}T09:02:01.500+00:00"


def _mushra(session, common, index, phase, number):
    page = PageRow(
        **common,
        page_index=index,
        kind="mushra",
        phase=phase,
        step=1,
        sentence="utt_alpha",
        slots=json.dumps(SLOTS),
    )
    session.add(page)
    session.flush()
    # Stored in another order than shown: rows of an export follow the screen.
    for slot in (2, 0, 3, 1):
        system = SLOTS[slot]
        session.add(
            RatingRow(
                page_id=page.id,
                slot=slot,
                system=system,
                role=ROLES.get(system, "system"),
                score=10 * slot + 5,
                n_plays=2,
                heard_ms=1500,
                rating_time_ms=9000,
                seq=1,
                updated_at=_at(number, 2),
            )
        )


def _preferences(session, common):
    for index, (a, b, choice) in enumerate(
        [(BASELINE, REFERENCE, "b"), (BASELINE, CONTEXT, "none")], start=3
    ):
        page = PageRow(
            **{**common, "scale_max": 1},
            page_index=index,
            kind="ab",
            phase="test",
            step=2,
            sentence="utt_beta",
            slots=json.dumps([a, b]),
        )
        session.add(page)
        session.flush()
        session.add(
            PreferenceRow(
                page_id=page.id,
                system_a=a,
                system_b=b,
                choice=choice,
                first_on_screen="a",
                rating_time_ms=700,
                seq=1,
            )
        )


def _beside(session, sitting_id, study_id, number, words):
    session.add(
        EventRow(
            session_id=sitting_id,
            page_index=1,
            key="k1",
            kind="play",
            at_ms=12,
            received_at=_at(number, 1),
            data=json.dumps({"said": words}),
        )
    )
    session.add(
        RemarkRow(
            session_id=sitting_id,
            page_index=None,
            key="k1",
            kind="comment",
            text=words,
            written_at=_at(number, 2),
        )
    )
    session.add(
        LookRow(
            study_id=study_id, looked_at=_at(number, 4), n_listeners=1, n_ratings=4, by="monitor"
        )
    )
