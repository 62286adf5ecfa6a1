"""The example in docs/page-types.md is a working page type."""

import sqlite3

import httpx
import pytest
from pydantic import ValidationError

from mushra_app.page_types import RATING_TYPES
from mushra_app.study import page_names
from mushra_app.study.file import read_study
from mushra_app.study.steps import TrialsStep
from mushra_app.web.local_server import running
from tests.mushra_app.documented import understood
from tests.mushra_app.support import begin, make_study, rating


@pytest.fixture
def registered(monkeypatch):
    """Registered as the guide says."""
    monkeypatch.setitem(RATING_TYPES, "understood", understood())
    monkeypatch.setattr(page_names, "PAGE_NAMES", tuple(RATING_TYPES))


def test_an_unknown_type_is_refused_with_those_that_there_are():
    with pytest.raises(ValidationError, match="no page of type 'understood'; use one of mushra, "):
        TrialsStep(page="understood")


@pytest.mark.usefixtures("registered")
def test_a_listener_rates_pages_of_a_new_type(tmp_path):
    from mushra_app.web.app import create_app

    step = TrialsStep(page="understood", pages=2, attention=1, prompt="Every word?")
    path = make_study(tmp_path, sitting=[step])
    assert read_study(path).sitting[0].page == "understood"
    with running(create_app(path)) as address, httpx.Client(base_url=address) as client:
        page = begin(client)
        while page.get("kind") == "understood":
            number = page["page"]
            assert (page["answers"], page["scale"]) == (["Yes", "No"], [0, 1])
            assert (len(page["slots"]), page["reference"]) == (1, None)
            assert client.get("/" + page["slots"][0]).status_code == 200
            refused = client.put(f"/api/v1/page/{number}/rating/0", json=rating(2))
            assert (refused.status_code, refused.json()["detail"]) == (
                422,
                "no such score on this page",
            )
            assert client.post(f"/api/v1/page/{number}/submit").status_code == 409
            asked = page["attention"]
            score = 1 if asked is None else int(asked > 1)
            client.put(f"/api/v1/page/{number}/rating/0", json=rating(score)).raise_for_status()
            client.post(f"/api/v1/page/{number}/submit").raise_for_status()
            page = client.get("/api/v1/page").json()
    with sqlite3.connect(path.with_suffix(".sqlite")) as connection:
        query = "SELECT page_type, scale_min, scale_max, phase FROM ratings_v1 ORDER BY phase"
        rows = connection.execute(query).fetchall()
        passed = connection.execute("SELECT passed FROM page WHERE phase = 'gold'").fetchall()
    assert rows == [("understood", 0, 1, phase) for phase in ("gold", "test", "test")]
    assert passed == [(1,)]
