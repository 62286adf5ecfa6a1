"""Guard of listeners' routes: no open defaults of Gradio, no foreign writes."""

import re

import pytest
from fastapi.routing import APIRoute

from mushra_app.http.addresses import LISTENER_COOKIE
from mushra_app.web.api import router
from tests.mushra_app.support import begin, rating

EVIL = {"Origin": "https://evil.example", "Host": "study.example"}
WRITES = [
    ("POST", "/test/gradio_api/run/predict"),
    *(
        (method, re.sub(r"\{\w+\}", "0", route.path))
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods - {"GET"}
    ),
]


@pytest.mark.parametrize("path", ["/test/config", "/test/", "/api/v1/session", "/robots.txt"])
def test_no_foreign_origin_may_read(client, path):
    begin(client)
    headers = client.get(path, headers=EVIL).headers
    assert not [name for name in headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/test/gradio_api/upload"),
        ("GET", "/test/gradio_api/file=/etc/passwd"),
        ("GET", "/test/gradio_api/file=https://example.com/"),
        ("GET", "/test/gradio_api/file/etc/passwd"),
        ("POST", "/test/gradio_api/process_recording"),
        ("GET", "/test/gradio_api/deep_link"),
        ("GET", "/test/gradio_api/queue/status"),
        ("POST", "/test/gradio_api/queue/join"),
        ("GET", "/test/gradio_api/queue/data"),
        ("POST", "/test/gradio_api/component_server"),
        ("GET", "/test/gradio_api/runs"),
        ("GET", "/test/gradio_api/heartbeat/abc"),
        ("GET", "/test/openapi.json"),
        ("GET", "/test/monitoring"),
        ("GET", "/openapi.json"),
        ("GET", "/docs"),
        ("GET", "/gradio_api/file=/etc/passwd"),
        ("DELETE", "/api/v1/session"),
        ("OPTIONS", "/api/v1/session"),
        ("GET", "/player/000000000000/trial.js"),
        ("GET", "/player/000000000000/..%2f..%2fapp.py"),
    ],
)
def test_unneeded_routes_are_not_found(client, method, path):
    begin(client)
    assert client.request(method, path).status_code == 404


@pytest.mark.parametrize("path", ["/api/v1/consent", "/test/gradio_api/run/predict"])
def test_large_bodies_are_refused(client, path):
    begin(client)
    answer = client.post(path, json={"version": "x" * 200_000, "agree": True})
    assert answer.status_code == 413


def test_every_answer_carries_the_policy(client):
    begin(client)
    for path in ("/", "/test/", "/test/config", "/api/v1/page", "/nothing", "/api/v1/audio/0/ab"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://["},
        {"Origin": "null"},
    ],
)
def test_other_sites_cannot_write(client, headers):
    begin(client)
    assert len(WRITES) == 11
    for method, path in WRITES:
        assert client.request(method, path, headers=headers).status_code == 403, path
    score = client.put("/api/v1/page/0/rating/0", json=rating(1), headers=headers)
    assert score.status_code == 403
    assert client.get("/api/v1/page").json()["saved"] == {}


@pytest.mark.parametrize("proxy", [False, True])
def test_own_page_can_write(client, server, proxy):
    begin(client)
    headers = {"Origin": server.url}
    if proxy:
        headers = {"Origin": "http://study.example", "X-Forwarded-Host": "study.example"}
    put = client.put("/api/v1/page/0/rating/0", json=rating(1), headers=headers)
    assert put.status_code == 204


def test_form_of_a_page_is_not_accepted_as_json(client):
    begin(client)
    plain = {"Content-Type": "text/plain"}
    form = client.post("/api/v1/consent", content='{"version":"1","agree":true}', headers=plain)
    assert form.status_code == 422


def test_the_cookie_is_kept_from_scripts_and_other_sites(client):
    cookie = client.get("/").headers["set-cookie"]
    assert LISTENER_COOKIE in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_unknown_cookie_is_refused(server):
    with server.client() as client:
        client.cookies.set(LISTENER_COOKIE, "guess")
        assert client.get("/api/v1/session").status_code == 401
        assert client.get("/api/v1/page").status_code == 401
        assert client.put("/api/v1/page/0/rating/0", json=rating(1)).status_code == 401


def test_page_functions_need_a_sitting(server):
    with server.client() as client:
        body = {"data": [], "fn_index": 0, "session_hash": "abcdefghijk"}
        answer = client.post("/test/gradio_api/run/predict", json=body)
        assert answer.status_code == 200
        shown = [update.get("visible") for update in answer.json()["data"][:6]]
        assert shown == [True, False, False, False, False, False]
