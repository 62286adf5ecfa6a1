"""Pages without ratings over real HTTP: content, refusals, stored values."""

import io
import json
import sqlite3
import time

import numpy as np
import pytest
import soundfile

from mushra_app.rehearsal.answers import answers as by_ear
from mushra_app.store.digest import text_sha256
from mushra_app.study.manifest import audio_folder, read_manifest
from mushra_app.study.steps import (
    CommentsStep,
    HeadphonesStep,
    LoudnessStep,
    PauseStep,
    Question,
    QuestionsStep,
    TrialsStep,
)
from tests.mushra_app.support import Server, begin, make_study

QUESTIONS = [
    Question(name="age", label="How old are you?", type="number", min=18, max=99),
    Question(name="native", label="Native?", type="choice", options=["yes", "no"]),
    Question(name="gear", label="Gear?", type="choices", options=["in", "on"], optional=True),
    Question(name="tired", label="Tired?", type="scale", options=["not", "so", "very"]),
    Question(name="job", label="Job?", type="text", optional=True),
]
GIVEN = {"age": 33, "native": "yes", "tired": "so"}


@pytest.fixture(scope="module")
def screens(tmp_path_factory):
    """Every kind of page without ratings, then one page of speech."""
    steps = [
        QuestionsStep(text="Say *who* you are. <b>raw</b>", questions=QUESTIONS),
        HeadphonesStep(method="both", rounds=4, needed=3),
        LoudnessStep(),
        LoudnessStep(),
        PauseStep(minutes=0.02),
        CommentsStep(),
        TrialsStep(pages=1),
    ]
    running = Server(make_study(tmp_path_factory.mktemp("screens"), sitting=steps)).start()
    yield running
    running.kill()


@pytest.fixture
def client(screens):
    with screens.client() as opened:
        yield opened


def row(server, client, query):
    with sqlite3.connect(server.study.with_suffix(".sqlite")) as connection:
        connection.row_factory = sqlite3.Row
        return dict(
            connection.execute(query, (text_sha256(client.cookies["mushra_sitting"]),)).fetchone()
        )


def put(client, page, answers, seq=1):
    return client.put(f"/api/v1/page/{page}/answers", json={"answers": answers, "seq": seq})


def close(client, page, answers, seq=1):
    """Answer and submit a page; return the next one."""
    assert put(client, page, answers, seq).status_code == 204
    client.post(f"/api/v1/page/{page}/submit").raise_for_status()
    return client.get("/api/v1/page").json()


def at(client, kind):
    """The page of a kind, everything before it done as asked."""
    page = begin(client)
    while page["kind"] != kind:
        sounds = [client.get("/" + sound).content for sound in page["sounds"]]
        given = GIVEN if page["kind"] == "questions" else by_ear(page, sounds)
        if page["kind"] == "pause":
            time.sleep(1.3)
        page = close(client, page["page"], given)
    return page


def test_a_questionnaire_is_kept_while_it_is_filled_in(client):
    page = begin(client)
    assert page["html"] == "<p>Say <em>who</em> you are. &lt;b&gt;raw&lt;/b&gt;</p>\n"
    assert put(client, 0, {"age": "thirt"}).status_code == 204
    assert put(client, 0, GIVEN, seq=3).status_code == 204
    assert put(client, 0, {"age": 1}, seq=2).status_code == 409
    assert put(client, 0, {"age": 1}, seq=3).status_code == 409
    assert client.get("/api/v1/page").json()["saved"] == {"answers": GIVEN, "seq": 3}


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"age": None}, 409, "age: this question has not been answered"),
        ({"native": "  "}, 409, "native: this question has not been answered"),
        ({"age": 17}, 422, "age: 17 is too small"),
        ({"age": 100.5}, 422, "age: 100.5 is too large"),
        ({"age": "33"}, 422, "age: the answer must be a number"),
        ({"age": True}, 422, "age: the answer must be a number"),
        ({"native": "perhaps"}, 422, "native: 'perhaps' is not one of the options"),
        ({"native": ["yes"]}, 422, "native: ['yes'] is not one of the options"),
        ({"gear": ["in", "in"]}, 422, "gear: an answer was chosen twice"),
        ({"gear": ["in", "off"]}, 422, "gear: 'off' is not one of the options"),
        ({"job": "x" * 501}, 422, "job: the answer has more than 500 characters"),
        ({"job": 3}, 422, "job: the answer must be a text"),
        ({"shoe": 44}, 422, "shoe: no such question on this page"),
    ],
)
def test_a_questionnaire_is_refused_in_one_sentence(client, change, status, said):
    begin(client)
    put(client, 0, GIVEN | change)
    answer = client.post("/api/v1/page/0/submit")
    assert (answer.status_code, answer.json()["detail"]) == (status, said)
    assert close(client, 0, GIVEN | {"gear": ["on"]}, seq=2)["page"] == 1


