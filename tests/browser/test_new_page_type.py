"""The example of docs/page-types.md in Chromium."""

import json
import sqlite3

import pytest

from mushra_app.page_types import RATING_TYPES
from mushra_app.study import page_names
from mushra_app.study.steps import TrialsStep
from mushra_app.study.texts import FOLDER
from mushra_app.web.local_server import running
from tests.mushra_app.documented import example, understood
from tests.mushra_app.support import make_study

pytestmark = pytest.mark.browser


def test_page_of_new_type_is_shown_and_answered(page, tmp_path, monkeypatch):
    from mushra_app.web.app import create_app

    monkeypatch.setitem(RATING_TYPES, "understood", understood())
    monkeypatch.setattr(page_names, "PAGE_NAMES", tuple(RATING_TYPES))
    texts = json.loads((FOLDER / "texts.en.json").read_text("utf-8"))
    # The files that the guide adds to the player's folder.
    page.route(
        "**/player/*/types/understood.js",
        lambda route: route.fulfill(body=example("js"), content_type="text/javascript"),
    )
    page.route(
        "**/player/*/texts.en.json",
        lambda route: route.fulfill(
            json=texts | {"help_understood": "Say whether you understood."}
        ),
    )
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    step = TrialsStep(page="understood", pages=1, prompt="Every word?")
    study = make_study(tmp_path, sitting=[step])
    with running(create_app(study)) as address:
        page.goto(address)
        page.get_by_role("button", name="I agree").click()
        page.get_by_role("heading", name="Every word?").wait_for()
        page.get_by_role("button", name="Finish").click()
        assert page.locator(".message").inner_text() == "Not yet: please listen to and rate A."
        page.keyboard.press("1")
        page.get_by_role("radio", name="No").check()
        page.keyboard.press("?")
        page.get_by_text("Say whether you understood.").wait_for()
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Finish").click()
        page.get_by_text("Your completion code").wait_for()
    assert errors == []
    with sqlite3.connect(study.with_suffix(".sqlite")) as connection:
        rows = connection.execute("SELECT page_type, score FROM ratings_v1").fetchall()
    assert rows == [("understood", 0)]
