"""Functions of the researcher's pages: state, preview, looks, downloads, another study."""

import io
import json
import sqlite3
import zipfile

from mushra_app.study.file import read_study
from tests.mushra_app.admin.support import NAME, PASSWORD, accounts_of, call, login, rows
from tests.mushra_app.support import Server, begin, make_stimuli, make_study, rating


def test_pause_closes_test_and_saves_page_that_is_open(admin, server):
    with server.client() as rating_now, server.client() as late:
        begin(rating_now)
        call(admin, "paused", [])
        assert late.post("/api/v1/session", json={}).json()["stage"] == "closed"
        assert rating_now.get("/api/v1/session").json()["stage"] == "closed"
        assert rating_now.get("/api/v1/page").status_code == 409
        for slot in range(6):
            saved = rating_now.put(f"/api/v1/page/0/rating/{slot}", json=rating(40 + slot))
            assert saved.status_code == 204
        rating_now.post("/api/v1/page/0/submit").raise_for_status()
        call(admin, "open", [])
        assert late.get("/api/v1/session").json()["stage"] == "consent"
        page = rating_now.get("/api/v1/page").json()
        assert page["page"] == 1


def test_preview_is_in_no_table_and_takes_no_seat(tmp_path):
    study = make_study(tmp_path)
    server = Server(study).start()
    accounts = accounts_of(study)
    accounts.create(accounts.setup_token(), NAME, PASSWORD)
    with server.client() as admin, server.client() as listener:
        login(admin)
        answer = admin.post("/admin/preview")
        assert answer.headers["location"] == "../test/"
        call(admin, "closed", [])
        page = take(admin)
        assert admin.get("/api/v1/session").json()["stage"] == "done"
        call(admin, "open", [])
        assert rows(study, "SELECT place FROM listener") == [(0,)]
        for view in ("ratings_v1", "sessions_v1", "preferences_v1"):
            assert rows(study, f"SELECT * FROM {view}") == []
        for table in ("ratings", "sessions", "events", "remarks", "answers"):
            text = admin.get(f"/admin/download/{table}.json").text
            assert json.loads(text) == []
        assert call(admin, "progress", [])[2]["data"] in ([], [[""] * 8])
        begin(listener)
        assert rows(study, "SELECT place FROM listener ORDER BY number") == [(0,), (0,)]
        assert page == 2
    server.kill()


def take(client):
    """Rate every page of a sitting; return their number."""
    client.post("/api/v1/consent", json={"version": "1", "agree": True}).raise_for_status()
    count = 0
    while client.get("/api/v1/session").json()["stage"] == "page":
        page = client.get("/api/v1/page").json()
        for slot in range(len(page["slots"])):
            address = f"/api/v1/page/{page['page']}/rating/{slot}"
            client.put(address, json=rating(90 - 10 * slot)).raise_for_status()
        client.post(f"/api/v1/page/{page['page']}/submit").raise_for_status()
        count += 1
    return count


def test_only_means_are_recorded_as_looks(admin, server, study):
    with server.client() as listener:
        listener.post("/api/v1/session", json={})
        take(listener)
    before = rows(study, "SELECT COUNT(*) FROM look")
    call(admin, "progress", [])
    assert rows(study, "SELECT COUNT(*) FROM look") == before
    message, _ = call(admin, "results", [])
    assert "not installed" in message
    [(by, number)] = rows(study, "SELECT by, n_ratings FROM look ORDER BY id DESC LIMIT 1")
    assert by == NAME
    assert (number,) == rows(study, "SELECT COUNT(*) FROM ratings_v1")[0]


def test_text_of_listeners_is_shown_as_text(admin, server):
    bad = "${Object.assign(window,{X:1})} <img src=x onerror=alert(1)> {{value}}"
    with server.client() as listener:
        begin(listener)
        body = {"page": 0, "key": "k1", "kind": "problem", "text": bad}
        listener.post("/api/v1/remark", json=body).raise_for_status()
        event = {"key": "e1", "kind": "rate", "at_ms": 900, "data": {"version": bad, "score": bad}}
        odd = {"key": "e2", "kind": "onload", "at_ms": 950, "data": {bad[:20]: bad}}
        loop = {"key": "e3", "kind": "loop", "at_ms": 960, "data": {"start": 1, "end": bad}}
        sent = {"page": 0, "events": [event, odd, loop]}
        listener.post("/api/v1/events", json=sent).raise_for_status()
    assert call(admin, "remarks", ["problem"])[0]["data"][0][0] == bad
    config = admin.get("/admin/config").json()
    tables = [c for c in config["components"] if c["type"] == "dataframe"]
    assert tables
    assert {t["props"]["datatype"] for t in tables} == {"str"}
    shown = call(admin, "sittings", [None])
    assert "<svg" in shown[2]
    assert "alert" not in shown[2]
    assert "$" not in shown[2]


def test_downloads_are_complete_and_named(admin, study):
    for kind in ("csv", "json", "parquet"):
        answer = admin.get(f"/admin/download/ratings.{kind}")
        assert answer.status_code == 200
        named = answer.headers["content-disposition"]
        assert f"{read_study(study).name}-ratings.{kind}" in named
    copy = study.parent / "copy.sqlite"
    copy.write_bytes(admin.get("/admin/download/backup.sqlite").content)
    with sqlite3.connect(copy) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with zipfile.ZipFile(io.BytesIO(admin.get("/admin/download/bundle.zip").content)) as bundle:
        assert "study.yaml" in bundle.namelist()
    wrong = admin.get("/admin/download/nothing.csv")
    assert (wrong.status_code, "no such file" in wrong.text) == (409, True)


def zipped(folder, **extra):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"mine/{path.name}")
        for name, content in extra.items():
            archive.writestr(name, content)
    return made.getvalue()


def test_study_is_made_of_folder_or_zip_only(admin, study, tmp_path):
    def make(name, files=None, **values):
        return admin.post("/admin/new", data={"name": name, **values}, files=files)

    made = make("second", folder="stimuli", title="Which is better?")
    assert made.status_code == 201
    assert "intone serve" in made.text
    assert read_study(study.with_name("second.yaml")).title == "Which is better?"
    assert make("second", folder="stimuli").status_code == 422
    for folder in ("..", "/etc", "nowhere", ""):
        answer = make("third", folder=folder)
        assert answer.status_code == 422
        assert str(study.parent) not in answer.text
    assert make("../third", folder="stimuli").status_code == 422

    whole = zipped(make_stimuli(tmp_path / "set"))
    assert len(whole) > 64 * 1024
    assert make("third", {"archive": ("set.zip", whole)}).status_code == 201
    assert read_study(study.with_name("third.yaml")).systems
    for extra in ({"../evil.wav": "x"}, {"mine/run.py": "x"}, {"other.wav": "x"}):
        bad = make("fourth", {"archive": ("set.zip", zipped(tmp_path / "set", **extra))})
        assert bad.status_code == 422
        assert next(iter(extra)) in bad.text
    assert make("fourth", {"archive": ("set.zip", b"no zip")}).status_code == 422
    assert not list(study.parent.glob("fourth*"))
    assert not list(study.parent.parent.rglob("evil*"))
