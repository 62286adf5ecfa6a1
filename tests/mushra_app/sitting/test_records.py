"""A listener's log and rights: events, remarks, own data, another device, withdrawal."""

import csv
import io
import sqlite3

import pytest
from typer.testing import CliRunner

from mushra_app.cli import app
from mushra_app.store.digest import text_sha256
from mushra_app.study.steps import QuestionsStep, TrialsStep
from tests.mushra_app.support import Server, begin, make_study, rating

ASKED = QuestionsStep.model_validate({"questions": [{"name": "age", "label": "Age?"}]})


@pytest.fixture(scope="module")
def asking(tmp_path_factory):
    study = make_study(tmp_path_factory.mktemp("records"), sitting=[ASKED, TrialsStep(pages=1)])
    running = Server(study).start()
    yield running
    running.kill()


@pytest.fixture
def client(asking):
    with asking.client() as opened:
        yield opened


def rows(server, query, *values):
    with sqlite3.connect(server.study.with_suffix(".sqlite")) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query, values)]


def sitting(server, client):
    digest = text_sha256(client.cookies["mushra_sitting"])
    return rows(server, "SELECT * FROM session WHERE cookie_sha256 = ?", digest)[0]


def event(key, kind="play"):
    return {"key": key, "kind": kind, "at_ms": 5, "data": {"version": 1}}


def remark(client, key="k1", text="Too loud.", kind="comment"):
    return client.post(
        "/api/v1/remark", json={"page": 0, "key": key, "kind": kind, "text": text}
    ).status_code


def rate_everything(client):
    answers = {"answers": {"age": "33"}, "seq": 1}
    client.put("/api/v1/page/0/answers", json=answers).raise_for_status()
    client.post("/api/v1/page/0/submit").raise_for_status()
    client.get("/api/v1/page").raise_for_status()
    for slot in range(6):
        client.put(f"/api/v1/page/1/rating/{slot}", json=rating(50)).raise_for_status()
    return client.post("/api/v1/page/1/submit").json()


def test_an_event_that_is_sent_twice_is_stored_once(asking, client):
    begin(client)
    for batch in ([event("a"), event("b")], [event("b", "pause"), event("c")]):
        answer = client.post("/api/v1/events", json={"page": 0, "events": batch})
        assert answer.status_code == 204
    own = sitting(asking, client)["id"]
    found = rows(asking, "SELECT key, kind FROM event WHERE session_id = ? ORDER BY key", own)
    assert found == [{"key": k, "kind": "play"} for k in "abc"]


def test_a_remark_is_kept_once_for_all_that_is_sent_under_its_key(asking, client):
    begin(client)
    assert [remark(client), remark(client), remark(client, "k2", "No sound.", "problem")] == [
        204
    ] * 3
    own = sitting(asking, client)["id"]
    found = rows(asking, "SELECT kind, text, page_index FROM remark WHERE session_id = ?", own)
    assert found == [
        {"kind": "comment", "text": "Too loud.", "page_index": 0},
        {"kind": "problem", "text": "No sound.", "page_index": 0},
    ]
    assert remark(client, "k3", "") == 422
    assert remark(client, "k3", "x" * 5001) == 422


def test_stored_data_page_does_not_reveal_versions(client):
    begin(client)
    client.post("/api/v1/events", json={"page": 0, "events": [event("a")]})
    remark(client)
    rate_everything(client)
    told = client.get("/api/v1/mine")
    mine = told.json()
    assert (mine["ratings"], mine["preferences"], mine["events"]) == (6, 0, 1)
    assert (mine["answers"], mine["remarks"]) == ([{"age": "33"}], ["Too loud."])
    assert (mine["device"], mine["consent_version"]) == ("desktop", "1")
    assert mine["started"] <= mine["consent_at"] <= mine["ended"]
    assert not [word for word in ("zebra", "quokka", "groundtruth") if word in told.text]


