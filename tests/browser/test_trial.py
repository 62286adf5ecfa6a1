"""Rating page in Chromium: listen, switch, rate, reload, restart of the server."""

import json
import sqlite3
from urllib.parse import urlparse

import pytest

from mushra_app.store.digest import text_sha256
from tests.mushra_app.support import Server, make_study

pytestmark = pytest.mark.browser

STATES = "document.querySelector('.trial-root').trial.states.map(s => [s.score, s.n_plays > 0])"

# Fulfilled when nothing of the page has changed for half a second.
UNCHANGED = """() => new Promise((fulfil) => {
  let timer = setTimeout(fulfil, 500);
  const restart = () => { clearTimeout(timer); timer = setTimeout(fulfil, 500); };
  const observed = { childList: true, subtree: true, attributes: true };
  new MutationObserver(restart).observe(document.documentElement, observed);
})"""
FOCUS = "document.activeElement.tagName === 'H1' && document.activeElement.textContent"
HIDE_HEADINGS = """addEventListener("DOMContentLoaded", () => {
  const style = document.createElement("style");
  style.id = "hiding";
  style.textContent = ".sheet h1 { visibility: hidden !important; }";
  document.head.append(style);
})"""


def stored(study, page):
    cookie = next(c["value"] for c in page.context.cookies() if c["name"] == "mushra_sitting")
    query = (
        "SELECT r.slot, r.score, r.n_plays, r.heard_ms, r.role, s.origin, p.page_index "
        "FROM rating r JOIN page p ON p.id = r.page_id JOIN session s ON s.id = p.session_id "
        "WHERE s.cookie_sha256 = ? ORDER BY p.page_index, r.slot"
    )
    with sqlite3.connect(study.with_suffix(".sqlite")) as connection:
        return connection.execute(query, (text_sha256(cookie),)).fetchall()


def saved(page):
    page.locator(".state[data-state=saved]").wait_for()


def rate(page, slot, score):
    page.keyboard.press(str(slot + 1))
    page.locator(".item").nth(slot).locator("input:enabled").fill(str(score))


def test_listener_rates_page_reloads_and_continues(page, server, study, start):
    hosts, errors = set(), []
    page.on("request", lambda request: hosts.add(urlparse(request.url).netloc))
    page.on("pageerror", lambda error: errors.append(str(error)))
    start(page, server.url)
    assert page.locator("input:enabled").count() == 0
    page.keyboard.press("Space")
    page.locator(".trial[data-playing=true]").wait_for()
    for slot, score in enumerate([90, 10, 40, 70]):
        rate(page, slot, score)
        assert page.locator("input:enabled").count() == 1
    page.get_by_role("button", name="Next page").click()
    assert page.locator(".message").inner_text() == "Not yet: please listen to and rate E and F."
    page.keyboard.press("5")
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    saved(page)
    page.reload()
    page.locator(".board").wait_for()
    values = [[90, True], [10, True], [40, True], [70, True], [53, True], [None, False]]
    assert page.evaluate(STATES) == values
    assert page.locator("output").all_inner_texts() == ["90", "10", "40", "70", "53", "–"]
    page.keyboard.press("6")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Next page").click()
    page.get_by_text("Page 2 of 2").wait_for()
    rows = stored(study, page)
    assert [row[1] for row in rows] == [90, 10, 40, 70, 53, 50]
    assert all(row[2] > 0 and row[5] == "human" for row in rows)
    for slot in range(6):
        rate(page, slot, 60 + slot)
    page.get_by_role("button", name="Finish").click()
    page.get_by_text("Your completion code").wait_for()
    assert len(stored(study, page)) == 12
    assert hosts == {urlparse(server.url).netloc}
    assert errors == []


def test_loop_region_is_set_by_mouse_and_keyboard(page, server, start):
    start(page, server.url)
    length = page.evaluate("document.querySelector('.trial-root').trial.engine.length")
    region = "(e => [e.start, e.end])(document.querySelector('.trial-root').trial.engine)"
    assert page.evaluate(region) == [0, length]
    assert not page.get_by_role("button", name="Whole sentence").is_visible()
    box = page.locator(".wave-box").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.2 * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], middle, steps=4)
    page.mouse.up()
    first, last = page.evaluate(region)
    assert first / length == pytest.approx(0.2, abs=0.01)
    assert last / length == pytest.approx(0.7, abs=0.01)
    handle = page.get_by_role("slider", name="Repeated part: start")
    handle.focus()
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(region)[0] == first - 0.05 * 24000
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    first, last = page.evaluate(region)
    assert last - first == 0.5 * 24000
    page.get_by_role("button", name="Whole sentence").click()
    assert page.evaluate(region) == [0, length]


