"""Account and clients of the tests of the researcher's pages."""

import sqlite3

from mushra_app.admin.accounts import Accounts
from mushra_app.http.addresses import ADMIN_COOKIE as COOKIE
from mushra_app.store.database import connect, database_url, study_row, transaction
from mushra_app.study.file import read_study

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


def login(client, password=PASSWORD, name=NAME):
    answer = client.post("/admin/login", data={"name": name, "password": password})
    if answer.status_code == 303:
        # httpx keeps cookies of a path, as browsers do.
        assert client.cookies.get(COOKIE, path="/admin")
    return answer


def call(client, api, data):
    """Return the outputs of a click that calls the function `api`."""
    config = client.get("/admin/config").json()
    [index] = [d["id"] for d in config["dependencies"] if d["api_name"] == api]
    body = {"data": data, "fn_index": index, "session_hash": "abcdefghijk"}
    answer = client.post("/admin/gradio_api/run/predict", json=body)
    answer.raise_for_status()
    return answer.json()["data"]
