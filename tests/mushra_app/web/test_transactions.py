"""One transaction per request, committed before the response."""

import concurrent.futures
import socket
import sqlite3
from contextlib import closing

import pytest

from tests.mushra_app.support import Server, begin, make_study, rating

SIMULTANEOUS = 60


@pytest.fixture
def server(tmp_path):
    server = Server(make_study(tmp_path)).start()
    yield server
    server.kill()


def stored_scores(server):
    with closing(sqlite3.connect(server.study.with_suffix(".sqlite"))) as connection:
        return [row[0] for row in connection.execute("SELECT score FROM rating ORDER BY id")]


def test_acknowledged_rating_is_committed_and_refused_rating_is_rolled_back(server):
    client = server.client()
    begin(client)
    for seq in range(1, 21):
        assert client.put("/api/v1/page/0/rating/0", json=rating(seq, seq)).status_code == 204
        # Another connection sees only what is committed.
        assert stored_scores(server) == [seq]
    # The statement that saves a rating runs before an equal number with another score is refused.
    assert client.put("/api/v1/page/0/rating/0", json=rating(99, 20)).status_code == 409
    assert client.put("/api/v1/page/0/rating/1", json=rating(101)).status_code == 422
    assert stored_scores(server) == [20]


def test_two_tabs_of_one_listener_cannot_overwrite_each_other(server):
    with server.client() as first, server.client() as second:
        begin(first)
        second.cookies.update(first.cookies)
        address = "/api/v1/page/0/rating/0"
        assert first.put(address, json=rating(10, seq=1)).status_code == 204
        # The second tab was loaded before; it is refused until it has read the newer state.
        assert second.put(address, json=rating(90, seq=1)).status_code == 409
        saved = second.get("/api/v1/page").json()["saved"]["0"]
        assert (saved["score"], saved["seq"]) == (10, 1)
        assert second.put(address, json=rating(90, seq=2)).status_code == 204
        assert first.put(address, json=rating(11, seq=2)).status_code == 409
        for slot in range(1, 6):
            second.put(f"/api/v1/page/0/rating/{slot}", json=rating(50)).raise_for_status()
        assert second.post("/api/v1/page/0/submit").json()["page"] == 1
        # The first tab still shows the page that is closed.
        assert first.put(address, json=rating(12, seq=3)).status_code == 409
        assert first.post("/api/v1/page/0/submit").json()["page"] == 1
    assert stored_scores(server) == [90, 50, 50, 50, 50, 50]


def test_disconnected_clients_hold_no_connection(server):
    client = server.client()
    begin(client)
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    request = f"GET /api/v1/page HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n"
    for _ in range(SIMULTANEOUS):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(request.encode())
    assert client.put("/api/v1/page/0/rating/0", json=rating(50)).status_code == 204
    assert client.get("/api/v1/page").json()["saved"]["0"]["score"] == 50


def test_more_simultaneous_requests_than_connections_are_all_answered(server):
    client = server.client()
    begin(client)
    paths = ["/api/v1/session", "/api/v1/page", "/api/v1/mine"]
    cookies = dict(client.cookies)

    def ask(number):
        with server.client() as own_client:
            own_client.cookies.update(cookies)
            if number % 4 == 3:
                path = f"/api/v1/page/0/rating/{number % 6}"
                return own_client.put(path, json=rating(50, number + 1)).status_code
            return own_client.get(paths[number % 4]).status_code

    with concurrent.futures.ThreadPoolExecutor(SIMULTANEOUS) as pool:
        statuses = list(pool.map(ask, range(2 * SIMULTANEOUS)))
    assert set(statuses) <= {200, 204, 409}
    assert statuses.count(200) == 2 * SIMULTANEOUS * 3 // 4