def test_keys_do_nothing_while_help_is_open(page, server, start):
    start(page, server.url)
    page.keyboard.press("?")
    page.get_by_role("heading", name="Listening and rating").wait_for()
    page.keyboard.press("2")
    assert page.locator(".trial[data-playing=true]").count() == 0
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    page.locator(".trial[data-playing=true]").wait_for()
    assert page.locator(".pick[aria-pressed=true]").inner_text().startswith("B")


def test_thumb_is_aligned_with_ticks(page, server, start):
    start(page, server.url)
    bands = page.locator(".bands").bounding_box()
    track = page.locator(".track").first.bounding_box()
    thumb = 28
    assert bands["y"] == pytest.approx(track["y"] + thumb / 2, abs=1)
    assert bands["height"] == pytest.approx(track["height"] - thumb, abs=1)
    assert bands["height"] >= 378
    small = page.evaluate(
        "[...document.querySelectorAll('.trial button')].filter(b => b.offsetParent && "
        "(b.offsetWidth < 44 || b.offsetHeight < 44)).map(b => b.textContent)"
    )
    assert small == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_fits_a_phone(browser, server, start, scheme):
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True, color_scheme=scheme
    )
    phone = context.new_page()
    start(phone, server.url)
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    last = phone.locator(".pick").last.bounding_box()
    assert last["x"] + last["width"] <= 390
    phone.locator(".pick").last.tap()
    phone.locator(".trial[data-playing=true]").wait_for()
    background = phone.evaluate(
        "getComputedStyle(document.querySelector('.board')).backgroundColor"
    )
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")
    context.close()


@pytest.fixture(scope="module")
def restartable(tmp_path_factory):
    """Start a server that tests kill and start again."""
    running = Server(make_study(tmp_path_factory.mktemp("restartable"))).start()
    yield running
    running.kill()


def test_killed_server_loses_no_rating(browser, restartable, start):
    server, study = restartable, restartable.study
    context = browser.new_context()
    page = context.new_page()
    start(page, server.url)
    for slot in range(3):
        rate(page, slot, 30 + slot)
    saved(page)
    before = stored(study, page)
    server.kill()
    assert stored(study, page) == before
    assert [row[1] for row in before] == [30, 31, 32]
    for slot in range(3, 6):
        rate(page, slot, 30 + slot)
    page.locator(".state[data-state=retrying]").wait_for()
    assert page.locator(".trial[data-playing=true]").count() == 1
    server.start()
    saved(page)
    page.get_by_role("button", name="Next page").click()
    page.get_by_text("Page 2 of 2").wait_for()
    assert [row[1] for row in stored(study, page)] == [30, 31, 32, 33, 34, 35]
    context.close()


def test_consent_to_changed_text_is_asked_again(page, restartable):
    page.goto(restartable.url)
    page.get_by_role("button", name="I agree").wait_for()
    restartable.kill()
    text = restartable.study.read_text()
    assert "version: '1'" in text
    changed = text.replace("version: '1'", "version: '2'").replace("Questions:", "Write to us:")
    restartable.study.write_text(changed)
    restartable.start()
    page.get_by_role("button", name="I agree").click()
    page.get_by_text("Write to us:").wait_for()
    assert consent(restartable.study, page) == (None, None)
    page.get_by_role("button", name="I agree").click()
    page.locator(".board").wait_for()
    assert consent(restartable.study, page) == (1, "2")


def consent(study, page):
    cookie = next(c["value"] for c in page.context.cookies() if c["name"] == "mushra_sitting")
    query = "SELECT consent_given, consent_version FROM session WHERE cookie_sha256 = ?"
    with sqlite3.connect(study.with_suffix(".sqlite")) as connection:
        return connection.execute(query, (text_sha256(cookie),)).fetchone()


def test_listener_continues_after_lost_response_to_submit(page, server, start):
    start(page, server.url)
    for slot in range(6):
        rate(page, slot, 20 + slot)
    saved(page)

    def lose(route):
        assert route.fetch().ok
        route.abort()

    page.route("**/submit", lose, times=1)
    page.get_by_role("button", name="Next page").click()
    page.get_by_text("This page is not saved yet.").wait_for()
    page.get_by_role("button", name="Next page").click()
    page.get_by_text("Page 2 of 2").wait_for()


