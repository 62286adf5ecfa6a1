"""Sitting over real HTTP: stored values, refusals, killed servers."""

import concurrent.futures
import sqlite3

import pytest

from intone.contracts import (
    LOOK_COLUMNS,
    PREFERENCE_COLUMNS,
    RATING_COLUMNS,
    SESSION_COLUMNS,
    Rating,
    Session,
)
from intone.errors import UserError
from mushra_app.page_types.score import Score
from mushra_app.sitting.admit import Visitor, admit
from mushra_app.sitting.consent import decide_consent
from mushra_app.sitting.context import StudyContext
from mushra_app.sitting.find import require_sitting
from mushra_app.sitting.rate import save_rating
from mushra_app.sitting.study_drift import check_unchanged
from mushra_app.sitting.view import open_current_page
from mushra_app.sounds.played_files import prepare
from mushra_app.store.database import connect, database_url, study_row, transaction
from mushra_app.store.digest import text_sha256
from mushra_app.study.file import read_study
from mushra_app.study.manifest import audio_folder
from mushra_app.study.steps import TextStep, TrialsStep
from tests.mushra_app.support import (
    Server,
    begin,
    make_study,
    rating,
    replace_stimulus,
    speech_like,
)

COOKIE = "mushra_sitting"


def rows(study, query, *values):
    with sqlite3.connect(study.with_suffix(".sqlite")) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query, values)]


def sitting(study, client):
    found = rows(
        study, "SELECT * FROM session WHERE cookie_sha256 = ?", text_sha256(client.cookies[COOKIE])
    )
    return found[0]


def rate_page(client, page):
    for slot in range(len(page["slots"])):
        answer = client.put(f"/api/v1/page/{page['page']}/rating/{slot}", json=rating(10 * slot))
        assert answer.status_code == 204
    return client.post(f"/api/v1/page/{page['page']}/submit")


def test_a_whole_sitting_ends_in_rows_of_the_contract(study, client):
    page = begin(client)
    assert (page["page"], page["pages"], len(page["slots"])) == (0, 2, 6)
    assert rate_page(client, page).json()["stage"] == "page"
    answer = rate_page(client, client.get("/api/v1/page").json()).json()
    assert answer["stage"] == "done"
    code = answer["completion_code"]
    mine = sitting(study, client)["pseudonym"]
    stored = rows(study, "SELECT * FROM ratings_v1 WHERE session = ?", mine)
    assert len(stored) == 12
    ratings = [Rating(**row) for row in stored]
    assert {r.origin for r in ratings} == {"human"}
    assert {r.role for r in ratings} == {
        "reference",
        "system",
        "copy_synthesis",
        "anchor_low",
        "anchor_mid",
    }
    assert all(r.score == 10 * r.stimulus_index for r in ratings)
    [done] = [Session(**r) for r in rows(study, "SELECT * FROM sessions_v1 WHERE session=?", mine)]
    assert (done.outcome, done.pages_done, done.completion_code) == ("completed", 2, code)
    assert done.consent_version == "1"


@pytest.mark.parametrize(
    ("view", "columns"),
    [
        ("ratings_v1", RATING_COLUMNS),
        ("preferences_v1", PREFERENCE_COLUMNS),
        ("sessions_v1", SESSION_COLUMNS),
        ("looks_v1", LOOK_COLUMNS),
    ],
)
def test_views_have_exactly_the_columns_of_the_contract(study, server, view, columns):
    assert server.process.is_alive()
    with sqlite3.connect(study.with_suffix(".sqlite")) as connection:
        found = connection.execute(f"SELECT * FROM {view}").description
    assert tuple(column[0] for column in found) == columns


def test_older_rating_is_refused(client):
    page = begin(client)
    address = "/api/v1/page/0/rating/2"
    assert client.put(address, json=rating(70, seq=5)).status_code == 204
    assert client.put(address, json=rating(10, seq=4)).status_code == 409
    assert client.put(address, json=rating(70, seq=5)).status_code == 204
    assert client.put(address, json=rating(11, seq=5)).status_code == 409
    assert client.get("/api/v1/page").json()["saved"]["2"]["score"] == 70
    assert page["saved"] == {}


