"""Guard of all requests: allowed routes, origins, sizes and headers.

Gradio's own defaults reflect any origin with credentials, take uploads from everyone, fetch foreign
addresses on request, and list far more routes than a listener needs. Only what is named here
passes; all else is answered 404.
"""

import re
from collections.abc import Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mushra_app.admin.gate import ALLOWED as _ADMINS
from mushra_app.admin.gate import Gate, behind
from mushra_app.http.addresses import MOUNT
from mushra_app.http.same_origin import same_origin

MOST_BYTES = 64 * 1024

_GET = re.compile(
    rf"^(/|/api/v1/(session|page|mine|audio/\d{{1,4}}/[0-9a-f]{{32}})|/player/[0-9a-f]{{12}}/(types/)?[\w.-]+"
    rf"|/favicon\.ico|/robots\.txt"
    rf"|{MOUNT}(/|/config/?|/theme\.css|/gradio_api/theme\.css|/manifest\.json|/favicon\.ico"
    r"|/assets/[\w./-]+|/static/(fonts|js|img)/[\w./-]+|/svelte/[\w./-]+"
    r"|/gradio_api/(startup-events|app_id|info)/?)?)$"
)
_POST = re.compile(
    rf"^(/api/v1/(session|consent|events|remark|link|withdraw|page/\d{{1,4}}/submit)"
    rf"|{MOUNT}/gradio_api/run/predict/?)$"
)
_PUT = re.compile(r"^/api/v1/page/\d{1,4}/(rating/\d{1,2}|choice|answers)$")
_ALLOWED = {"GET": _GET, "HEAD": _GET, "POST": _POST, "PUT": _PUT}
_FOR_EVER = re.compile(rf"^({MOUNT}/(assets|static|svelte)/|/player/)")

# Gradio renders its components with `new Function`, hence 'unsafe-eval'; no inline script runs.
_CSP = (
    "default-src 'none'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; media-src 'self' "
    "blob:; manifest-src 'self'; worker-src 'self' blob:; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", _CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-robots-tag", b"noindex"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
]
# Validators and file names would show which sounds are the same file.
_DROPPED = re.compile(rb"^(access-control-.*|etag|last-modified|content-disposition|server)$")
_DROPPED_ADMIN = re.compile(rb"^(access-control-.*|server)$")


class Guard:
    """ASGI middleware: allowed routes, same-origin writes, security and cache headers.

    The researcher's routes have their own gate; without one they are answered 404.
    """

    def __init__(self, app: ASGIApp, gate: Gate | None = None) -> None:
        self._app, self._gate = app, gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer 403 or 404 without a reason."""
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":
            return await send({"type": "websocket.close", "code": 1008})
        # Under `uvicorn --root-path` (a proxy strips the prefix) the path contains the prefix.
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        writes = scope["method"] not in ("GET", "HEAD")
        if writes and not same_origin(dict(scope["headers"])):
            return await _refuse(send, 403)
        admin = self._gate is not None and behind(path)
        if self._gate and admin and (refusal := await self._gate(scope, path)):
            return await _refuse(send, *refusal)
        rule = (_ADMINS if admin else _ALLOWED).get(scope["method"])
        if rule is None or not rule.match(path):
            return await _refuse(send, 404)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.get("headers", [])
                dropped = _DROPPED if not admin else _DROPPED_ADMIN
                kept = [h for h in headers if not dropped.match(h[0].lower())] + _HEADERS
                if not any(name.lower() == b"cache-control" for name, _ in kept):
                    lasting = _FOR_EVER.match(path) and message["status"] == 200
                    value = b"public, max-age=31536000, immutable" if lasting else b"no-store"
                    kept.append((b"cache-control", value))
                message = {**message, "headers": kept}
            await send(message)

        await self._app(scope, receive, guarded)


async def _refuse(send: Send, status: int, more: Sequence[tuple[bytes, bytes]] = ()) -> None:
    headers = [(b"content-length", b"0"), (b"cache-control", b"no-store"), *_HEADERS, *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
