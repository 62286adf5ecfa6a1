"""One study and one running application for all endpoint tests."""

import pytest

from tests.mushra_app.support import Server, make_study


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    return make_study(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="session")
def server(study):
    running = Server(study).start()
    yield running
    running.kill()


@pytest.fixture
def client(server):
    with server.client() as opened:
        yield opened
