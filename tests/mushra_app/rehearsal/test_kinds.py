"""Kinds of simulated listeners, and the screening of each."""

import json
import random
import sqlite3
from statistics import mean

import pytest

from analysis.data.ratings import read_ratings
from analysis.questions.screening import screen
from intone.errors import UserError
from mushra_app.rehearsal.kinds import cast_of, judge, roles
from mushra_app.rehearsal.run import rehearse
from mushra_app.study.file import read_study, write_study
from mushra_app.study.steps import Arm, TrialsStep
from tests.mushra_app.support import forked, make_study

CAST = {"honest": 4, "lazy": 1, "random": 1, "one_sided": 1, "reference_matching": 1}


def run(study, cast):
    process = forked(rehearse, study, seed=5, progress=False, cast=cast)
    process.join()
    assert process.exitcode == 0
    return study.with_suffix(".rehearsal.sqlite")


def rows(database, query):
    with sqlite3.connect(database) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query)]


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory):
    """Two MUSHRA pages and an attention page that ends the sitting."""
    study = make_study(tmp_path_factory.mktemp("cast"), sitting=[TrialsStep(attention=1)])
    write_study(read_study(study).model_copy(update={"failures_allowed": 0}), study)
    database = run(study, CAST)
    plan = json.loads(study.with_suffix(".rehearsal.json").read_text())
    return database, plan["cast"]


def test_careless_listeners_are_screened_out(rehearsed):
    database, cast = rehearsed
    assert sorted(cast.values()) == ["lazy", "one_sided", "random", "reference_matching"]
    outcomes = {
        row["listener"]: row["outcome"]
        for row in rows(database, "SELECT listener, outcome FROM sessions_v1")
    }
    assert len(outcomes) == 8
    for listener, outcome in outcomes.items():
        careless = cast.get(listener) in ("lazy", "random")
        assert outcome == ("screened_out" if careless else "completed"), cast.get(listener)


def test_standard_screening_excludes_listeners_who_miss_the_reference(tmp_path):
    study = make_study(tmp_path)
    database = run(study, {"honest": 5, "lazy": 1, "random": 1})
    cast = json.loads(study.with_suffix(".rehearsal.json").read_text())["cast"]
    found = screen(read_ratings(database), rule="bs1534-3")
    excluded = {one.listener for one in found.excluded}
    assert {k for k, v in cast.items() if v == "lazy"} <= excluded
    assert all(listener in cast for listener in excluded)


def test_a_bias_toward_the_reference_shows_only_where_one_is_mentioned(tmp_path):
    study = make_study(tmp_path)
    arms = [Arm(name="mentioned", page="mushra"), Arm(name="hidden", page="mushra_nmr")]
    write_study(read_study(study).model_copy(update={"arms": arms}), study)
    database = run(study, {"reference_matching": 6})
    found = rows(database, "SELECT * FROM ratings_v1 WHERE role = 'system'")
    scores = {
        arm.name: mean(row["score"] for row in found if row["arm"] == arm.name) for arm in arms
    }
    assert scores["mentioned"] < scores["hidden"] - 5
    top = rows(database, "SELECT score FROM ratings_v1 WHERE role='reference' AND arm='mentioned'")
    assert {row["score"] for row in top} == {100}


def test_each_kind_judges_as_documented():
    heard, hidden = [20, 98, 60], [False, True, False]

    def of(kind, open_reference=True):
        return judge(kind, heard, hidden, open_reference, random.Random(1))

    assert of("honest").scores == heard
    assert all(47 <= score <= 53 for score in of("lazy").scores)
    assert of("lazy").heard_ms < 500
    assert of("one_sided").scores == [88, 100, 94]
    assert of("reference_matching").scores == [5, 100, 45]
    assert of("reference_matching", open_reference=False).scores == heard


def test_cast_is_read_and_shuffled_by_seed():
    cast = cast_of("honest=3, lazy=2")
    assert cast == {"honest": 3, "lazy": 2}
    assert roles(cast, 1) == roles(cast, 1)
    assert sorted(roles(cast, 1)) == ["honest"] * 3 + ["lazy"] * 2
    for wrong in ("sleepy=1", "lazy", "lazy=two"):
        with pytest.raises(UserError, match="is not KIND=NUMBER; the kinds are honest, lazy"):
            cast_of(wrong)
