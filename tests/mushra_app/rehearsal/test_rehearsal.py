"""Rehearsal: planted means are recovered; the label `simulated` is permanent."""

import csv
import json
import shutil
import sqlite3
from statistics import mean

import pytest

from intone.errors import UserError
from mushra_app.interchange.exports import export_table
from mushra_app.rehearsal.run import SD, expected, rehearse
from mushra_app.store.database import connect
from tests.mushra_app.support import forked, make_study


def run(study, listeners):
    process = forked(rehearse, study, listeners, seed=5, progress=False)
    process.join()
    assert process.exitcode == 0
    return study.with_suffix(".rehearsal.sqlite")


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory):
    study = make_study(tmp_path_factory.mktemp("rehearsal"))
    run(study, 3)
    return study, run(study, 12)


def read(path, query):
    with sqlite3.connect(path) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query)]


def test_planted_means_come_back(rehearsed):
    study, database = rehearsed
    plan = json.loads(study.with_suffix(".rehearsal.json").read_text())
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


def test_every_row_has_the_origin_simulated_permanently(rehearsed, tmp_path):
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


def test_second_run_adds_no_listener_and_same_seed_gives_same_scores(rehearsed, tmp_path):
    study, database = rehearsed
    assert rehearse(study, 12, seed=5, progress=False) == database
    assert len(read(database, "SELECT * FROM sessions_v1")) == 12
    other = make_study(tmp_path)
    columns = "listener, utterance, system, score, page_index, stimulus_index"
    query = f"SELECT {columns} FROM ratings_v1 WHERE listener < 'sim0002' ORDER BY {columns}"
    assert read(run(other, 2), query) == read(database, query)


def test_another_seed_never_mixes_into_a_rehearsal(rehearsed):
    study, _ = rehearsed
    with pytest.raises(UserError, match="another seed"):
        rehearse(study, 12, seed=6, progress=False)


def test_listener_cannot_forge_the_label(client):
    forged = client.post("/api/v1/session", json={"simulation_token": "guess"})
    assert forged.status_code == 403
    assert not client.cookies
    for key in ("origin", "simulated"):
        assert client.post("/api/v1/session", json={key: "simulated"}).status_code == 422


def test_a_rehearsal_leaves_the_real_study_clean(rehearsed):
    study, _ = rehearsed
    assert not study.with_suffix(".sqlite").exists()


def test_two_studies_of_one_folder_rehearse_apart(rehearsed):
    study, _ = rehearsed
    other = study.with_name("other.yaml")
    shutil.copy(study, other)
    before = study.with_suffix(".rehearsal.json").read_bytes()
    with pytest.raises(UserError, match="no system"):
        rehearse(other, 1, means={"absent": 1.0}, progress=False)
    run(other, 1)
    assert json.loads(other.with_suffix(".rehearsal.json").read_bytes())["listeners"] == 1
    assert study.with_suffix(".rehearsal.json").read_bytes() == before


def test_a_database_of_a_newer_version_is_refused(tmp_path):
    path = tmp_path / "new.sqlite"
    connect(f"sqlite:///{path}").dispose()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(UserError, match="newer version"):
        connect(f"sqlite:///{path}")


def test_file_that_is_no_database_is_refused_in_one_sentence(tmp_path):
    path = tmp_path / "ratings.sqlite"
    path.write_text("listener,score\n" * 100)
    with pytest.raises(UserError, match="not a database"):
        connect(f"sqlite:///{path}")
    assert path.read_text().startswith("listener")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://user:hunter2@localhost:1/none",
        "oracle+nothing://user:hunter2@localhost/none",
        "postgres user:hunter2@localhost",
        "postgresql+psycopg://user:hunter2@localhost:port/none",
    ],
)
def test_a_password_is_never_shown(url):
    pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
    with pytest.raises(UserError) as error:
        connect(url)
    assert "hunter2" not in str(error.value)
    assert "\n" not in str(error.value)
