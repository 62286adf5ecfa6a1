"""What axe-core finds: nothing in our component; in Gradio's own elements only what docs/ lists."""

import re
from pathlib import Path

import pytest

from mushra_app.study.steps import (
    CommentsStep,
    HeadphonesStep,
    LoudnessStep,
    PauseStep,
    Question,
    QuestionsStep,
    TextStep,
    TrialsStep,
)
from tests.mushra_app.support import Server, make_study

pytestmark = pytest.mark.browser

DOCS = Path(__file__).parents[2] / "docs" / "accessibility.md"
KINDS = ("mushra", "mushra_nmr", "ab", "acr")
QUESTIONS = [
    Question(name="age", label="How old are you?", type="number", min=18, max=99),
    Question(name="ears", label="Do you hear well?", type="choice", options=["yes", "no"]),
    Question(name="often", label="How often?", type="scale", options=["never", "1", "always"]),
    Question(name="words", label="Anything else?", type="long_text", optional=True),
]


def every_kind():
    """A sitting with every kind of page."""
    screens = [TextStep(), QuestionsStep(questions=QUESTIONS), HeadphonesStep(), LoudnessStep()]
    screens += [PauseStep(), CommentsStep()]
    return [*screens, *(TrialsStep(page=kind, pages=1) for kind in KINDS)]


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    running = Server(make_study(tmp_path_factory.mktemp("full"), sitting=every_kind())).start()
    yield running
    running.kill()


def listed() -> set[str]:
    """Rules that the documentation says Gradio's own elements break."""
    return set(re.findall(r"^\| `([a-z-]+)` \|", DOCS.read_text(), re.MULTILINE))


def findings(axe, page):
    """Rule and elements of all that axe-core finds, WCAG 2.2 AA and its best practices."""
    found = axe.run(page).response["violations"]
    return {
        violation["id"]: [node["target"][0] for node in violation["nodes"]] for violation in found
    }


def ours(page, selectors):
    inside = "(s) => Boolean(document.querySelector(s)?.closest('.trial-root'))"
    return [s for s in selectors if page.evaluate(inside, s)]


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_nothing_of_ours_and_nothing_unlisted_of_gradio(browser, full, scheme):
    axe_module = pytest.importorskip("axe_playwright_python.sync_playwright")
    axe = axe_module.Axe()
    # A button on its way from one colour to another has neither contrast.
    context = browser.new_context(color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
    page = context.new_page()
    page.goto(full.url)
    page.get_by_role("button", name="I agree").wait_for()
    seen = findings(axe, page)
    assert set(seen) <= listed(), seen
    page.get_by_role("button", name="I agree").click()
    pages = len(every_kind())
    for index in range(pages):
        page.get_by_text(f"{index + 1} of {pages}").first.wait_for()
        page.locator(".trial[aria-busy=false]").wait_for()
        seen = findings(axe, page)
        for rule, selectors in seen.items():
            assert ours(page, selectors) == [], (index, rule, selectors)
        assert set(seen) <= listed(), (index, seen)
        forward(page)
    context.close()


def forward(page):
    """Answer the page as a machine does, and go on."""
    from mushra_app.rehearsal.answers import answers, judged
    from mushra_app.rehearsal.kinds import Manner

    def ask(method, path, body=None):
        options = {"method": method} if body is None else {"method": method, "data": body}
        answer = page.request.fetch(f"{base}/api/v1/{path}", **options)
        assert answer.ok, answer.text()
        return answer.json() if answer.text() else None

    base = page.url.split("/test")[0]
    told = ask("GET", "page")
    here = f"page/{told['page']}"
    if "slots" in told:
        for path, body in judged(told, Manner([50] * len(told["slots"]))):
            ask("PUT", f"{here}/{path}", body)
    else:
        sounds = [page.request.get(f"{base}/{s}").body() for s in told["sounds"]]
        if given := answers(told, sounds):
            ask("PUT", f"{here}/answers", {"answers": given, "seq": told["saved"]["seq"] + 1})
    ask("POST", f"{here}/submit")
    page.reload()
