"""Recruiting platforms: ids on arrival, completion codes at the end."""

import json
import sqlite3

import pytest

from mushra_app.study.file import read_study, write_study
from mushra_app.study.progress import Progress
from mushra_app.study.steps import Recruiting, TrialsStep
from mushra_app.web.pages.endings import ending
from tests.mushra_app.support import Server, begin, make_study, rating

CODES = {"completed": "CDONE", "screened_out": "COUT", "declined": "CNO", "withdrawn": "CGONE"}


@pytest.fixture(scope="module")
def recruited(tmp_path_factory):
    """A study on a platform; a failed attention page ends a sitting."""
    study = make_study(
        tmp_path_factory.mktemp("recruited"), sitting=[TrialsStep(pages=1, attention=1)]
    )
    changed = {"recruiting": Recruiting(platform="prolific", codes=CODES), "failures_allowed": 0}
    write_study(read_study(study).model_copy(update=changed), study)
    running = Server(study).start()
    yield running
    running.kill()


def row(server, external_id):
    with sqlite3.connect(server.study.with_suffix(".sqlite")) as connection:
        connection.row_factory = sqlite3.Row
        query = "SELECT * FROM session WHERE external_id = ?"
        return dict(connection.execute(query, (external_id,)).fetchone())


@pytest.mark.parametrize("parameter", ["PROLIFIC_PID", "workerId", "survey_code"])
def test_the_id_of_each_platform_is_taken_from_the_link(recruited, parameter):
    with recruited.client() as client:
        client.get("/", params={parameter: f"person-{parameter}"})
        assert row(recruited, f"person-{parameter}")["outcome"] == "open"


def rate(client, page, score):
    for slot in range(len(page["slots"])):
        here = f"/api/v1/page/{page['page']}/rating/{slot}"
        client.put(here, json=rating(score)).raise_for_status()
    return client.post(f"/api/v1/page/{page['page']}/submit").json()


@pytest.mark.parametrize(("attends", "outcome"), [(True, "completed"), (False, "screened_out")])
def test_every_outcome_has_its_code(recruited, attends, outcome):
    with recruited.client() as client:
        client.get("/", params={"PROLIFIC_PID": outcome})
        page, where = begin(client), {"stage": "page"}
        while where["stage"] == "page":
            asked = page["attention"]
            wrong = 5 if asked != 0 else 95
            score = 50 if asked is None else 20 * asked + 10 if attends else wrong
            where = rate(client, page, score)
            if where["stage"] == "page":
                page = client.get("/api/v1/page").json()
    assert where["completion_code"] == CODES[outcome]
    assert row(recruited, outcome)["outcome"] == outcome
    study = read_study(recruited.study)
    told = ending(study, Progress(**where), outcome)
    assert f"https://app.prolific.com/submissions/complete?cc={CODES[outcome]}" in told


def test_declined_and_withdrawn_sittings_have_codes(recruited):
    with recruited.client() as client:
        client.get("/", params={"PROLIFIC_PID": "no"})
        answer = client.post("/api/v1/consent", json={"version": "1", "agree": False}).json()
        assert (answer["stage"], answer["completion_code"]) == ("declined", "CNO")
    with recruited.client() as client:
        client.get("/", params={"PROLIFIC_PID": "gone"})
        begin(client)
        answer = client.post("/api/v1/withdraw").json()
        assert (answer["stage"], answer["completion_code"]) == ("withdrawn", "CGONE")


def test_custom_return_address_gets_code_and_id(recruited):
    where = "https://school.example/credit?experiment=7&code={code}&survey_code={id}"
    recruiting = Recruiting(platform="sona", codes={"completed": "A B"}, return_url=where)
    study = read_study(recruited.study).model_copy(update={"recruiting": recruiting})
    told = ending(study, Progress("done", 2, 2, "A B"), "x&y")
    assert "(https://school.example/credit?experiment=7&code=A%20B&survey_code=x%26y)" in told


def test_without_codes_every_listener_gets_a_random_code(server):
    codes = set()
    for _ in range(2):
        with server.client() as client:
            page, where = begin(client), {"stage": "page"}
            while where["stage"] == "page":
                where = rate(client, page, 50)
                page = client.get("/api/v1/page").json()
            codes.add(where["completion_code"])
    assert len(codes) == 2
    assert all(len(code) == 8 for code in codes), json.dumps(sorted(codes))
