"""Headless Chromium, and a running application to point it at."""

import shutil

import pytest

from tests.mushra_app.support import Server, make_study

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser():
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    return make_study(tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="session")
def server(study):
    running = Server(study).start()
    yield running
    running.kill()


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture
def start():
    """Go from the link of the study to its first page."""

    def go(page, address):
        page.goto(address)
        page.get_by_role("button", name="I agree").click()
        page.locator(".board").wait_for()

    return go
