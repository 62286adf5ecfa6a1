"""One transaction per request, committed before the response."""

import concurrent.futures
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
