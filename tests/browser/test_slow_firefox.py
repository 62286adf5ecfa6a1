"""Rating page in Firefox, the second browser engine of listeners."""

import shutil
import sqlite3
import warnings

import pytest

from tests.browser.firefox import Firefox
from tests.mushra_app.support import Server, make_study

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PRESS = """
const named = [...document.querySelectorAll("button")].find((b) => b.textContent.includes(%r));
if (!named || !named.offsetParent) return false;
named.click();
return true;
"""
KEY = "document.dispatchEvent(new KeyboardEvent('keydown', {key: arguments[0], bubbles: true}))"
SLIDER = ".item[data-current=true] input:enabled"
RATE = """
const slider = document.querySelector(".item[data-current=true] input:enabled");
if (!slider) return false;
slider.value = arguments[0];
slider.dispatchEvent(new Event("input", {bubbles: true}));
return true;
"""


@pytest.fixture
def firefox(tmp_path):
    binary = shutil.which("firefox-esr") or shutil.which("firefox")
    if binary is None:
        pytest.skip("Firefox is not installed (apt-get install firefox-esr)")
    browser = Firefox(binary, tmp_path / "profile")
    yield browser
    browser.close()


def test_listener_rates_page_in_firefox(firefox, tmp_path):
    study = make_study(tmp_path)
    server = Server(study).start()
    firefox.goto(server.url)
    firefox.wait(PRESS % "I agree")
    firefox.wait("return document.querySelectorAll('.board .item').length === 6")
    for slot in range(6):
        firefox.run(KEY, str(slot + 1))
        firefox.wait(
            "return document.querySelector('.item[data-current=true] input:enabled')!==null"
        )
        assert firefox.run(RATE, 10 + slot)
    assert firefox.run("return document.querySelector('.trial').dataset.playing") == "true"
    trial = "document.querySelector('.trial-root').trial"
    if firefox.run(f"return {trial}.context.state") == "running":
        firefox.wait(f"return {trial}.engine.position() > 0.05")
    else:
        # Without a sound device Firefox never starts its audio clock, which Chromium does.
        warnings.warn("no sound device: playback in Firefox was not tested", stacklevel=1)
    firefox.wait("return document.querySelector('.state').dataset.state === 'saved'")
    firefox.screenshot(tmp_path / "firefox.png")
    shown = "return [...document.querySelectorAll('output')].map((o) => o.textContent)"
    assert firefox.run(shown) == [str(10 + slot) for slot in range(6)]
    firefox.wait(PRESS % "Next page")
    firefox.wait("return document.body.textContent.includes('Page 2 of 2')")
    with sqlite3.connect(study.with_suffix(".sqlite")) as connection:
        scores = connection.execute("SELECT score FROM ratings_v1 ORDER BY stimulus_index")
        assert [score for (score,) in scores] == [10, 11, 12, 13, 14, 15]
    server.kill()
