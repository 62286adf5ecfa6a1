"""The same sitting on a real PostgreSQL, started for this test alone."""

import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from intone.contracts import RATING_COLUMNS, Rating
from mushra_app.study.file import read_study, write_study
from tests.mushra_app.admin.support import accounts_of
from tests.mushra_app.support import Server, begin, make_study, rating


def program(name):
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((str(home / name) for home in homes if (home / name).exists()), shutil.which(name))


@pytest.fixture
def postgresql(tmp_path_factory):
    pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
    if not (program("initdb") and program("pg_ctl")):
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    home = tmp_path_factory.mktemp("postgresql")
    as_user = []
    if os.getuid() == 0:
        # PostgreSQL refuses to run as root.
        if not shutil.which("runuser"):
            pytest.skip("PostgreSQL does not run as root, and there is no runuser")
        for folder in (home, *home.parents):
            if folder == Path(tempfile.gettempdir()):
                break
            folder.chmod(0o755)
        shutil.chown(home, "postgres", "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    data = home / "data"
    start = f"-c listen_addresses= -c unix_socket_directories={home}"
    for command in (
        [program("initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-N"],
        [program("pg_ctl"), "-D", str(data), "-o", start, "-l", str(home / "log"), "-w", "start"],
    ):
        subprocess.run([*as_user, *command], check=True, cwd=home, stdout=subprocess.DEVNULL)
    yield f"postgresql+psycopg://postgres@/postgres?host={home}"
    stop = [program("pg_ctl"), "-D", str(data), "-m", "immediate", "stop"]
    subprocess.run([*as_user, *stop], check=True, cwd=home, stdout=subprocess.DEVNULL)


def test_a_study_on_postgresql(tmp_path, postgresql):
    import sqlalchemy as sa

    path = make_study(tmp_path)
    write_study(read_study(path).model_copy(update={"database": postgresql}), path)
    server = Server(path).start()
    with server.client() as client:
        begin(client)
        for slot in range(6):
            address = f"/api/v1/page/0/rating/{slot}"
            assert client.put(address, json=rating(slot, seq=2)).status_code == 204
            assert client.put(address, json=rating(99, seq=1)).status_code == 409
        assert client.post("/api/v1/page/0/submit").json()["page"] == 1
        forged = client.post("/api/v1/session", json={"simulation_token": "guess"})
        assert forged.status_code == 403
    server.kill()
    with sa.create_engine(postgresql).connect() as connection:
        found = connection.execute(sa.text("SELECT * FROM ratings_v1 ORDER BY stimulus_index"))
        assert tuple(found.keys()) == RATING_COLUMNS
        ratings = [Rating(**row) for row in found.mappings()]
        assert [r.score for r in ratings] == list(range(6))
        assert connection.execute(sa.text("SELECT COUNT(*) FROM sessions_v1")).scalar() == 1
        for view in ("preferences_v1", "looks_v1"):
            assert connection.execute(sa.text(f"SELECT COUNT(*) FROM {view}")).scalar() == 0
        with pytest.raises(sa.exc.DBAPIError, match="never changes"):
            connection.execute(sa.text("UPDATE session SET origin = 'simulated'"))


def test_processes_share_the_limit_of_logins_on_postgresql(tmp_path, postgresql):
    path = make_study(tmp_path)
    write_study(read_study(path).model_copy(update={"database": postgresql}), path)
    limits = [accounts_of(path)._addresses for _ in range(4)]
    with ThreadPoolExecutor(len(limits)) as pool:
        waits = list(pool.map(lambda i: limits[i % 4].wait_s("192.0.2.1"), range(24)))
    assert sum(wait == 0 for wait in waits) == 5
    limits[0].forget("192.0.2.1")
    assert limits[1].wait_s("192.0.2.1") == 0
