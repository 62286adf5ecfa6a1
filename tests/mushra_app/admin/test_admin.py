"""The researcher's side: only the account opens it, and nothing there disturbs listeners."""

import io
import json
import re
import sqlite3
import subprocess
import sys
import time
import zipfile

import httpx
import pytest

from mushra_app.admin.accounts import Accounts
from mushra_app.admin.limits import Limit
from mushra_app.http.addresses import ADMIN_COOKIE as COOKIE
from mushra_app.http.addresses import LISTENER_COOKIE as LISTENER
from mushra_app.http.errors import RefusedError
from mushra_app.store.database import connect, database_url, study_row, transaction
from mushra_app.study.file import read_study
from tests.mushra_app.support import Server, begin, make_stimuli, make_study, rating

NAME, PASSWORD = "rosa", "a tram across the bridge"
HTML = {"Accept": "text/html"}


def accounts_of(study):
    read = read_study(study)
    engine = connect(database_url(read, study))
    with transaction(engine) as session:
        row = study_row(session, read, rehearsal=False)
    return Accounts(engine, row)


def rows(study, query, *values):
    with sqlite3.connect(study.with_suffix(".sqlite")) as connection:
        return connection.execute(query, values).fetchall()


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return make_study(tmp_path_factory.mktemp("admin"))


@pytest.fixture(scope="module")
def server(study):
    running = Server(study).start()
    accounts = accounts_of(study)
    accounts.create(accounts.setup_token(), NAME, PASSWORD)
    yield running
    running.kill()


@pytest.fixture
def admin(server):
    with server.client() as client:
        login(client)
        yield client


def login(client, password=PASSWORD, name=NAME):
    answer = client.post("/admin/login", data={"name": name, "password": password})
    if answer.status_code == 303:
        # httpx keeps cookies of a path, as browsers do.
        assert client.cookies.get(COOKIE, path="/admin")
    return answer


def call(client, api, data):
    """Click: the function of the admin's page whose name is `api`."""
    config = client.get("/admin/config").json()
    [found] = [d["id"] for d in config["dependencies"] if d["api_name"] == api]
    body = {"data": data, "fn_index": found, "session_hash": "abcdefghijk"}
    answer = client.post("/admin/gradio_api/run/predict", json=body)
    answer.raise_for_status()
    return answer.json()["data"]


def test_the_setup_link_makes_one_account_and_works_once(tmp_path):
    study = make_study(tmp_path)
    server = Server(study).start()
    token = accounts_of(study).setup_token()
    other = accounts_of(study).setup_token()
    with server.client() as client:
        assert client.get("/admin/setup", params={"token": "guess"}).status_code == 403
        assert token in client.get("/admin/setup", params={"token": token}).text
        form = {"token": token, "name": NAME, "password": PASSWORD, "again": PASSWORD}
        short = client.post("/admin/setup", data={**form, "password": "short", "again": "short"})
        assert (short.status_code, "12 to 200 characters" in short.text) == (422, True)
        assert client.post("/admin/setup", data={**form, "again": "x"}).status_code == 422
        assert client.get("/admin/config").status_code == 401
        assert client.post("/admin/setup", data=form).status_code == 303
        assert client.get("/admin/config").status_code == 200
        for used in (token, other):
            again = client.post("/admin/setup", data={**form, "token": used, "name": "eve"})
            assert again.status_code == 403
    assert accounts_of(study).setup_token() is None
    assert rows(study, "SELECT name FROM admin") == [(NAME,)]
    [(stored,)] = rows(study, "SELECT password FROM admin")
    assert stored.startswith("scrypt:32768:8:1:")
    assert PASSWORD not in stored
    server.kill()


def test_serve_prints_the_link_while_there_is_no_account(tmp_path):
    study = make_study(tmp_path)
    command = [sys.executable, "-m", "intone", "serve", str(study), "--port", "0"]
    # Port 0 is refused by the command line; a free one is found as the tests' servers find theirs.
    command[-1] = str(Server(study).port)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        printed = [process.stdout.readline() for _ in range(3)]
        process.kill()
    [address] = re.findall(r"http://\S+/admin/setup\?token=\S+", printed[2])
    assert accounts_of(study).may_set_up(address.partition("token=")[2])


def test_an_account_that_is_reset_lets_nobody_in(tmp_path):
    study = make_study(tmp_path)
    accounts = accounts_of(study)
    entry = accounts.create(accounts.setup_token(), NAME, PASSWORD)
    assert accounts.who(entry.token) == NAME
    accounts.reset()
    assert accounts.who(entry.token) is None
    assert accounts.setup_token() is not None


