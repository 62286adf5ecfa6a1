"""Pages made from templates: text of users is shown as text."""

import re

import pytest

from mushra_app.admin import sheets
from mushra_app.admin.console import figures
from mushra_app.admin.replay import Timeline
from mushra_app.admin.timeline_svg import draw
from mushra_app.study.file import read_study, write_study
from tests.mushra_app.admin.support import HTML, NAME, PASSWORD, accounts_of, login
from tests.mushra_app.support import Server, make_study

EVIL = "\"'><script>alert(1)</script><b>&amp;{{ 7*7 }}"
ESCAPED = "&#34;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;b&gt;&amp;amp;{{ 7*7 }}"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    path = make_study(tmp_path_factory.mktemp("pages"), title=EVIL)
    write_study(read_study(path).model_copy(update={"access": "invited"}), path)
    return path


@pytest.fixture(scope="module")
def server(study):
    running = Server(study).start()
    yield running
    running.kill()


def assert_shows_text(html, times):
    assert html.count(ESCAPED) == times
    assert "<script" not in html
    assert "alert(1)</" not in html


def test_listeners_page_without_invitation_shows_title_as_text(server):
    with server.client() as client:
        for path in ("/", "/?t=guess"):
            page = client.get(path, headers=HTML)
            assert page.status_code == 403
            assert_shows_text(page.text, times=1)


def test_setup_and_login_pages_show_names_as_text(server, study):
    accounts = accounts_of(study)
    token = accounts.setup_token()
    with server.client() as client:
        assert_shows_text(client.get("/admin/setup", params={"token": EVIL}).text, times=1)
        assert_shows_text(client.get("/admin/setup", params={"token": token}).text, times=1)
        form = {"token": EVIL, "name": EVIL, "password": "short", "again": "short"}
        # Title, token and name.
        assert_shows_text(client.post("/admin/setup", data=form).text, times=3)
        form |= {"password": PASSWORD, "again": PASSWORD}
        assert_shows_text(client.post("/admin/setup", data=form).text, times=1)
        assert_shows_text(client.get("/admin/login").text, times=1)
        wrong = client.post("/admin/login", data={"name": EVIL, "password": EVIL})
        assert wrong.status_code == 401
        assert_shows_text(wrong.text, times=2)
    accounts.create(token, NAME, PASSWORD)


def test_pages_after_login_show_values_as_text(server, study):
    accounts = accounts_of(study)
    if token := accounts.setup_token():
        accounts.create(token, NAME, PASSWORD)
    with server.client() as client:
        assert login(client).status_code == 303
        assert_shows_text(client.get("/admin/new").text, times=1)
        form = {"name": EVIL, "title": EVIL, "contact": EVIL, "folder": EVIL}
        refused = client.post("/admin/new", data=form)
        assert refused.status_code == 422
        # Title of the study, the four values, and the name in the reason.
        assert refused.text.count(ESCAPED) == 5
        assert "<script" not in refused.text
        wrong_folder = client.post("/admin/new", data={**form, "name": "second"})
        assert_shows_text(wrong_folder.text, times=5)
        made = client.post("/admin/new", data={"name": "second", "folder": "stimuli"})
        assert made.status_code == 201
        assert_shows_text(made.text, times=1)
        assert_shows_text(client.get("/admin/download/nothing.csv").text, times=1)


def test_every_value_of_a_template_is_escaped():
    assert_shows_text(sheets.made_sheet(EVIL, EVIL, EVIL).body.decode(), times=3)
    assert_shows_text(sheets.refusal_sheet(EVIL, f"no {EVIL}", 409).body.decode(), times=2)
    assert_shows_text(figures({EVIL: EVIL}), times=2)
    tables = sheets.render("download_tables.html", tables={"t": EVIL}, kinds=["csv"])
    assert_shows_text(tables, times=1)


def test_reason_becomes_a_sentence_and_file_names_keep_their_letters():
    for reason, sentence in (("no folder", "No folder."), ("study.yaml: bad", "study.yaml: bad.")):
        assert f">{sentence}</p>" in sheets.refusal_sheet("study", reason, 409).body.decode()


def test_timeline_of_page_without_events_is_drawn():
    drawing = draw(Timeline(versions=[0, 1]))
    assert re.findall(r">(\w)</text>", drawing) == ["A", "B"]
    assert 'aria-label="0 events in 1 seconds"' in drawing
