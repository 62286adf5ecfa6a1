"""The listener's HTTP endpoints under /api/v1.

Nothing that leaves here names a system, a file or a role: stimuli are opaque tokens that differ
by listener, page and slot, and the hidden reference has another token than the open one.
"""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Cookie, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from mushra_app.progress import Progress, RefusedError, Score
from mushra_app.security import MOUNT
from mushra_app.sittings import Sittings
from mushra_app.study import Study

COOKIE = "mushra_sitting"
_LASTS = 30 * 86400
MOST_MS = 10**9

SittingCookie = Annotated[str | None, Cookie(alias=COOKIE)]


def _at_most(value: object) -> object:
    return min(value, MOST_MS) if isinstance(value, int) else value


# Who comes back to a page after weeks is not turned away for the length of the wait.
Milliseconds = Annotated[int, BeforeValidator(_at_most), Field(ge=0)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewSession(_Body):
    """Body of POST /session: a simulated listener shows its token, a person sends nothing."""

    simulation_token: str | None = Field(None, max_length=100)


class Decision(_Body):
    """Body of POST /consent."""

    version: str = Field(max_length=64)
    agree: bool


class RatingIn(_Body):
    """Body of PUT /rating: the state of one slider."""

    score: int | None = Field(None, ge=0, le=100, description="none until the slider was moved")
    n_plays: int = Field(ge=0, le=10**6)
    heard_ms: Milliseconds
    rating_time_ms: Milliseconds | None = None
    seq: int = Field(ge=1, le=2**31 - 1)


def routes(study: Study, sittings: Sittings, folder: Path) -> APIRouter:
    """The endpoints of one study.

    Args:
        study: the study.
        sittings: its sittings.
        folder: folder of the played files.
    """
    router = APIRouter()
    _way_in(router, study, sittings)
    _pages(router, study, sittings, folder)

    @router.get("/robots.txt")
    def robots() -> Response:
        return Response("User-agent: *\nDisallow: /\n", media_type="text/plain")

    @router.get("/favicon.ico")
    def favicon() -> Response:
        return Response(status_code=204)

    return router


def _way_in(router: APIRouter, study: Study, sittings: Sittings) -> None:
    """The link, the session, consent and instructions."""

    @router.get("/")
    def enter(request: Request, mushra: SittingCookie = None) -> Response:
        external = request.query_params.get("PROLIFIC_PID")
        known = external if external and re.fullmatch(r"[\w-]{1,64}", external) else None
        cookie = sittings.open(mushra, _device(request), known)
        answer = RedirectResponse(MOUNT.lstrip("/") + "/", 303)
        return _remember(answer, request, cookie)

    @router.post("/api/v1/session", status_code=201)
    def session(
        request: Request, response: Response, body: NewSession, mushra: SittingCookie = None
    ) -> dict[str, object]:
        if body.simulation_token is not None:
            cookie = sittings.open_simulated(body.simulation_token)
        else:
            cookie = sittings.open(mushra, _device(request), None)
        _remember(response, request, cookie)
        return _progress(sittings.progress(cookie)) | {"consent": study.consent.model_dump()}

    @router.get("/api/v1/session")
    def where(mushra: SittingCookie = None) -> dict[str, object]:
        return _progress(sittings.progress(mushra))

    @router.post("/api/v1/consent")
    def consent(body: Decision, mushra: SittingCookie = None) -> dict[str, object]:
        sittings.consent(mushra, body.version, body.agree)
        return _progress(sittings.progress(mushra))

    @router.post("/api/v1/instructions")
    def instructions(mushra: SittingCookie = None) -> dict[str, object]:
        sittings.instructed(mushra)
        return _progress(sittings.progress(mushra))


def _pages(router: APIRouter, study: Study, sittings: Sittings, folder: Path) -> None:
    """The page to rate, its sounds, its ratings."""

    @router.get("/api/v1/trial")
    def trial(mushra: SittingCookie = None) -> dict[str, object]:
        page, pages, saved = sittings.page(mushra)
        slots = range(len(json.loads(page.slots)))
        address = f"api/v1/audio/{page.page_index}/"
        return {
            "page": page.page_index,
            "pages": pages,
            "prompt": study.prompt,
            "text": sittings.text(page) if study.show_text else None,
            "on_switch": study.on_switch,
            "sample_rate": sittings.sample_rate,
            "age_ms": _age_ms(page.opened_at),
            "reference": address + sittings.token(page, "open"),
            "slots": [address + sittings.token(page, str(slot)) for slot in slots],
            "saved": {
                slot: RatingIn.model_validate(row, from_attributes=True).model_dump()
                for slot, row in saved.items()
            },
        }

    @router.get("/api/v1/audio/{page}/{token}")
    def audio(page: int, token: str, mushra: SittingCookie = None) -> Response:
        content = (folder / sittings.file_of(mushra, page, token)).read_bytes()
        headers = {"Cache-Control": "private, max-age=3600"}
        return Response(content, media_type="audio/wav", headers=headers)

    @router.put("/api/v1/trial/{page}/rating/{slot}", status_code=204)
    def rate(page: int, slot: int, body: RatingIn, mushra: SittingCookie = None) -> None:
        sittings.rate(mushra, page, slot, Score(**body.model_dump()))

    @router.post("/api/v1/trial/{page}/submit")
    def submit(page: int, mushra: SittingCookie = None) -> dict[str, object]:
        return _progress(sittings.submit(mushra, page))


def refuse(_request: Request, error: Exception) -> Response:
    """Exception handler of `RefusedError`."""
    status = error.status if isinstance(error, RefusedError) else 500
    return Response(
        json.dumps({"detail": str(error)}), status_code=status, media_type="application/json"
    )


def _progress(progress: Progress) -> dict[str, object]:
    return vars(progress).copy()


def _remember(response: Response, request: Request, cookie: str) -> Response:
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=_LASTS,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path=request.scope.get("root_path") or "/",
    )
    return response


def _age_ms(opened_at: str | None) -> int:
    opened = datetime.fromisoformat(opened_at) if opened_at else datetime.now(UTC)
    return max(0, round((datetime.now(UTC) - opened).total_seconds() * 1000))


def _device(request: Request) -> str:
    agent = request.headers.get("user-agent", "")
    if re.search(r"iPad|Tablet|Android(?!.*Mobile)", agent):
        return "tablet"
    return "phone" if re.search(r"Mobi|iPhone", agent) else "desktop"