def sounds_of(client, page):
    return [client.get("/" + sound).content for sound in page["sounds"]]


def test_headphone_sounds_are_what_the_papers_describe(client):
    page = at(client, "headphones")
    assert page["rounds"] == ["antiphase"] * 4 + ["huggins"] * 4
    files = sounds_of(client, page)
    assert len(files) == 24
    assert len({len(content) for content in files}) == 1
    assert all(content[36:40] == b"data" for content in files)
    for number, method in enumerate(page["rounds"]):
        own = [soundfile.read(io.BytesIO(f)) for f in files[3 * number : 3 * number + 3]]
        rate = own[0][1]
        both = [samples for samples, _ in own]
        assert all(samples.shape == (rate, 2) for samples in both)
        opposite = [bool(np.corrcoef(s.T)[0, 1] < -0.99) for s in both]
        levels = sorted(20 * np.log10(np.std(s[:, 0])) for s in both)
        if method == "antiphase":
            assert sum(opposite) == 1
            assert levels[2] - levels[0] == pytest.approx(6, abs=0.1)
            # Loudspeakers mix both channels in the air: the decoy is the quietest there.
            mixed = [np.std(s.sum(axis=1)) for s in both]
            assert opposite.index(True) == int(np.argmin(mixed))
            assert max(abs(np.fft.rfft(both[0][:, 0]))) == abs(np.fft.rfft(both[0][:, 0]))[200]
        else:
            differs = [np.abs(np.fft.rfft(s[:, 0] - s[:, 1])) for s in both]
            [hidden] = [d for d in differs if d.max() > 1]
            inside = np.abs(np.arange(len(hidden)) / 600 - 1) <= 0.06
            # The band turned round at one ear is the only difference; edges are smeared by ramps.
            assert np.sum(hidden[inside] ** 2) > 0.97 * np.sum(hidden**2)
            assert levels[2] - levels[0] < 0.5


def test_answer_differs_by_listener_and_is_never_sent(screens):
    patterns, told = [], []
    for _ in range(3):
        with screens.client() as one:
            page = at(one, "headphones")
            patterns.append(tuple(by_ear(page, sounds_of(one, page)).values()))
            told.append({k: v for k, v in page.items() if k not in ("sounds", "age_ms")})
            assert by_ear(page, sounds_of(one, page)) == by_ear(page, sounds_of(one, page))
    assert len(set(patterns)) == 3
    assert told[0] == told[1] == told[2]


@pytest.mark.parametrize(("wrong", "result"), [(1, "passed"), (2, "failed")])
def test_each_method_needs_enough_right_answers(screens, client, wrong, result):
    page = at(client, "headphones")
    right = by_ear(page, sounds_of(client, page))
    put(client, 1, dict(list(right.items())[:5]))
    answer = client.post("/api/v1/page/1/submit")
    assert (answer.status_code, answer.json()["detail"]) == (409, "round 6 of 8 has no answer")
    put(client, 1, right | {"huggins_4": 3}, seq=2)
    answer = client.post("/api/v1/page/1/submit")
    assert (answer.status_code, answer.json()["detail"]) == (422, "round 8: answer with 0, 1 or 2")
    given = right | {f"huggins_{i + 1}": (right[f"huggins_{i + 1}"] + 1) % 3 for i in range(wrong)}
    assert close(client, 1, given, seq=3)["kind"] == "loudness"
    query = (
        "SELECT s.headphones, p.passed FROM session s JOIN page p ON p.session_id = s.id "
        "WHERE p.kind = 'headphones' AND s.cookie_sha256 = ?"
    )
    assert row(screens, client, query) == {"headphones": result, "passed": result == "passed"}


