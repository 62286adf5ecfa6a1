"""The audit's way through a study: every page opened in Chromium, everything it receives kept."""

import random
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from intone.errors import UserError
from mushra_app.audit.observed import Answer, Progress, Sitting
from mushra_app.rehearsal.answers import answers, judged
from mushra_app.rehearsal.kinds import Manner
from mushra_app.web.app import create_app
from mushra_app.web.local_server import running

# Files of the web framework are the same for every study and every listener.
_FRAMEWORK = ("/test/assets/", "/test/static/", "/test/svelte/")
_ROUNDS = 9

_FETCH = """async ([method, path, body]) => {
  const options = { method, headers: { "content-type": "application/json" } };
  if (body !== null) options.body = JSON.stringify(body);
  const answer = await fetch(path, options);
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.status === 204 ? null : answer.json();
}"""

_TIME = """async (path) => {
  const started = performance.now();
  const answer = await fetch(path, { cache: "no-store" });
  await answer.arrayBuffer();
  return (performance.now() - started) / 1000;
}"""

_LENGTH = """async ([path, rate]) => {
  const context = new OfflineAudioContext(1, 1, rate);
  const answer = await fetch(path);
  return (await context.decodeAudioData(await answer.arrayBuffer())).length;
}"""


def sit(study_yaml: Path, progress: Progress | None = None) -> Sitting:
    """Take a study in Chromium and keep everything that comes.

    Raises:
        UserError: Playwright or Chromium is not installed.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise UserError(
            "the audit drives a browser with Playwright, which is not installed; "
            "`pip install playwright` does it"
        ) from error
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise UserError("the audit needs Chromium; on Debian or Ubuntu: apt-get install chromium")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with running(create_app(study_yaml)) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=flags)
        try:
            return _walk(browser.new_page(), address, progress)
        finally:
            browser.close()


def _walk(page: Any, address: str, progress: Progress | None) -> Sitting:
    seen = Sitting()
    page.on("response", lambda response: _keep(seen, response, address))
    page.goto(address, wait_until="networkidle")

    def ask(method: str, path: str, body: object = None) -> Any:
        return page.evaluate(_FETCH, [method, f"{address}/api/v1/{path}", body])

    consent = ask("POST", "session", {})["consent"]
    where = ask("POST", "consent", {"version": consent["version"], "agree": True})
    while where["stage"] == "page":
        page.goto(address, wait_until="networkidle")
        page.locator(".trial[aria-busy=false]").wait_for()
        seen.documents.append(page.content() + page.evaluate(
            "JSON.stringify([{...localStorage}, {...sessionStorage}, location.href])"
        ))  # fmt: skip
        told = ask("GET", "page")
        here = f"page/{told['page']}"
        if "slots" in told:
            _listen(seen, page, told, address)
            for path, body in judged(told, Manner([50] * len(told["slots"]))):
                ask("PUT", f"{here}/{path}", body)
        else:
            sounds = [page.request.get(f"{address}/{s}").body() for s in told["sounds"]]
            if given := answers(told, sounds):
                said = {"answers": given, "seq": told["saved"]["seq"] + 1}
                ask("PUT", f"{here}/answers", said)
        if progress:
            progress(told["page"] + 1, told["pages"])
        where = ask("POST", f"{here}/submit")
    page.goto(address, wait_until="networkidle")
    seen.documents.append(page.content())
    return seen


def _listen(seen: Sitting, page: Any, told: dict[str, Any], address: str) -> None:
    """Fetch every sound of a page once more for its answer, and several times for its time."""
    sounds = [*([told["reference"]] if told["reference"] else []), *told["slots"]]
    addresses = [f"{address}/{sound}" for sound in sounds]
    seen.sounds[told["page"]] = [_of(page.request.get(one)) for one in addresses]
    rate = told["sample_rate"]
    seen.lengths[told["page"]] = [page.evaluate(_LENGTH, [one, rate]) for one in addresses]
    times: dict[str, list[float]] = {one: [] for one in addresses}
    generator = random.Random(told["page"])
    for _ in range(_ROUNDS):
        for one in generator.sample(addresses, len(addresses)):
            times[one].append(page.evaluate(_TIME, one))
    seen.seconds[told["page"]] = [times[one] for one in addresses]


def _keep(seen: Sitting, response: Any, address: str) -> None:
    parts = urlparse(response.url)
    if parts.scheme not in ("http", "https"):
        return
    if parts.netloc != urlparse(address).netloc:
        seen.hosts.add(parts.netloc)
    if not parts.path.startswith(_FRAMEWORK):
        seen.answers.append(_of(response))


def _of(response: Any) -> Answer:
    try:
        body = response.body()
    except Exception:
        body = b""
    headers = dict(response.headers)
    sound = headers.get("content-type", "").startswith("audio/")
    # Of a sound, what stands before the samples: a name would stand there.
    text = body[:60].decode("latin-1") if sound else body.decode("utf-8", "replace")
    return Answer(response.url, headers, text, len(body))
