"""Simulated listeners: planted means come back, and their label cannot be forged or lost."""

import csv
import json
import sqlite3
from statistics import mean

import pytest

from intone.errors import UserError
from mushra_app.database import connect
from mushra_app.export import export_table
from mushra_app.rehearsal import SD, expected, rehearse
from tests.mushra_app.support import make_study


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory):
    study = make_study(tmp_path_factory.mktemp("rehearsal"))
    rehearse(study, 3, seed=5, progress=False)
    return study, rehearse(study, 12, seed=5, progress=False)


def read(path, query):
    with sqlite3.connect(path) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query)]


def test_planted_means_come_back(rehearsed):
    study, database = rehearsed
    plan = json.loads((study.parent / "rehearsal.json").read_text())
    ratings = read(database, "SELECT * FROM ratings_v1")
    assert len(ratings) == 12 * 2 * 6
    # Standard error of a system's mean over 12 listeners and 2 utterances.
    error = (SD["listener"] ** 2 / 12 + SD["listener_x_system"] ** 2 / 12) ** 0.5
    error = (error**2 + SD["utterance_x_system"] ** 2 / 2 + SD["noise"] ** 2 / 24) ** 0.5
    for system, planted in plan["systems"].items():
        found = mean(r["score"] for r in ratings if r["system"] == system)
        assert abs(found - planted) < 4 * error, system
    assert plan["listeners"] == 12
    assert {gap["baseline"] for gap in plan["gaps"]} == {"zebrabaseline"}


def test_expected_scores_allow_for_clipping():
    assert expected(50) == pytest.approx(50, abs=0.01)
    assert expected(100) < 97
    assert expected(0) > 3


def test_every_row_says_simulated_for_ever(rehearsed, tmp_path):
    study, database = rehearsed
    for view in ("ratings_v1", "sessions_v1"):
        assert {row["origin"] for row in read(database, f"SELECT origin FROM {view}")} == {
            "simulated"
        }
    connection = sqlite3.connect(database)
    with pytest.raises(sqlite3.IntegrityError, match="never changes"):
        connection.execute("UPDATE session SET origin = 'human'")
    connection.close()
    out = tmp_path / "ratings.csv"
    assert export_table(study, out, rehearsal=True) == 144
    with out.open() as file:
        assert {row["origin"] for row in csv.DictReader(file)} == {"simulated"}


def test_again_adds_nobody_and_the_same_seed_gives_the_same_scores(rehearsed, tmp_path):
    study, database = rehearsed
    rehearse(study, 12, seed=5, progress=False)
    assert len(read(database, "SELECT * FROM sessions_v1")) == 12
    other = make_study(tmp_path)
    columns = "listener, utterance, system, score, page_index, stimulus_index"
    query = f"SELECT {columns} FROM ratings_v1 WHERE listener < 'sim0002' ORDER BY {columns}"
    assert read(rehearse(other, 2, seed=5, progress=False), query) == read(database, query)


def test_another_seed_never_mixes_into_a_rehearsal(rehearsed):
    study, _ = rehearsed
    with pytest.raises(UserError, match="another seed"):
        rehearse(study, 12, seed=6, progress=False)


def test_nobody_can_label_themselves(client):
    forged = client.post("/api/v1/session", json={"simulation_token": "guess"})
    assert forged.status_code == 403
    assert not client.cookies
    for key in ("origin", "simulated"):
        assert client.post("/api/v1/session", json={key: "simulated"}).status_code == 422


def test_a_rehearsal_leaves_the_real_study_clean(rehearsed):
    study, _ = rehearsed
    assert not study.with_suffix(".sqlite").exists()


def test_a_database_of_a_newer_version_is_refused(tmp_path):
    path = tmp_path / "new.sqlite"
    connect(f"sqlite:///{path}").dispose()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(UserError, match="newer version"):
        connect(f"sqlite:///{path}")
