"""Researcher's pages in Chromium, from setup link to replay."""

import os
import random
import sqlite3
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mushra_app.study.steps import CommentsStep, TextStep, TrialsStep
from tests.mushra_app.admin.support import NAME, PASSWORD, accounts_of
from tests.mushra_app.support import Server, make_study, rating

pytestmark = pytest.mark.browser
TABS = ("Study", "Live", "Replay", "Remarks", "Download")
EVIL = "${Object.assign(window,{HACKED:1})}<img src=x onerror='window.HACKED=1'>{{value}}"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    sitting = [TextStep(), TrialsStep(attention=1, repeats=1), CommentsStep()]
    return make_study(tmp_path_factory.mktemp("watched"), sitting=sitting)


@pytest.fixture(scope="module")
def watched(study):
    running = Server(study, statistics=True).start()
    for number in range(7):
        _listen(running, number, stop=2 if number % 3 == 2 else 99)
    yield running
    running.kill()


def _listen(server, number, stop):
    """Rate as a listener with random scatter who stops before page `stop`."""
    chance = random.Random(number)
    with server.client() as client:
        consent = client.post("/api/v1/session", json={}).json()["consent"]
        client.post("/api/v1/consent", json={"version": consent["version"], "agree": True})
        while True:
            answer = client.get("/api/v1/page")
            if answer.status_code != 200 or answer.json()["page"] >= stop:
                return
            page = answer.json()
            index, slots = page["page"], page.get("slots", [])
            events, at = [], 400
            for slot in range(len(slots)):
                score = min(100, max(0, round(30 + 10 * slot + chance.gauss(0, 8))))
                body = rating(score, n_plays=2)
                client.put(f"/api/v1/page/{index}/rating/{slot}", json=body).raise_for_status()
                for kind, data in (
                    ("play" if slot == 0 else "switch", {"version": slot, "to": slot, "at": 0.0}),
                    ("rate", {"version": slot, "score": score}),
                ):
                    events.append({"kind": kind, "at_ms": at, "data": data})
                    at += chance.randint(900, 3200)
                if slot == 3:
                    events.append({"kind": "hidden", "at_ms": at, "data": {}})
                    events.append({"kind": "visible", "at_ms": at + 1500, "data": {}})
                    events.append({"kind": "loop", "at_ms": at, "data": {"start": 0.2, "end": 1.1}})
            events.append({"kind": "stop", "at_ms": at, "data": {}})
            for i, event in enumerate(events):
                event["key"] = f"k{index}-{i}"
            client.post("/api/v1/events", json={"page": index, "events": events})
            if index == 1 and number in (1, 2):
                text = EVIL if number == 1 else "The third version clicks at the end."
                kind = "problem" if number == 1 else "comment"
                body = {"page": index, "key": "r1", "kind": kind, "text": text}
                client.post("/api/v1/remark", json=body).raise_for_status()
            client.post(f"/api/v1/page/{index}/submit").raise_for_status()


@pytest.fixture(scope="module")
def accounts(study):
    return accounts_of(study)


@pytest.fixture(scope="module")
def token(accounts):
    """Return the token of the setup link."""
    return accounts.setup_token()


@pytest.fixture
def account(accounts):
    """Make the researcher's account, unless another test has made it."""
    token = accounts.setup_token()
    if token is not None:
        accounts.create(token, NAME, PASSWORD)


def picture(page, name):
    """Write a screenshot to the folder INTONE_PICTURES, if it is set."""
    folder = os.environ.get("INTONE_PICTURES")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def opened(page, name):
    """Open a tab, which is in a menu on a narrow screen."""
    tab = page.get_by_role("tab", name=name, exact=True).locator("visible=true")
    if not tab.count():
        page.locator(".overflow-menu > button").click()
        tab = page.locator(".overflow-dropdown button", has_text=name)
    tab.first.click()
    page.wait_for_timeout(700)


def test_researcher_sets_up_logs_in_and_uses_every_tab(browser, watched, study, token):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    errors, hosts = [], set()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.goto(f"{watched.url}/admin")
    page.get_by_role("heading", name="Log in").wait_for()
    picture(page, "login")

    page.goto(f"{watched.url}/admin/setup?token={token}")
    picture(page, "setup")
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password once more").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    page.get_by_text("Every listener with the link can take part.").wait_for()
    page.get_by_role("button", name="Log out").click()
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    page.get_by_text("Wrong name or password.").wait_for()
    picture(page, "refused")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_text("Every listener with the link can take part.").wait_for()
    page.get_by_text(f"{watched.url}/", exact=True).wait_for()

    page.get_by_role("button", name="Pause").click()
    page.get_by_text("Paused.").wait_for()
    with sqlite3.connect(study.with_suffix(".sqlite")) as connection:
        assert connection.execute("SELECT state FROM study").fetchone() == ("paused",)
    page.get_by_role("button", name="Open", exact=True).click()
    page.get_by_text("Open.", exact=True).wait_for()
    with context.expect_page() as listener:
        page.get_by_role("button", name="Preview as a listener").click()
    listener.value.get_by_role("button", name="I agree").wait_for()
    listener.value.close()

    opened(page, "Live")
    page.get_by_text("listening now").wait_for()
    page.get_by_text("Screening: ").wait_for()
    assert page.locator(".figures b").first.inner_text() == "7"
    page.get_by_role("button", name="Look at the results").click()
    page.get_by_text("Look number 1 is recorded.").wait_for()
    page.get_by_text("quokkacontext").last.wait_for()

    opened(page, "Replay")
    page.locator("svg.timeline").wait_for()
    page.get_by_label("Page", exact=True).click()
    page.get_by_role("option", name="mushra").first.click()
    page.locator("svg.timeline circle.rate").first.wait_for()
    slider = page.locator("input[type=range]:visible")
    slider.fill("6")
    page.locator("svg.timeline .cursor").wait_for(state="attached")
    page.get_by_text("event 6 of").wait_for()

    opened(page, "Remarks")
    page.get_by_text("The third version clicks").locator("visible=true").first.wait_for()
    page.get_by_text("${Object.assign").locator("visible=true").first.wait_for()
    assert page.evaluate("window.HACKED") is None

    opened(page, "Download")
    with page.expect_download() as download:
        page.get_by_role("link", name="csv").first.click()
    assert download.value.suggested_filename.endswith("ratings.csv")
    assert "quokkacontext" in Path(download.value.path()).read_text()

    page.goto(f"{watched.url}/admin/new")
    page.get_by_role("heading", name="A new study").wait_for()
    picture(page, "new")
    assert errors == []
    assert hosts == {urlsplit(watched.url).netloc}
    context.close()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.usefixtures("account")
def test_every_tab_fits_screen(browser, watched, width, scheme):
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{watched.url}/admin/login")
    picture(page, f"login-{width}-{scheme}")
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_text("Every listener with the link can take part.").wait_for()
    for tab in TABS:
        if tab != "Study":
            opened(page, tab)
        if tab == "Live":
            page.get_by_text("Screening: ").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, tab
        picture(page, f"{tab.lower()}-{width}-{scheme}")
    assert errors == []
    context.close()
