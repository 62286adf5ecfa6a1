"""Sitting of an audit in Chromium, which records everything that it receives."""

import random
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from intone.errors import UserError
from mushra_app.audit.observed import Observations, Progress, Response
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

_STORAGE = "JSON.stringify([{...localStorage}, {...sessionStorage}, location.href])"

_LENGTH = """async ([path, rate]) => {
  const context = new OfflineAudioContext(1, 1, rate);
  const answer = await fetch(path);
  return (await context.decodeAudioData(await answer.arrayBuffer())).length;
}"""


def sit(study_yaml: Path, progress: Progress | None = None) -> Observations:
    """Take a study in Chromium and record everything that arrives.

    Raises:
        UserError: Playwright or Chromium is not installed.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise UserError(
            "playwright: not installed, and the audit controls a browser with it; "
            "`pip install playwright`"
        ) from error
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise UserError(
            "chromium: not found, and the audit needs it; on Debian or Ubuntu `apt-get install "
            "chromium`"
        )
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with running(create_app(study_yaml)) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=flags)
        try:
            return _walk(browser.new_page(), address, progress)
        finally:
            browser.close()


def _walk(page: Any, address: str, progress: Progress | None) -> Observations:
    observations = Observations()
    page.on("response", lambda response: _record(observations, response, address))
    page.goto(address, wait_until="networkidle")

    def ask(method: str, path: str, body: object = None) -> Any:
        return page.evaluate(_FETCH, [method, f"{address}/api/v1/{path}", body])

    consent = ask("POST", "session", {})["consent"]
    state = ask("POST", "consent", {"version": consent["version"], "agree": True})
    while state["stage"] == "page":
        page.goto(address, wait_until="networkidle")
        page.locator(".trial[aria-busy=false]").wait_for()
        storage = page.evaluate(_STORAGE)
        observations.documents.append(page.content() + storage)
        view = ask("GET", "page")
        path = f"page/{view['page']}"
        if "slots" in view:
            _fetch_sounds(observations, page, view, address)
            for path_end, body in judged(view, Manner([50] * len(view["slots"]))):
                ask("PUT", f"{path}/{path_end}", body)
        else:
            sounds = [page.request.get(f"{address}/{s}").body() for s in view["sounds"]]
            if given := answers(view, sounds):
                ask("PUT", f"{path}/answers", {"answers": given, "seq": view["saved"]["seq"] + 1})
        if progress:
            progress(view["page"] + 1, view["pages"])
        state = ask("POST", f"{path}/submit")
    page.goto(address, wait_until="networkidle")
    observations.documents.append(page.content())
    return observations


def _fetch_sounds(
    observations: Observations, page: Any, view: dict[str, Any], address: str
) -> None:
    """Request every sound of a page to record and to time it."""
    sounds = [*([view["reference"]] if view["reference"] else []), *view["slots"]]
    urls = [f"{address}/{sound}" for sound in sounds]
    number, rate = view["page"], view["sample_rate"]
    observations.sounds[number] = [_received(page.request.get(url)) for url in urls]
    observations.lengths[number] = [page.evaluate(_LENGTH, [url, rate]) for url in urls]
    seconds: dict[str, list[float]] = {url: [] for url in urls}
    generator = random.Random(number)
    for _ in range(_ROUNDS):
        for url in generator.sample(urls, len(urls)):
            seconds[url].append(page.evaluate(_TIME, url))
    observations.seconds[number] = [seconds[url] for url in urls]


def _record(observations: Observations, response: Any, address: str) -> None:
    parts = urlparse(response.url)
    if parts.scheme not in ("http", "https"):
        return
    if parts.netloc != urlparse(address).netloc:
        observations.hosts.add(parts.netloc)
    if not parts.path.startswith(_FRAMEWORK):
        observations.responses.append(_received(response))


def _received(response: Any) -> Response:
    try:
        body = response.body()
    except Exception:
        body = b""
    headers = dict(response.headers)
    is_sound = headers.get("content-type", "").startswith("audio/")
    # The header of a sound file precedes its samples; a name would be in there.
    text = body[:60].decode("latin-1") if is_sound else body.decode("utf-8", "replace")
    return Response(response.url, headers, text, len(body))
