"""Every kind of page in every theme and width: fit, targets, colours.

Screenshots are written to the folder INTONE_SCREENSHOTS.
"""

import os
from pathlib import Path

import pytest

from tests.browser.test_accessibility import every_kind, forward
from tests.mushra_app.support import Server, make_study

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# At least 44 px; a checkbox or radio button counts with its label.
SMALL = """[...document.querySelectorAll('.trial button, .trial label.answer, .trial select')]
  .filter((e) => e.offsetParent && (e.offsetWidth < 44 || e.offsetHeight < 44))
  .map((e) => e.outerHTML.slice(0, 80))"""
INK = """() => {
  const box = document.querySelector('.trial'), style = getComputedStyle(box);
  return [box.offsetWidth > 300, style.color !== style.backgroundColor];
}"""


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    running = Server(make_study(tmp_path_factory.mktemp("screens"), sitting=every_kind())).start()
    yield running
    running.kill()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 768, 1280])
def test_every_page_fits_and_is_drawn(browser, full, tmp_path, scheme, width):
    folder = Path(os.environ.get("INTONE_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(
        viewport={"width": width, "height": 844 if width < 700 else 900},
        color_scheme=scheme,
        reduced_motion="reduce",
        has_touch=width < 700,
    )
    page = context.new_page()
    page.goto(full.url)
    page.get_by_role("button", name="I agree").wait_for()
    page.screenshot(path=folder / f"{scheme}-{width}-00-consent.png")
    page.get_by_role("button", name="I agree").click()
    kinds = [step.page if step.type == "trials" else step.type for step in every_kind()]
    for index, kind in enumerate(kinds):
        page.get_by_text(f"{index + 1} of {len(kinds)}").first.wait_for()
        page.locator(".trial[aria-busy=false]").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, kind
        assert page.evaluate(SMALL) == [], kind
        assert page.evaluate(INK) == [True, True], kind
        name = f"{scheme}-{width}-{index + 1:02d}-{kind}.png"
        page.screenshot(path=folder / name, full_page=True)
        forward(page)
    page.get_by_text("Your completion code").wait_for()
    page.screenshot(path=folder / f"{scheme}-{width}-99-end.png")
    assert len(list(folder.glob(f"{scheme}-{width}-*.png"))) == len(kinds) + 2
    context.close()