def test_withdrawal_deletes_and_leaves_every_view(asking, client):
    begin(client)
    client.post("/api/v1/events", json={"page": 0, "events": [event("a")]})
    remark(client)
    assert rate_everything(client)["stage"] == "done"
    before = sitting(asking, client)
    counted = "SELECT * FROM ratings_v1 WHERE session = ?"
    assert len(rows(asking, counted, before["pseudonym"])) == 6
    assert client.post("/api/v1/withdraw").json()["stage"] == "withdrawn"
    assert client.post("/api/v1/withdraw").json()["stage"] == "withdrawn"
    own = before["id"]
    assert rows(asking, counted, before["pseudonym"]) == []
    for query in (
        "SELECT r.id FROM rating r JOIN page p ON p.id = r.page_id WHERE p.session_id = ?",
        "SELECT id FROM event WHERE session_id = ?",
        "SELECT id FROM remark WHERE session_id = ?",
        "SELECT id FROM page WHERE session_id = ? AND answers IS NOT NULL",
    ):
        assert rows(asking, query, own) == [], query
    [view] = rows(asking, "SELECT * FROM sessions_v1 WHERE session = ?", before["pseudonym"])
    assert (view["outcome"], view["device"]) == ("withdrawn", None)
    assert client.get("/api/v1/mine").json()["ratings"] == 0


def test_data_after_a_withdrawal_are_not_stored(asking, client):
    begin(client)
    client.post("/api/v1/withdraw").raise_for_status()
    late = client.post("/api/v1/events", json={"page": 0, "events": [event("late")]})
    assert (late.status_code, remark(client, "late")) == (409, 409)
    assert client.put("/api/v1/page/0/answers", json={"answers": {}, "seq": 1}).status_code == 409
    own = sitting(asking, client)["id"]
    assert rows(asking, "SELECT id FROM event WHERE session_id = ?", own) == []
    assert rows(asking, "SELECT id FROM remark WHERE session_id = ?", own) == []


def test_personal_link_moves_sitting_and_ends_old_browser(asking, client):
    begin(client)
    answers = {"answers": {"age": "3"}, "seq": 4}
    client.put("/api/v1/page/0/answers", json=answers).raise_for_status()
    first = client.post("/api/v1/link").json()["token"]
    token = client.post("/api/v1/link").json()["token"]
    with asking.client() as phone:
        # A link made later puts an earlier one out of use.
        answer = phone.get("/", params={"t": first})
        assert (answer.status_code, "not valid" in answer.json()["detail"]) == (403, True)
        phone.get("/", params={"t": token})
        assert phone.get("/api/v1/page").json()["saved"] == answers
        told = client.get("/api/v1/session")
        assert told.status_code == 401
        assert told.json()["detail"] == "no sitting; open the link of the study again"
        assert client.put("/api/v1/page/0/answers", json=answers | {"seq": 5}).status_code == 401
        # The link also leads back.
        client.get("/", params={"t": token})
        assert client.get("/api/v1/page").json()["saved"] == answers
        assert phone.get("/api/v1/session").status_code == 401


def test_invitations_open_one_sitting_each(tmp_path):
    study = make_study(tmp_path, sitting=[TrialsStep(pages=1)])
    study.write_text(study.read_text().replace("access: open", "access: invited"))
    arguments = [
        "study",
        "invite",
        str(study),
        "-n",
        "3",
        "--base-url",
        "https://listen.example/x/",
    ]
    printed = CliRunner().invoke(app, arguments)
    assert printed.exit_code == 0, printed.output
    links = [row["link"] for row in csv.DictReader(io.StringIO(printed.stdout))]
    assert len(set(links)) == 3
    assert all(link.startswith("https://listen.example/x/?t=") for link in links)
    tokens = [link.split("?t=")[1] for link in links]
    kept = study.with_suffix(".sqlite").read_bytes()
    assert not [token for token in tokens if token.encode() in kept]
    server = Server(study).start()
    with server.client() as one, server.client() as other, server.client() as stranger:
        assert stranger.get("/").status_code == 403
        shown = stranger.get("/", headers={"Accept": "text/html"})
        assert (shown.status_code, "<h1>By invitation only</h1>" in shown.text) == (403, True)
        shown = stranger.get("/", params={"t": "guess"}, headers={"Accept": "text/html"})
        assert (shown.status_code, "<h1>This link is not valid</h1>" in shown.text) == (403, True)
        assert one.get("/", params={"t": tokens[0]}).status_code == 303
        begin(one)
        assert other.get("/", params={"t": tokens[1]}).status_code == 303
        begin(other)
        assert sitting(server, one)["id"] != sitting(server, other)["id"]
        # A browser that opens a used link takes that sitting over, and adds none.
        stranger.get("/", params={"t": tokens[0]})
        assert one.get("/api/v1/session").status_code == 401
        assert len(rows(server, "SELECT id FROM session")) == 2
    server.kill()
