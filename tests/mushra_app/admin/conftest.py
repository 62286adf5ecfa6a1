"""Study with an account and a running application, for each test file."""

import pytest

from tests.mushra_app.admin.support import NAME, PASSWORD, accounts_of, login
from tests.mushra_app.support import Server, make_study


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