def test_version_heard_but_not_rated_is_saved_without_rating(client, study):
    begin(client)
    client.put("/api/v1/page/0/rating/1", json=rating(None)).raise_for_status()
    assert client.get("/api/v1/page").json()["saved"]["1"]["n_plays"] == 1
    mine = sitting(study, client)["pseudonym"]
    assert rows(study, "SELECT * FROM ratings_v1 WHERE session = ?", mine) == []


def test_a_page_counts_only_when_it_was_submitted(client, study):
    page = begin(client)
    for slot in range(6):
        client.put(f"/api/v1/page/0/rating/{slot}", json=rating(slot)).raise_for_status()
    mine = sitting(study, client)
    query = "SELECT score FROM rating r JOIN page p ON p.id = r.page_id WHERE p.session_id = ?"
    assert len(rows(study, query, mine["id"])) == 6
    assert rows(study, "SELECT * FROM ratings_v1 WHERE session = ?", mine["pseudonym"]) == []
    client.post(f"/api/v1/page/{page['page']}/submit").raise_for_status()
    counted = rows(study, "SELECT score FROM ratings_v1 WHERE session = ?", mine["pseudonym"])
    assert sorted(row["score"] for row in counted) == list(range(6))


def test_listener_continues_after_weeks(client):
    begin(client)
    late = {**rating(50), "rating_time_ms": 40 * 86_400_000, "heard_ms": 10**12}
    assert client.put("/api/v1/page/0/rating/0", json=late).status_code == 204
    saved = client.get("/api/v1/page").json()["saved"]["0"]
    assert (saved["rating_time_ms"], saved["heard_ms"]) == (10**9, 10**9)


def test_the_same_person_of_a_platform_is_one_listener(server, study):
    link = {"PROLIFIC_PID": "5f3c0ffee0ddba11"}
    with server.client() as first, server.client() as second, server.client() as shared:
        first.get("/", params=link)
        begin(first)
        first.put("/api/v1/page/0/rating/0", json=rating(42)).raise_for_status()
        second.get("/", params=link)
        assert second.get("/api/v1/page").json()["saved"]["0"]["score"] == 42
        assert first.get("/api/v1/session").status_code == 401
        # Two people at one computer, and one who first came without an id.
        begin(shared)
        shared.get("/", params={"PROLIFIC_PID": "other"})
        mine = sitting(study, shared)
        assert (mine["external_id"], mine["consent_given"]) == ("other", 1)
        shared.get("/", params=link)
        assert shared.get("/api/v1/page").json()["saved"]["0"]["score"] == 42
    found = rows(study, "SELECT external_id FROM session WHERE external_id IS NOT NULL")
    assert sorted(row["external_id"] for row in found) == sorted([link["PROLIFIC_PID"], "other"])


@pytest.mark.parametrize("missing", ["rating", "play", "move"])
def test_a_page_closes_only_when_everything_was_played_and_moved(client, missing):
    page = begin(client)
    for slot in range(6):
        body = rating(50)
        if slot == 4:
            if missing == "rating":
                continue
            body = rating(50, n_plays=0) if missing == "play" else rating(None)
        client.put(f"/api/v1/page/0/rating/{slot}", json=body).raise_for_status()
    assert client.post("/api/v1/page/0/submit").status_code == 409
    assert client.get("/api/v1/session").json()["page"] == page["page"] == 0


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/v1/page/0/rating/6", rating(1), 404),
        ("/api/v1/page/1/rating/0", rating(1), 409),
        ("/api/v1/page/7/rating/0", rating(1), 404),
        ("/api/v1/page/0/rating/0", rating(101), 422),
        ("/api/v1/page/0/rating/0", rating(-1), 422),
        ("/api/v1/page/0/rating/0", {**rating(1), "origin": "human"}, 422),
    ],
)
def test_invalid_ratings_are_refused(client, path, body, status):
    begin(client)
    assert client.put(path, json=body).status_code == status


