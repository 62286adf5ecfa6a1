"""Every type of rating page in Chromium: answers, messages, stored rows."""

import json
import sqlite3

import pytest

from mushra_app.store.digest import text_sha256
from mushra_app.study.steps import TextStep, TrialsStep
from tests.mushra_app.support import Server, make_study

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """Start a study with every type, after a page to read."""
    steps = [TextStep(title=None, text=None)]
    steps += [TrialsStep(page=kind, pages=1) for kind in ("mushra", "mushra_nmr", "ab", "acr")]
    steps += [TrialsStep(page="ab", pages=1, no_preference=False)]
    running = Server(make_study(tmp_path_factory.mktemp("mixed"), sitting=steps)).start()
    yield running
    running.kill()


def stored(study, page, query):
    cookie = next(c["value"] for c in page.context.cookies() if c["name"] == "mushra_sitting")
    with sqlite3.connect(study.with_suffix(".sqlite")) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query, (text_sha256(cookie),))]


def message(page):
    return page.locator(".message").inner_text()


def test_all_types_work_in_one_sitting(page, mixed):
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(mixed.url)
    page.get_by_role("button", name="I agree").click()
    page.get_by_role("heading", name="How it works").wait_for()
    page.get_by_role("button", name="Start").click()

    page.get_by_text("Page 2 of 6").wait_for()
    assert page.get_by_role("button", name="Reference").count() == 1
    for slot in range(6):
        page.keyboard.press(str(slot + 1))
        page.locator(".item").nth(slot).locator("input:enabled").fill(str(10 * slot))
    page.get_by_role("button", name="Next page").click()

    page.get_by_text("Page 3 of 6").wait_for()
    page.locator(".item").first.wait_for()
    assert page.get_by_role("button", name="Reference").count() == 0
    page.keyboard.press("0")
    assert page.locator(".trial[data-playing=true]").count() == 0
    for slot in range(6):
        page.keyboard.press(str(slot + 1))
        page.locator(".item").nth(slot).locator("input:enabled").fill(str(10 * slot))
    page.get_by_role("button", name="Next page").click()

    page.get_by_text("Page 4 of 6").wait_for()
    page.locator(".answers").wait_for()
    assert page.get_by_role("radio", disabled=True).count() == 3
    page.get_by_role("button", name="Next page").click()
    assert message(page) == "Not yet: please listen to A and B and choose an answer."
    page.keyboard.press("1")
    assert page.get_by_role("radio", disabled=True).count() == 3
    page.keyboard.press("2")
    page.get_by_role("radio", name="No preference").check()
    page.locator(".state[data-state=saved]").wait_for()
    page.reload()
    page.locator(".answers").wait_for()
    assert page.get_by_role("radio", name="No preference").is_checked()
    page.get_by_role("radio", name="B is better").check()
    page.get_by_role("button", name="Next page").click()

    page.get_by_text("Page 5 of 6").wait_for()
    page.locator(".answers").wait_for()
    page.keyboard.press("1")
    page.get_by_role("radio", name="4 · Good").check()
    page.get_by_role("button", name="Next page").click()

    page.get_by_text("Page 6 of 6").wait_for()
    page.locator(".answers").wait_for()
    assert page.get_by_role("radio", name="No preference").count() == 0
    page.keyboard.press("1")
    page.keyboard.press("2")
    page.get_by_role("radio", name="A is better").check()
    page.get_by_role("button", name="Finish").click()
    page.get_by_text("Your completion code").wait_for()
    assert errors == []

    ratings = stored(
        mixed.study,
        page,
        "SELECT r.* FROM ratings_v1 r JOIN session s ON s.pseudonym = r.session "
        "WHERE s.cookie_sha256 = ? ORDER BY page_index, stimulus_index",
    )
    types = ("mushra", "mushra_nmr", "acr")
    by_type = {kind: [r for r in ratings if r["page_type"] == kind] for kind in types}
    assert [r["score"] for r in by_type["mushra"]] == [0, 10, 20, 30, 40, 50]
    assert len(by_type["mushra_nmr"]) == 6
    [mos] = by_type["acr"]
    assert (mos["score"], mos["scale_min"], mos["scale_max"]) == (4, 1, 5)
    chosen = stored(
        mixed.study,
        page,
        "SELECT p.*, g.slots FROM preferences_v1 p JOIN session s ON s.pseudonym = p.session "
        "JOIN page g ON g.session_id = s.id AND g.page_index = p.page_index "
        "WHERE s.cookie_sha256 = ? ORDER BY p.page_index",
    )
    winners = [c["system_a"] if c["choice"] == "a" else c["system_b"] for c in chosen]
    slots = [json.loads(c["slots"]) for c in chosen]
    assert winners == [slots[0][1], slots[1][0]]
    events = stored(
        mixed.study,
        page,
        "SELECT e.kind, e.page_index FROM event e JOIN session s ON s.id = e.session_id "
        "WHERE s.cookie_sha256 = ?",
    )
    kinds = {"open", "loaded", "play", "switch", "rate", "choose", "audio"}
    assert kinds <= {e["kind"] for e in events}
    assert {e["page_index"] for e in events} == set(range(6))
