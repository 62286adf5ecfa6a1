"""Sitting with every kind of page in Chromium, in German, by keyboard."""

import json
import re
import sqlite3

import pytest

from mushra_app.store.digest import text_sha256
from mushra_app.study.steps import (
    CommentsStep,
    HeadphonesStep,
    LoudnessStep,
    PauseStep,
    QuestionsStep,
    TextStep,
    TrainingStep,
    TrialsStep,
)
from tests.mushra_app.support import Server, make_study

pytestmark = pytest.mark.browser

ASKED = QuestionsStep.model_validate(
    {
        "text": "Nur für die **Auswertung**.",
        "questions": [
            {"name": "age", "label": "Alter", "type": "number", "min": 18},
            {"name": "job", "label": "Beruf"},
            {
                "name": "native",
                "label": "Muttersprache",
                "type": "choice",
                "options": ["ja", "nein"],
            },
            {"name": "gear", "label": "Gerät", "type": "choices", "options": ["in", "auf"]},
            {
                "name": "tired",
                "label": "Müde",
                "type": "scale",
                "options": ["nein", "etwas", "sehr"],
            },
            {"name": "more", "label": "Noch etwas", "type": "long_text", "optional": True},
        ],
    }
)


@pytest.fixture(scope="module")
def german(tmp_path_factory):
    """Start a study with every kind of page in one sitting."""
    steps = [
        TextStep(),
        ASKED,
        HeadphonesStep(rounds=3, needed=1, method="both"),
        LoudnessStep(),
        TrainingStep(pages=1),
        PauseStep(minutes=0.05),
        *(TrialsStep(page=kind, pages=1) for kind in ("mushra", "mushra_nmr", "ab", "acr")),
        CommentsStep(),
    ]
    folder = tmp_path_factory.mktemp("german")
    running = Server(make_study(folder, sitting=steps, language="de")).start()
    yield running
    running.kill()


@pytest.fixture
def keys(page, german):
    """Return the keyboard of an opened study, whose page has no mouse."""
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(german.url)
    page.get_by_role("button", name="Ich bin einverstanden").wait_for()
    yield Keys(page)
    assert errors == []


class Keys:
    """Keyboard of a listener: tab to an element, press a key."""

    def __init__(self, page):
        self.page = page

    def to(self, name, *, most=40, back=False):
        """Tab until the element with the focus is called `name`."""
        for _ in range(most):
            self.page.keyboard.press("Shift+Tab" if back else "Tab")
            if re.search(name, self.page.evaluate(FOCUSED)):
                return self
        raise AssertionError(f"{name} is not reached; at {self.page.evaluate(FOCUSED)!r}")

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
        return self

    def type(self, words):
        self.page.keyboard.type(words)
        return self

    def heading(self, words):
        self.page.get_by_role("heading", name=words).wait_for()
        return self

    def saved(self):
        self.page.locator(".state[data-state=saved]").wait_for()
        return self


# The accessible name of the element with the focus, approximately.
FOCUSED = """(() => {
  const e = document.activeElement;
  if (e === document.body) return "";
  return e.getAttribute("aria-label") ?? ([...(e.labels ?? [])].map((l) => l.textContent).join(" ")
    || e.textContent).trim();
})()"""


def agree(keys):
    keys.to("einverstanden").press("Enter").heading("So geht es")
    keys.to("Beginnen").press("Enter").heading("Ein paar Fragen")


def message(page):
    return page.locator(".message").inner_text()


def answer_questions(keys):
    keys.to("Alter").type("33").to("Beruf").type("Bäckerin").to("ja").press("Space")
    keys.to("in").press("Space").to("nein").press("Space", "ArrowRight").to("Nächste Seite")


def rate(keys, slots):
    for slot in range(slots):
        keys.press(str(slot + 1), "ArrowUp")
    keys.to("Nächste Seite").press("Enter")


def test_every_kind_of_page_works_by_keyboard_in_german(page, german, keys):
    assert page.evaluate("document.documentElement.lang") == "de"
    assert "Dauer: etwa" in page.locator(".stage-consent").inner_text()
    agree(keys)
    answer_questions(keys)
    keys.press("Enter").heading("Kopfhörerprüfung")

    for number in range(6):
        page.get_by_text(f"Runde {number + 1} von 6").wait_for()
        if number == 0:
            keys.to("Nächste Runde").press("Enter")
            assert message(page).startswith("Noch nicht: Bitte hören Sie zu")
        # The focus is on the button that plays, and moves to the answers once it has played.
        page.wait_for_function("document.activeElement.matches('.round .play')")
        keys.press("Enter")
        page.wait_for_function("document.activeElement.type === 'radio'", timeout=15000)
        keys.press("Space").to("Nächste Runde|Weiter").press("Enter")

    keys.heading("Lautstärke").to("Nächste Seite").press("Enter")
    assert message(page) == "Noch nicht: Bitte spielen Sie erst die Sprache ab."
    keys.press("Enter").to("Lautstärke").press("ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft")
    assert page.locator("output").inner_text() == "−12.0 dB"
    keys.to("Nächste Seite").press("Enter")

    page.get_by_text("Übung").wait_for()
    page.locator(".board").wait_for()
    gain = "document.querySelector('.trial-root').trial.engine.master.gain.value"
    assert page.evaluate(gain) == pytest.approx(10 ** (-12 / 20))
    assert page.locator(".band").first.inner_text() == "Ausgezeichnet"
    rate(keys, 6)

    keys.heading("Zeit für eine Pause").to("Nächste Seite").press("Enter")
    assert message(page) == "Noch nicht: Bitte ruhen Sie, bis die Uhr abgelaufen ist."
    page.locator(".next[data-complete=true]").wait_for()
    keys.press("Enter")

    for _ in ("mushra", "mushra_nmr"):
        page.locator(".board .item").first.wait_for()
        position = page.locator(".count").inner_text()
        rate(keys, 6)
        page.wait_for_function(
            "(old) => document.querySelector('.count')?.textContent !== old", arg=position
        )
    page.locator(".answers").wait_for()
    keys.press("1", "2").to("ist besser|Keine Präferenz").press("Space").to("Nächste Seite").press(
        "Enter"
    )
    page.get_by_text("4 · Gut").wait_for()
    keys.press("1").to("·").press("Space", "ArrowDown").to("Nächste Seite").press("Enter")

    keys.heading("Ihre Anmerkungen").to("mitteilen").type("Schöne Stimme.").saved()
    keys.to("Abschließen").press("Enter").heading("Vielen Dank")
    stored(page, german)