ROUTES = [
    ("GET", "/admin"), ("GET", "/admin/"), ("GET", "/admin/config"), ("GET", "/admin/theme.css"),
    ("GET", "/admin/gradio_api/heartbeat/abc"), ("GET", "/admin/gradio_api/queue/data"),
    ("POST", "/admin/gradio_api/queue/join"), ("POST", "/admin/gradio_api/upload"),
    ("POST", "/admin/gradio_api/cancel"), ("POST", "/admin/gradio_api/run/predict"),
    ("POST", "/admin/gradio_api/component_server"), ("GET", "/admin/gradio_api/startup-events"),
    ("GET", "/admin/gradio_api/file=/etc/passwd"), ("GET", "/admin/assets/index.js"),
    ("GET", "/admin/gradio_api/info"), ("GET", "/admin/download/ratings.csv"),
    ("GET", "/admin/download/backup.sqlite"), ("GET", "/admin/new"), ("POST", "/admin/new"),
    ("POST", "/admin/preview"), ("POST", "/admin/logout"), ("GET", "/admin/nothing"),
    ("GET", "/admin/login/"), ("GET", "/admin//"), ("DELETE", "/admin/"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nothing_of_the_researchers_opens_without_the_account(server, method, path):
    with server.client() as client:
        begin(client)
        client.cookies.set(COOKIE, client.cookies[LISTENER])
        assert client.request(method, path).status_code == 401
        led = client.request(method, path, headers=HTML)
        if method == "GET":
            assert (led.status_code, led.headers["location"]) == (303, "/admin/login")
        else:
            assert led.status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/admin/gradio_api/file=/etc/passwd"),
        ("GET", "/admin/gradio_api/heartbeat/abc"),
        ("POST", "/admin/gradio_api/upload"),
        ("POST", "/admin/gradio_api/queue/join"),
        ("GET", "/admin/gradio_api/deep_link"),
        ("GET", "/admin/openapi.json"),
    ],
)
def test_gradios_other_routes_do_not_exist_for_the_researcher_either(admin, method, path):
    assert admin.request(method, path).status_code == 404


def test_every_gradio_route_of_the_mount_is_behind_the_gate(server, study):
    from mushra_app.web.app import create_app
    from mushra_app.web.guard import Guard

    app = create_app(study)
    [mounted] = [r.app for r in app.routes if getattr(r, "path", None) == "/admin"]
    included = [r.original_router for r in mounted.routes if hasattr(r, "original_router")]
    known = [r for router in (mounted, *included) for r in router.routes if hasattr(r, "path")]
    paths = {re.sub(r"\{[^}]*\}", "x", r.path) for r in known} - {"/login"}
    assert len(paths) > 40
    assert any(m.cls is Guard and m.kwargs["gate"] for m in app.user_middleware)
    with server.client() as client:
        for path in paths:
            assert client.get(f"/admin{path}").status_code == 401, path
            assert client.post(f"/admin{path}").status_code == 401, path


def test_a_wrong_password_is_refused_and_guessing_ends(tmp_path):
    study = make_study(tmp_path)
    accounts = accounts_of(study)
    known = accounts.create(accounts.setup_token(), NAME, PASSWORD).known

    def attempt(password, address="192.0.2.1", name=NAME, known=None):
        try:
            return accounts.login(name, password, address, known).token and 200
        except RefusedError as error:
            return error.status

    assert [attempt("wrong") for _ in range(6)] == [401] * 5 + [429]
    # The machine that guesses waits, right password or not; another one does not.
    assert attempt(PASSWORD) == 429
    assert attempt(PASSWORD, "192.0.2.2") == 200
    # An IPv6 customer has one address, as far as guessing goes.
    tried = [attempt("wrong", f"2001:db8::{i}", "nobody") for i in range(6)]
    assert tried == [401] * 5 + [429]
    # Many machines together are stopped at the account, and the researcher's own browser is not.
    far = [attempt("wrong", f"198.51.100.{i}") for i in range(20)]
    assert far[-1] == 429
    assert attempt(PASSWORD, "203.0.113.9") == 429
    assert attempt(PASSWORD, "192.0.2.1", known=known) == 200
    assert attempt("wrong", "203.0.113.9", known=known[:-1] + "x") == 429


def test_a_limit_forgets_with_time_and_stays_small():
    time_s = [0.0]
    limit = Limit(2, 60, lambda: time_s[0])
    assert [limit.wait_s("a") for _ in range(3)] == [0, 0, 60]
    time_s[0] = 61
    assert limit.wait_s("a") == 0
    for i in range(25_000):
        limit.wait_s(str(i))
    assert len(limit._tries) <= 10_000


