"""Rehearsal of every type of page by listeners who follow the instructions."""

import json
import sqlite3

import pytest

from mushra_app.design.new import new_study
from mushra_app.rehearsal.run import rehearse
from mushra_app.study.file import read_study
from mushra_app.study.steps import (
    CommentsStep,
    HeadphonesStep,
    LoudnessStep,
    PauseStep,
    QuestionsStep,
    TextStep,
    TrainingStep,
    TrialsStep,
)
from tests.mushra_app.support import make_stimuli, make_study

ASKED = QuestionsStep.model_validate(
    {
        "questions": [
            {"name": "age", "label": "Age?", "type": "number", "min": 18, "max": 80},
            {"name": "born", "label": "Year?", "type": "number", "max": 2020},
            {"name": "gear", "label": "Gear?", "type": "choices", "options": ["in", "on"]},
            {"name": "tired", "label": "Tired?", "type": "scale", "options": ["no", "so", "yes"]},
            {"name": "job", "label": "Job?"},
        ]
    }
)


def read(path, query):
    with sqlite3.connect(path) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query)]


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    steps = [
        TextStep(),
        ASKED,
        HeadphonesStep(method="both", needed=6, on_fail="screen_out"),
        LoudnessStep(),
        TrainingStep(pages=1),
        PauseStep(minutes=30),
        *(TrialsStep(page=k, pages=2, attention=1) for k in ("mushra", "mushra_nmr", "ab", "acr")),
        CommentsStep(),
    ]
    study = make_study(tmp_path_factory.mktemp("everything"), sitting=steps)
    study.write_text(study.read_text().replace("failures_allowed: null", "failures_allowed: 0"))
    return rehearse(study, 2, progress=False)


def test_every_kind_of_page_is_done(everything):
    pages = read(everything, "SELECT * FROM page")
    kinds = {"text", "questions", "headphones", "loudness", "pause", "comments"}
    assert {p["kind"] for p in pages} == kinds | {"mushra", "mushra_nmr", "ab", "acr"}
    assert all(page["submitted_at"] for page in pages)
    assert {s["outcome"] for s in read(everything, "SELECT * FROM sessions_v1")} == {"completed"}


def test_headphones_and_attention_are_passed(everything):
    assert {s["headphones"] for s in read(everything, "SELECT * FROM sessions_v1")} == {"passed"}
    checked = read(everything, "SELECT kind, passed FROM page WHERE phase = 'gold'")
    assert len(checked) == 8
    assert all(page["passed"] for page in checked)


def test_answers_fit_their_questions(everything):
    for page in read(everything, "SELECT answers FROM page WHERE kind = 'questions'"):
        assert json.loads(page["answers"]) == {
            "age": 49,
            "born": 2020,
            "gear": ["in"],
            "tired": "no",
            "job": "simulated",
        }


def test_all_rows_have_the_origin_simulated(everything):
    for view in ("ratings_v1", "preferences_v1", "sessions_v1"):
        assert {row["origin"] for row in read(everything, f"SELECT * FROM {view}")} == {"simulated"}
    acr = read(everything, "SELECT score FROM ratings_v1 WHERE page_type = 'acr'")
    assert {row["score"] for row in acr} <= {1, 2, 3, 4, 5}


def test_the_usual_study_is_one_that_a_rehearsal_gets_through(tmp_path):
    path = new_study(make_stimuli(tmp_path / "stimuli"), tmp_path / "study.yaml", language="fr")
    study = read_study(path)
    assert [s.type for s in study.sitting] == ["text", "loudness", "training", "trials", "comments"]
    assert (study.language, study.title[-1]) == ("fr", "?")
    assert "la personne qui vous a envoyé le lien" in study.consent.text
    found = read(rehearse(path, 1, progress=False), "SELECT * FROM ratings_v1")
    assert {row["phase"] for row in found} == {"training", "test"}