def stored(page, german):
    cookie = next(c["value"] for c in page.context.cookies() if c["name"] == "mushra_sitting")
    with sqlite3.connect(german.study.with_suffix(".sqlite")) as connection:
        connection.row_factory = sqlite3.Row

        def ask(query):
            return [dict(row) for row in connection.execute(query, (text_sha256(cookie),))]

        [sitting] = ask("SELECT * FROM session WHERE cookie_sha256 = ?")
        pages = ask(
            "SELECT p.* FROM page p JOIN session s ON s.id = p.session_id "
            "WHERE s.cookie_sha256 = ? ORDER BY page_index"
        )
    assert sitting["outcome"] == "completed"
    assert sitting["headphones"] in ("passed", "failed")
    assert sitting["loudness"] == pytest.approx(10 ** (-12 / 20))
    assert all(row["submitted_at"] for row in pages)
    answers = {row["kind"]: json.loads(row["answers"]) for row in pages if row["answers"]}
    assert answers["questions"] == {
        "age": 33,
        "job": "Bäckerin",
        "native": "ja",
        "gear": ["in"],
        "tired": "etwas",
    }
    assert len(answers["headphones"]) == 6
    assert answers["comments"] == {"comments": "Schöne Stimme."}


def test_reload_keeps_answers_of_open_page(page, keys):
    agree(keys)
    keys.to("Alter").type("7").to("Beruf").type("Bäcker").to("auf").press("Space").saved()
    page.reload()
    keys.heading("Ein paar Fragen")
    assert page.get_by_label("Alter").input_value() == "7"
    assert page.get_by_label("Beruf").input_value() == "Bäcker"
    assert page.get_by_role("checkbox", name="auf").is_checked()
    assert not page.get_by_role("checkbox", name="in").is_checked()
    keys.to("Nächste Seite").press("Enter")
    missing = "Noch nicht: Bitte beantworten Sie „Alter“, „Muttersprache“ und „Müde“."
    assert message(page) == missing
    assert page.evaluate("document.activeElement.id") == "age"
    assert page.get_by_text("Bitte geben Sie eine Zahl ein: mindestens 18.").is_visible()
    keys.press("Control+a").type("70")
    assert page.get_by_text("eine Zahl ein").count() == 0


def test_menu_works_by_keyboard_up_to_withdrawal(page, keys):
    agree(keys)
    keys.to("Menü").press("Enter").heading("Menü")
    keys.to("Ein Problem melden").press("Enter").heading("Ein Problem melden")
    keys.type("Kein <b>Ton</b>.").to("Senden").press("Enter")
    page.get_by_text("Was Sie geschrieben haben, ist gespeichert.").wait_for()
    keys.to("Zurück").press("Enter").to("gespeichert").press("Enter")
    page.get_by_role("heading", name="Was über mich gespeichert ist").wait_for()
    page.get_by_text("Kein <b>Ton</b>.").wait_for()
    keys.to("Zurück").press("Enter").to("anderem Gerät").press("Enter")
    keys.to("Meinen Link").press("Enter")
    link = page.get_by_label("Ihr persönlicher Link").input_value()
    assert re.search(r"/\?t=[\w-]{32}$", link)
    keys.press("Escape")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Menü"
    keys.press("Enter").to("zurückziehen").press("Enter").to("Weiter").press("Enter")
    keys.heading("Zurückziehen und alles löschen?").to("Ja, zurückziehen").press("Enter")
    keys.heading("Sie haben Ihre Teilnahme zurückgezogen")
    keys.to("Menü").press("Enter")
    keys.to("Was über mich").press("Enter").heading("Was über mich gespeichert ist")
    page.locator("dialog[open] .stored").wait_for()
    assert "Kein <b>Ton</b>." not in page.locator("dialog[open]").inner_text()


def test_personal_link_moves_sitting_and_old_browser_sees_message(page, keys, browser):
    agree(keys)
    keys.to("Alter").type("44").saved().to("Menü", back=True).press("Enter")
    keys.to("anderem Gerät").press("Enter").to("Meinen Link").press("Enter")
    link = page.get_by_label("Ihr persönlicher Link").input_value()
    other = browser.new_context()
    phone = other.new_page()
    phone.goto(link)
    phone.get_by_role("heading", name="Ein paar Fragen").wait_for()
    assert phone.get_by_label("Alter").input_value() == "44"
    assert "?t=" not in phone.url
    keys.press("Escape").to("Beruf").type("x")
    page.locator(".state[data-state=lost]").wait_for()
    assert "öffnen Sie den Link der Studie" in page.locator(".state").inner_text()
    other.close()
