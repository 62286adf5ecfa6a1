"""Access to the researcher's pages: account needed, same site only."""

import re
import time

import httpx
import pytest

from mushra_app.http.addresses import ADMIN_COOKIE as COOKIE
from mushra_app.http.addresses import LISTENER_COOKIE as LISTENER
from tests.mushra_app.admin.support import HTML
from tests.mushra_app.support import begin, rating

ROUTES = [
    ("GET", "/admin"),
    ("GET", "/admin/"),
    ("GET", "/admin/config"),
    ("GET", "/admin/theme.css"),
    ("GET", "/admin/gradio_api/heartbeat/abc"),
    ("GET", "/admin/gradio_api/queue/data"),
    ("POST", "/admin/gradio_api/queue/join"),
    ("POST", "/admin/gradio_api/upload"),
    ("POST", "/admin/gradio_api/cancel"),
    ("POST", "/admin/gradio_api/run/predict"),
    ("POST", "/admin/gradio_api/component_server"),
    ("GET", "/admin/gradio_api/startup-events"),
    ("GET", "/admin/gradio_api/file=/etc/passwd"),
    ("GET", "/admin/assets/index.js"),
    ("GET", "/admin/gradio_api/info"),
    ("GET", "/admin/download/ratings.csv"),
    ("GET", "/admin/download/backup.sqlite"),
    ("GET", "/admin/new"),
    ("POST", "/admin/new"),
    ("POST", "/admin/preview"),
    ("POST", "/admin/logout"),
    ("GET", "/admin/nothing"),
    ("GET", "/admin/login/"),
    ("GET", "/admin//"),
    ("DELETE", "/admin/"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_of_researcher_opens_without_account(server, method, path):
    with server.client() as client:
        begin(client)
        client.cookies.set(COOKIE, client.cookies[LISTENER])
        assert client.request(method, path).status_code == 401
        led = client.request(method, path, headers=HTML)
        if method == "GET":
            assert (led.status_code, led.headers["location"]) == (303, "/admin/login")
        else:
            assert led.status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/admin/gradio_api/file=/etc/passwd"),
        ("GET", "/admin/gradio_api/heartbeat/abc"),
        ("POST", "/admin/gradio_api/upload"),
        ("POST", "/admin/gradio_api/queue/join"),
        ("GET", "/admin/gradio_api/deep_link"),
        ("GET", "/admin/openapi.json"),
    ],
)
def test_other_routes_of_gradio_do_not_exist_for_researcher(admin, method, path):
    assert admin.request(method, path).status_code == 404


def test_every_gradio_route_needs_the_account(server, study):
    from mushra_app.web.app import create_app
    from mushra_app.web.guard import Guard

    app = create_app(study)
    [mounted] = [r.app for r in app.routes if getattr(r, "path", None) == "/admin"]
    included = [r.original_router for r in mounted.routes if hasattr(r, "original_router")]
    known = [r for router in (mounted, *included) for r in router.routes if hasattr(r, "path")]
    paths = {re.sub(r"\{[^}]*\}", "x", r.path) for r in known} - {"/login"}
    assert len(paths) > 40
    assert any(m.cls is Guard and m.kwargs["gate"] for m in app.user_middleware)
    with server.client() as client:
        for path in paths:
            assert client.get(f"/admin{path}").status_code == 401, path
            assert client.post(f"/admin{path}").status_code == 401, path


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_other_sites_cannot_write(admin, server, headers):
    for path in ("login", "setup", "logout", "preview", "new", "gradio_api/run/predict"):
        assert admin.post(f"/admin/{path}", headers=headers).status_code == 403, path
    assert admin.get("/admin/config").status_code == 200
    same_site = {"Origin": server.url}
    assert admin.post("/admin/preview", headers=same_site).status_code == 303


def test_listeners_need_no_account_and_large_bodies_are_refused(server):
    with server.client() as listener:
        begin(listener)
        big = listener.post("/admin/new", content=b"x" * 100_000)
        assert big.status_code == 413
        assert listener.post("/admin/login", content=b"x" * 100_000).status_code == 413
    with server.client() as visitor:
        page = visitor.get("/admin/login")
        assert page.status_code == 200
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"


def test_login_with_long_password_does_not_delay_listeners(server):
    with server.client() as listener, httpx.Client(base_url=server.url, timeout=60) as guesser:
        begin(listener)
        start = time.monotonic()
        guesser.post("/admin/login", data={"name": "eve", "password": "x" * 300})
        assert listener.put("/api/v1/page/0/rating/0", json=rating(5)).status_code == 204
        assert time.monotonic() - start < 30


def test_malformed_cookies_are_no_session(server):
    with server.client() as client:
        for cookie in ("=;;", f'{COOKIE}="', f"{COOKIE}=a; {COOKIE}=b", 'x="\\"; y'):
            answer = client.get("/admin/config", headers={"Cookie": cookie})
            assert answer.status_code == 401, cookie