def test_failing_listener_is_screened_out_if_the_study_demands_it(tmp_path):
    steps = [HeadphonesStep(rounds=3, needed=3, on_fail="screen_out"), TrialsStep(pages=1)]
    server = Server(make_study(tmp_path, sitting=steps)).start()
    with server.client() as client:
        page = begin(client)
        right = by_ear(page, sounds_of(client, page))
        put(client, 0, {name: (value + 1) % 3 for name, value in right.items()})
        assert client.post("/api/v1/page/0/submit").json()["stage"] == "screened_out"
        assert client.get("/api/v1/page").status_code == 409
    server.kill()


def test_loudness_is_set_once_and_then_moves_by_4_db_at_most(screens, client):
    page = at(client, "loudness")
    assert (page["min_db"], page["max_db"], page["loudness"]) == (-40, 0, None)
    [sound] = page["sounds"]
    folder = audio_folder(screens.study)
    references = [
        (folder / i.path).read_bytes() for i in read_manifest(folder).items if i.role == "reference"
    ]
    assert client.get("/" + sound).content in references
    assert (
        client.post("/api/v1/page/2/submit").json()["detail"]
        == "gain_db: missing; set a loudness first"
    )
    for bad in (3, -41, "loud", True):
        put(client, 2, {"gain_db": bad}, seq=page["saved"]["seq"] + 1)
        assert client.post("/api/v1/page/2/submit").status_code == 422
        page = client.get("/api/v1/page").json()
    later = close(client, 2, {"gain_db": -12}, seq=9)
    assert (later["min_db"], later["max_db"], later["start_db"]) == (-16, -8, -12)
    assert later["loudness"] == pytest.approx(10 ** (-12 / 20))
    put(client, 3, {"gain_db": -7.5})
    assert client.post("/api/v1/page/3/submit").status_code == 422
    assert put(client, 2, {"gain_db": 0}, seq=10).status_code == 409
    after = close(client, 3, {"gain_db": -10}, seq=2)
    assert after["loudness"] == pytest.approx(10 ** (-10 / 20))


def test_a_rest_cannot_be_cut_short(client):
    page = at(client, "pause")
    assert page["rest_s"] == pytest.approx(1.2)
    answer = client.post(f"/api/v1/page/{page['page']}/submit")
    assert (answer.status_code, answer.json()["detail"].split(";")[0]) == (
        409,
        "the rest is not over",
    )
    time.sleep(1.3)
    client.post(f"/api/v1/page/{page['page']}/submit").raise_for_status()


def test_comments_are_stored_as_answers_and_may_stay_empty(screens, client):
    page = at(client, "comments")
    number = page["page"]
    put(client, number, {"comments": "x" * 5001})
    answer = client.post(f"/api/v1/page/{number}/submit")
    assert answer.json()["detail"] == "the text has more than 5000 characters"
    put(client, number, {"rating": "good"}, seq=2)
    assert client.post(f"/api/v1/page/{number}/submit").status_code == 422
    close(client, number, {"comments": "Nice <b>voice</b>."}, seq=3)
    query = (
        "SELECT p.answers FROM page p JOIN session s ON s.id = p.session_id "
        "WHERE p.kind = 'comments' AND s.cookie_sha256 = ?"
    )
    stored = json.loads(row(screens, client, query)["answers"])
    assert stored == {"comments": "Nice <b>voice</b>."}