def test_login_says_why_not_and_logout_ends_the_session(server, study):
    with server.client() as client:
        wrong = login(client, "not the password")
        assert wrong.status_code == 401
        assert "Name or password is not right." in wrong.text
        assert "<b>" not in login(client, "x", "<b>bold</b>").text.split("form")[1]
        cookie = login(client).headers["set-cookie"]
        for part in ("HttpOnly", "SameSite=strict", "Path=/admin"):
            assert part in cookie
        token = client.cookies.get(COOKIE, path="/admin")
        assert rows(study, "SELECT * FROM admin_session WHERE token_sha256 = ?", token) == []
        assert client.get("/admin/", headers=HTML).status_code == 200
        assert client.post("/admin/logout").headers["location"] == "login"
        client.cookies.set(COOKIE, token, path="/admin")
        assert client.get("/admin/config").status_code == 401


def test_the_cookie_is_secure_behind_https(server):
    with server.client() as client:
        form = {"name": NAME, "password": PASSWORD}
        answer = client.post("/admin/login", data=form, headers={"X-Forwarded-Proto": "https"})
        assert "Secure" in answer.headers["set-cookie"]


def test_a_session_expires(server, study):
    with server.client() as client:
        login(client)
        with sqlite3.connect(study.with_suffix(".sqlite")) as connection:
            connection.execute("UPDATE admin_session SET expires_at = '2001-01-01'")
        assert client.get("/admin/config").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_other_sites_cannot_write(admin, server, headers):
    for path in ("/admin/preview", "/admin/logout", "/admin/gradio_api/run/predict", "/admin/new"):
        assert admin.post(path, headers=headers).status_code == 403
    assert admin.post("/admin/login", headers=headers).status_code == 403
    assert admin.get("/admin/config").status_code == 200
    own = {"Origin": server.url}
    assert admin.post("/admin/preview", headers=own).status_code == 303


def test_pausing_closes_the_test_and_saves_what_is_being_rated(admin, server):
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


def test_a_preview_leaves_no_trace_and_takes_no_place(tmp_path):
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
        places = rows(study, "SELECT place FROM listener ORDER BY number")
        assert places == [(0,), (0,)]
        assert page == 2
    server.kill()


def take(client):
    """Rate every page of a sitting; returns how many."""
    opened = client.get("/api/v1/session").json()
    client.post("/api/v1/consent", json={"version": "1", "agree": True}).raise_for_status()
    del opened
    count = 0
    while client.get("/api/v1/session").json()["stage"] == "page":
        page = client.get("/api/v1/page").json()
        for slot in range(len(page["slots"])):
            address = f"/api/v1/page/{page['page']}/rating/{slot}"
            client.put(address, json=rating(90 - 10 * slot)).raise_for_status()
        client.post(f"/api/v1/page/{page['page']}/submit").raise_for_status()
        count += 1
    return count


def test_only_means_are_looks_and_they_are_recorded(admin, server, study):
    with server.client() as listener:
        listener.post("/api/v1/session", json={})
        take(listener)
    before = rows(study, "SELECT COUNT(*) FROM look")
    call(admin, "progress", [])
    assert rows(study, "SELECT COUNT(*) FROM look") == before
    said = call(admin, "results", [])
    assert "not installed" in said[0]
    [(by, number)] = rows(study, "SELECT by, n_ratings FROM look ORDER BY id DESC LIMIT 1")
    assert by == NAME
    assert (number,) == rows(study, "SELECT COUNT(*) FROM ratings_v1")[0]


def test_what_listeners_write_is_shown_as_text(admin, server):
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


def test_downloads_are_whole_and_named(admin, study):
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


def test_a_study_is_made_of_a_folder_or_a_zip_and_of_nothing_else(admin, study, tmp_path):
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


def test_listeners_need_no_account_and_big_bodies_stay_refused(server):
    with server.client() as listener:
        begin(listener)
        big = listener.post("/admin/new", content=b"x" * 100_000)
        assert big.status_code == 413
        assert listener.post("/admin/login", content=b"x" * 100_000).status_code == 413
    with server.client() as nobody:
        page = nobody.get("/admin/login")
        assert page.status_code == 200
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"


def test_many_logins_at_once_leave_listeners_alone(server):
    with server.client() as listener, httpx.Client(base_url=server.url, timeout=60) as guesser:
        begin(listener)
        start = time.monotonic()
        guesser.post("/admin/login", data={"name": "eve", "password": "x" * 300})
        assert listener.put("/api/v1/page/0/rating/0", json=rating(5)).status_code == 204
        assert time.monotonic() - start < 30
