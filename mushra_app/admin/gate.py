"""Access check in front of /admin: allowed routes, and login."""

import re
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.types import Scope

from mushra_app.http.addresses import ADMIN, ADMIN_COOKIE

WHO = "intone.admin"
"""Key of a request's scope that holds the logged-in account's name."""

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
    """Return true if a path belongs to the researcher."""
    return path == ADMIN or path.startswith(ADMIN + "/")


class Gate:
    """Check of the login of each request to /admin.

    A request without a login is redirected to the login page or refused.

    Args:
        who: returns the name of the account of a session token, or None.
    """

    def __init__(self, who: Callable[[str | None], str | None]) -> None:
        self._who = who

    async def __call__(self, scope: Scope, path: str) -> Refusal | None:
        """Return status and headers of a refusal, or None to pass."""
        # The database is asked in a thread: listeners do not wait for the researcher.
        name = await run_in_threadpool(self._who, HTTPConnection(scope).cookies.get(ADMIN_COOKIE))
        if name is not None:
            scope[WHO] = name
        if name is not None or _OPEN.match(path):
            return None
        accept = dict(scope["headers"]).get(b"accept", b"")
        if scope["method"] == "GET" and b"text/html" in accept:
            login = scope.get("root_path", "") + ADMIN + "/login"
            return 303, [(b"location", login.encode())]
        return 401, []
