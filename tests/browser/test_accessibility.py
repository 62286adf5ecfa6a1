"""Accessibility by axe-core: only the listed findings, in Gradio's elements."""

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
    """Return the steps of a sitting with every kind of page."""
    screens = [TextStep(), QuestionsStep(questions=QUESTIONS), HeadphonesStep(), LoudnessStep()]
    screens += [PauseStep(), CommentsStep()]
    return [*screens, *(TrialsStep(page=kind, pages=1) for kind in KINDS)]


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    running = Server(make_study(tmp_path_factory.mktemp("full"), sitting=every_kind())).start()
    yield running
    running.kill()


def listed() -> set[str]:
    """Return the rules that Gradio's elements break, by the documentation."""
    return set(re.findall(r"^\| `([a-z-]+)` \|", DOCS.read_text(), re.MULTILINE))


def findings(axe, page):
    """Return elements by violated rule: WCAG 2.2 AA and best practices."""
    violations = axe.run(page).response["violations"]
    return {
        violation["id"]: [node["target"][0] for node in violation["nodes"]]
        for violation in violations
    }


def ours(page, selectors):
    inside = "(s) => Boolean(document.querySelector(s)?.closest('.trial-root'))"
    return [s for s in selectors if page.evaluate(inside, s)]


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_player_has_no_findings_and_gradio_only_listed_ones(browser, full, scheme):
    axe_module = pytest.importorskip("axe_playwright_python.sync_playwright")
    axe = axe_module.Axe()
    # During a change of colour a button has neither contrast.
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
    """Answer the page through the endpoints, and open the next one."""
    from mushra_app.rehearsal.answers import answers, judged
    from mushra_app.rehearsal.kinds import Manner

    def ask(method, path, body=None):
        options = {"method": method} if body is None else {"method": method, "data": body}
        answer = page.request.fetch(f"{base}/api/v1/{path}", **options)
        assert answer.ok, answer.text()
        return answer.json() if answer.text() else None

    base = page.url.split("/test")[0]
    content = ask("GET", "page")
    path_of_page = f"page/{content['page']}"
    if "slots" in content:
        for path, body in judged(content, Manner([50] * len(content["slots"]))):
            ask("PUT", f"{path_of_page}/{path}", body)
    else:
        sounds = [page.request.get(f"{base}/{s}").body() for s in content["sounds"]]
        if given := answers(content, sounds):
            ask(
                "PUT",
                f"{path_of_page}/answers",
                {"answers": given, "seq": content["saved"]["seq"] + 1},
            )
    ask("POST", f"{path_of_page}/submit")
    page.reload()
