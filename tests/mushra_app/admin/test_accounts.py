"""Account of the researcher: setup link, password, limits on guessing, sessions."""

import importlib.util
import re
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from mushra_app.admin import passwords
from mushra_app.admin.limits import AttemptLimit
from mushra_app.http.addresses import ADMIN_COOKIE as COOKIE
from mushra_app.http.errors import RefusedError
from mushra_app.store.database import transaction
from mushra_app.store.tables import StudyRow
from tests.mushra_app.admin.support import HTML, NAME, PASSWORD, accounts_of, login, rows
from tests.mushra_app.support import Server, make_study


def test_setup_link_makes_one_account_and_works_once(tmp_path):
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
    assert stored.startswith("scrypt:16:8:1:")
    assert PASSWORD not in stored
    server.kill()


@pytest.mark.integration
def test_serve_prints_setup_link_while_there_is_no_account(tmp_path):
    study = make_study(tmp_path)
    command = [sys.executable, "-m", "intone", "serve", str(study), "--port", "0"]
    # The command line refuses port 0; a server of the tests finds a free one.
    command[-1] = str(Server(study).port)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        printed = [process.stdout.readline() for _ in range(3)]
        process.kill()
    [address] = re.findall(r"http://\S+/admin/setup\?token=\S+", printed[2])
    assert accounts_of(study).may_set_up(address.partition("token=")[2])


def test_reset_removes_account_and_ends_its_sessions(tmp_path):
    study = make_study(tmp_path)
    accounts = accounts_of(study)
    entry = accounts.create(accounts.setup_token(), NAME, PASSWORD)
    assert accounts.who(entry.token) == NAME
    accounts.reset()
    assert accounts.who(entry.token) is None
    assert accounts.setup_token() is not None


def test_wrong_password_is_refused_and_guessing_is_limited(tmp_path):
    study = make_study(tmp_path)
    accounts = accounts_of(study)
    known = accounts.create(accounts.setup_token(), NAME, PASSWORD).known

    def attempt(password, address="192.0.2.1", name=NAME, known=None):
        try:
            return accounts.login(name, password, address, known).token and 200
        except RefusedError as error:
            return error.status

    assert [attempt("wrong") for _ in range(6)] == [401] * 5 + [429]
    # The machine that guessed waits, even with the right password; another machine does not.
    assert attempt(PASSWORD) == 429
    assert attempt(PASSWORD, "192.0.2.2") == 200
    # All addresses of one IPv6 network are counted together.
    tried = [attempt("wrong", f"2001:db8::{i}", "eve") for i in range(6)]
    assert tried == [401] * 5 + [429]
    # Many machines together reach the limit of the account; the researcher's browser does not.
    far = [attempt("wrong", f"198.51.100.{i}") for i in range(20)]
    assert far[-1] == 429
    assert attempt(PASSWORD, "203.0.113.9") == 429
    assert attempt(PASSWORD, "192.0.2.1", known=known) == 200
    assert attempt("wrong", "203.0.113.9", known=known[:-1] + "x") == 429


def status_of(accounts, password, address="192.0.2.1"):
    try:
        accounts.login(NAME, password, address)
    except RefusedError as error:
        return error.status
    return 200


def test_invented_names_of_a_refused_address_are_not_stored(tmp_path):
    study = make_study(tmp_path)
    accounts = accounts_of(study)
    for i in range(50):
        with pytest.raises(RefusedError):
            accounts.login(f"name {i}", "wrong", "192.0.2.1")
    # Five attempts, each counted for its address and its name.
    assert rows(study, "SELECT COUNT(*) FROM login_attempt") == [(10,)]


def test_two_processes_share_the_count_of_attempts(tmp_path):
    study = make_study(tmp_path)
    first, second = accounts_of(study), accounts_of(study)
    first.create(first.setup_token(), NAME, PASSWORD)
    turns = [first, second, first, second, first, second, first]
    assert [status_of(accounts, "wrong") for accounts in turns] == [401] * 5 + [429] * 2
    # A login over one process resets the count of the address for both.
    assert status_of(second, PASSWORD, "192.0.2.7") == 200
    assert [status_of(first, "wrong", "192.0.2.7") for _ in range(4)] == [401] * 4
    assert status_of(second, PASSWORD, "192.0.2.7") == 200
    assert status_of(first, "wrong", "192.0.2.7") == 401


