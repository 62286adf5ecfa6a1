"""The gate in front of /admin: who may pass, and what is there at all."""

import re
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie

from starlette.concurrency import run_in_threadpool
from starlette.types import Scope

from mushra_app.http.addresses import ADMIN, ADMIN_COOKIE
from mushra_app.http.same_origin import same_origin

# Under this key a request carries the name of the account that made it.
WHO = "intone.admin"

_OPEN = re.compile(rf"^{ADMIN}/(login|setup)$")
_GET = re.compile(
    rf"^{ADMIN}(/|/login|/setup|/new|/download/[a-z]{{1,20}}\.(csv|parquet|json|zip|sqlite)"
    r"|/config/?|/theme\.css|/gradio_api/theme\.css|/manifest\.json|/favicon\.ico"
    r"|/assets/[\w./-]+|/static/(fonts|js|img)/[\w./-]+|/svelte/[\w./-]+"
    r"|/gradio_api/(startup-events|app_id|info)/?)?$"
)
_POST = re.compile(rf"^{ADMIN}/(login|setup|logout|preview|new|gradio_api/run/predict/?)$")
ALLOWED = {"GET": _GET, "HEAD": _GET, "POST": _POST}

Refusal = tuple[int, list[tuple[bytes, bytes]]]


def behind(path: str) -> bool:
    """Whether a path belongs to the researcher."""
    return path == ADMIN or path.startswith(ADMIN + "/")


class Gate:
    """Lets through who is logged in; everybody else is led to the login page or refused."""

    def __init__(self, who: Callable[[str | None], str | None]) -> None:
        self._who = who

    async def __call__(self, scope: Scope, path: str) -> Refusal | None:
        """Why a request does not pass, as status and headers; None if it does."""
        headers = dict(scope["headers"])
        if scope["method"] not in ("GET", "HEAD") and not same_origin(headers):
            return 403, []
        # The database is asked in a thread: listeners do not wait for the researcher.
        name = await run_in_threadpool(self._who, _cookie(headers))
        if name is not None:
            scope[WHO] = name
        if name is not None or _OPEN.match(path):
            return None
        if scope["method"] == "GET" and b"text/html" in headers.get(b"accept", b""):
            login = scope.get("root_path", "") + ADMIN + "/login"
            return 303, [(b"location", login.encode())]
        return 401, []


def _cookie(headers: dict[bytes, bytes]) -> str | None:
    try:
        found = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1")).get(ADMIN_COOKIE)
    except CookieError:
        return None
    return found.value if found else None