def test_a_submitted_page_stays_as_it_was(client):
    page = begin(client)
    rate_page(client, page)
    assert client.put("/api/v1/page/0/rating/0", json=rating(99, seq=9)).status_code == 409


def test_without_consent_nothing_is_played(client, study):
    client.post("/api/v1/session", json={})
    assert client.get("/api/v1/page").status_code == 409
    wrong = client.post("/api/v1/consent", json={"version": "0", "agree": True})
    assert wrong.status_code == 409
    refused = client.post("/api/v1/consent", json={"version": "1", "agree": False}).json()
    assert refused["stage"] == "declined"
    stored = sitting(study, client)
    assert (stored["consent_given"], stored["outcome"]) == (0, "declined")
    assert stored["listener_id"] is None


def test_listeners_who_agree_at_once_get_different_numbers(server, study):
    def agree(_):
        with server.client() as own:
            begin(own)
            return sitting(study, own)["listener_id"]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        listeners = list(pool.map(agree, range(8)))
    assert len(set(listeners)) == 8
    numbers = [r["number"] for r in rows(study, "SELECT number FROM listener ORDER BY number")]
    assert numbers == list(range(len(numbers)))


def test_a_killed_server_loses_nothing_it_acknowledged(tmp_path):
    study = make_study(tmp_path)
    server = Server(study).start()
    with server.client() as client:
        begin(client)
        for slot in range(4):
            score = rating(20 + slot, seq=slot + 1)
            assert client.put(f"/api/v1/page/0/rating/{slot}", json=score).status_code == 204
        server.kill()
        server.start()
        saved = client.get("/api/v1/page").json()["saved"]
        assert {slot: row["score"] for slot, row in saved.items()} == {
            str(slot): 20 + slot for slot in range(4)
        }
        for slot in (4, 5):
            client.put(f"/api/v1/page/0/rating/{slot}", json=rating(50)).raise_for_status()
        assert client.post("/api/v1/page/0/submit").json()["page"] == 1
    server.kill()
    assert len(rows(study, "SELECT * FROM ratings_v1")) == 6


def opened(path, study):
    engine = connect(database_url(study, path))
    with transaction(engine) as session:
        row = study_row(session, study, rehearsal=False)
    return StudyContext(engine, study, row, prepare(study, path), audio_folder(path), False)


def unchanged(path, study):
    check_unchanged(opened(path, study))


def begin_sitting(context):
    cookie = admit(context, Visitor(None, "desktop")).cookie
    decide_consent(context, cookie, "1", True)
    return cookie


def test_rated_sounds_cannot_change(tmp_path):
    path = make_study(tmp_path)
    study = read_study(path)
    context = opened(path, study)
    unchanged(path, study)
    made_again(path, 5)
    unchanged(path, study)
    cookie = begin_sitting(context)
    with transaction(context.engine) as session:
        sitting = require_sitting(context, session, cookie)
        open_current_page(context, session, sitting)
    unchanged(path, study)
    with transaction(context.engine) as session:
        sitting = require_sitting(context, session, cookie)
        save_rating(context, session, sitting, 0, 0, Score(50, 1, 1000, 1000, 1))
    unchanged(path, study)
    made_again(path, 6)
    with pytest.raises(UserError, match="changed after listeners rated them"):
        unchanged(path, study)
    made_again(path, 5)
    unchanged(path, study)


def made_again(path, seed):
    target = path.parent / "stimuli" / "zebrabaseline-utt_alpha.wav"
    replace_stimulus(path.parent / "stimuli", target, speech_like(seed, 1.3))


def test_planned_pages_cannot_be_removed(tmp_path):
    path = make_study(tmp_path)
    study = read_study(path)
    begin_sitting(opened(path, study))
    with pytest.raises(UserError, match="will still be asked about sentence"):
        unchanged(path, study.model_copy(update={"systems": ["zebrabaseline"]}))
    with pytest.raises(UserError, match="step 1 changed after listeners started; restore it"):
        unchanged(path, study.model_copy(update={"sitting": [TextStep(), TrialsStep()]}))
    unchanged(path, study)