def test_two_servers_of_one_study_share_the_count_and_a_restart_keeps_it(study, server):
    other = Server(study).start()
    with server.client() as client, other.client() as second:
        statuses = [login(c, "wrong").status_code for c in (client, second) * 3]
        assert statuses == [401] * 5 + [429]
        other.kill()
        other.start()
        page = login(second, PASSWORD)
        assert page.status_code == 429
        assert "Too many attempts; try again in 15 minutes." in page.text
    other.kill()
    with sqlite3.connect(study.with_suffix(".sqlite")) as connection:
        connection.execute("DELETE FROM login_attempt")


def test_concurrent_attempts_never_exceed_the_limit(tmp_path):
    study = make_study(tmp_path)
    limits = [limit_of(accounts_of(study), 5) for _ in range(4)]
    with ThreadPoolExecutor(len(limits)) as pool:
        waits = list(pool.map(lambda i: limits[i % len(limits)].wait_s("key"), range(24)))
    assert sum(wait == 0 for wait in waits) == 5


def limit_of(accounts, most, clock=lambda: datetime.now(UTC)):
    with transaction(accounts._engine) as session:
        row = session.get(StudyRow, accounts._study_id)
    return AttemptLimit(accounts._engine, row, "test", most, 60, clock)


def test_limit_forgets_with_time_and_deletes_expired_rows(tmp_path):
    time = [datetime(2026, 1, 1, tzinfo=UTC)]
    study = make_study(tmp_path)
    limit = limit_of(accounts_of(study), 2, clock=lambda: time[0])
    assert [limit.wait_s("a") for _ in range(3)] == [0, 0, 60]
    time[0] += timedelta(seconds=20)
    assert [limit.wait_s("a"), limit.wait_s("b")] == [40, 0]
    time[0] += timedelta(seconds=41)
    assert limit.wait_s("a") == 0
    stored = rows(study, "SELECT key_hmac FROM login_attempt")
    assert len(stored) == 2
    assert all(re.fullmatch("[0-9a-f]{64}", key) for (key,) in stored)
    limit.forget("a")
    assert len(rows(study, "SELECT * FROM login_attempt")) == 1


def test_database_of_an_older_version_gets_the_table_of_attempts(tmp_path):
    study = make_study(tmp_path)
    accounts = accounts_of(study)
    accounts.create(accounts.setup_token(), NAME, PASSWORD)
    with sqlite3.connect(study.with_suffix(".sqlite")) as connection:
        connection.execute("DROP TABLE login_attempt")
        connection.execute("UPDATE alembic_version SET version_num = '0003'")
    assert status_of(accounts_of(study), PASSWORD) == 200


def test_digests_cost_as_much_as_documented_by_default():
    spec = importlib.util.find_spec("mushra_app.admin.passwords")
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    stored = fresh.digest(PASSWORD)
    assert stored.startswith("scrypt:32768:8:1:")
    assert fresh.fits(PASSWORD, stored)
    # The cost is read from the digest: digests of another cost stay valid.
    assert passwords.fits(PASSWORD, stored)
    assert not passwords.fits("wrong", stored)


def test_login_shows_reason_and_logout_ends_session(server, study):
    with server.client() as client:
        wrong = login(client, "not the password")
        assert wrong.status_code == 401
        assert "Wrong name or password." in wrong.text
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


def test_cookie_is_secure_behind_https(server):
    with server.client() as client:
        form = {"name": NAME, "password": PASSWORD}
        answer = client.post("/admin/login", data=form, headers={"X-Forwarded-Proto": "https"})
        assert "Secure" in answer.headers["set-cookie"]


def test_session_expires(server, study):
    with server.client() as client:
        login(client)
        with sqlite3.connect(study.with_suffix(".sqlite")) as connection:
            connection.execute("UPDATE admin_session SET expires_at = '2001-01-01'")
        assert client.get("/admin/config").status_code == 401