def test_refused_rating_is_shown_and_not_sent_again(page, server, study, start):
    start(page, server.url)
    sent = []
    page.on("response", lambda r: sent.append(r.status) if "/rating/0" in r.url else None)
    state = "document.querySelector('.trial-root').trial.states[0]"
    page.keyboard.press("1")
    page.evaluate(f"{state}.heard_ms = -1e9")
    page.locator("input:enabled").fill("40")
    page.locator(".state[data-state=refused]").wait_for()
    assert "Not saved" in page.locator(".state").inner_text()
    assert page.get_by_text("Not saved: please give that answer again").count() == 2
    page.wait_for_timeout(1500)
    assert sent.count(422) == 1
    page.evaluate(f"{state}.heard_ms = 0")
    page.locator("input:enabled").fill("41")
    saved(page)
    assert stored(study, page)[0][1] == 41


def test_unknown_browser_sees_message(page, server, start):
    start(page, server.url)
    page.context.clear_cookies()
    rate(page, 0, 50)
    page.locator(".state[data-state=lost]").wait_for()
    assert "open the link of the study again" in page.locator(".state").inner_text()


def test_page_opened_weeks_ago_is_saved(page, server, study, start):
    start(page, server.url)
    page.evaluate("document.querySelector('.trial-root').trial.opened -= 40 * 86400000")
    rate(page, 0, 50)
    saved(page)
    assert [row[1] for row in stored(study, page)] == [50]


def test_focus_moves_to_every_new_heading(page, server):
    def heading():
        """Wait until a heading has the focus; return its text."""
        return page.wait_for_function(FOCUS).json_value()

    page.goto(server.url)
    assert heading() == "How natural does this speech sound?"
    page.get_by_role("button", name="No, thank you").press("Enter")
    assert heading() == "All right"
    page.get_by_role("button", name="I have changed my mind").press("Enter")
    assert heading() == "How natural does each version sound?"
    for button, next_heading in (
        ("Next page", "How natural does each version sound?"),
        ("Finish", "Thank you"),
    ):
        for slot in range(6):
            rate(page, slot, 50)
        page.get_by_role("button", name=button).press("Enter")
        assert heading() == next_heading


def test_heading_has_focus_though_its_module_comes_last(page, server):
    held = []
    page.route("**/sheets.js*", lambda route: held.append(route))
    page.goto(server.url, wait_until="commit")
    page.get_by_role("heading", name="How natural does this speech sound?").wait_for()
    page.evaluate(UNCHANGED)
    assert page.evaluate("document.activeElement === document.body")
    held[0].continue_()
    assert page.wait_for_function(FOCUS).json_value() == "How natural does this speech sound?"


def test_heading_that_takes_no_focus_yet_does_not_hang_the_page(page, server):
    page.add_init_script(HIDE_HEADINGS)
    page.goto(server.url, wait_until="commit")
    page.locator(".sheet h1").first.wait_for(state="attached")
    page.wait_for_function("document.querySelector('.sheet h1[tabindex]')")
    page.evaluate(UNCHANGED)
    assert page.evaluate("document.activeElement === document.body")
    page.evaluate("document.getElementById('hiding').remove()")
    assert page.wait_for_function(FOCUS).json_value() == "How natural does this speech sound?"


def test_only_problems_and_their_end_are_read_out(page, server, start):
    start(page, server.url)
    spoken = page.locator(".trial header [role=status]")
    assert page.locator(".state").get_attribute("aria-live") is None
    rate(page, 0, 30)
    saved(page)
    assert spoken.inner_text() == ""
    page.route("**/rating/*", lambda route: route.abort())
    rate(page, 1, 40)
    page.locator(".state[data-state=retrying]").wait_for()
    assert spoken.inner_text().startswith("Not saved yet")
    page.unroute("**/rating/*")
    saved(page)
    assert spoken.inner_text() == "Saved"


def test_versions_after_z_have_two_letters(page, server, start):
    start(page, server.url)
    address = page.evaluate(
        "[...document.querySelectorAll('link')].find(l => l.href.endsWith('trial.css')).href"
    ).replace("trial.css", "listening.js")
    code = (
        "async (a) => { const { nameOf } = await import(a); return [0, 25, 26, 31].map(nameOf); }"
    )
    assert page.evaluate(code, address) == ["A", "Z", "AA", "AF"]


def test_browser_keeps_only_the_cookie(page, server, start):
    start(page, server.url)
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "run-history" not in kept
    assert all(word not in kept for word in ("zebrabaseline", "quokkacontext", "anchor"))
    assert json.loads(kept)[1] == {}
