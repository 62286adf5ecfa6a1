"""The listener's HTTP endpoints under /api/v1.

Nothing that leaves here names a system, a file or a role: stimuli are opaque tokens that differ
by listener, page and slot, and the hidden reference has another token than the open one.
"""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Cookie, Request, Response
from fastapi.responses import RedirectResponse

from mushra_app.http.addresses import LISTENER_COOKIE, MOUNT
from mushra_app.http.errors import RefusedError
from mushra_app.page_types import RATING_TYPES
from mushra_app.page_types.score import Score
from mushra_app.sitting.answering import on_screen
from mushra_app.sitting.records import Event
from mushra_app.sitting.sittings import Sittings, View
from mushra_app.study.file import Study
from mushra_app.study.progress import Progress
from mushra_app.web.pages.refused import refused
from mushra_app.web.requests import (
    AnswersIn,
    ChoiceIn,
    Decision,
    EventsIn,
    NewSession,
    RatingIn,
    RemarkIn,
)

_LASTS = 30 * 86400
SittingCookie = Annotated[str | None, Cookie(alias=LISTENER_COOKIE)]


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
    _records(router, sittings)

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
        token = request.query_params.get("t")
        try:
            cookie = sittings.open(mushra, _device(request), _external_id(request), token)
        except RefusedError as error:
            closed = token or study.access == "invited"
            if not closed or "text/html" not in request.headers.get("accept", ""):
                raise
            return refused(study, "link_invalid" if token else "invited_only", error.status)
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


def _pages(router: APIRouter, study: Study, sittings: Sittings, folder: Path) -> None:
    """The page to show, its sounds, its ratings and answers."""

    @router.get("/api/v1/page")
    def page(mushra: SittingCookie = None) -> dict[str, Any]:
        view = sittings.view(mushra)
        row = view.page
        told = {
            "page": row.page_index,
            "pages": view.pages,
            "kind": row.kind,
            "phase": "test" if row.phase in ("gold", "repeat") else row.phase,
            "language": study.language,
            "age_ms": _age_ms(row.opened_at),
            "loudness": view.loudness,
            **sittings.asked(row),
        }
        return told | (_rated if row.kind in RATING_TYPES else _answered)(study, sittings, view)

    @router.get("/api/v1/audio/{page}/{token}")
    def audio(page: int, token: str, mushra: SittingCookie = None) -> Response:
        content = sittings.sound(mushra, page, token, folder)
        headers = {"Cache-Control": "private, max-age=3600"}
        return Response(content, media_type="audio/wav", headers=headers)

    @router.put("/api/v1/page/{page}/rating/{slot}", status_code=204)
    def rate(page: int, slot: int, body: RatingIn, mushra: SittingCookie = None) -> None:
        sittings.rate(mushra, page, slot, Score(**body.model_dump()))

    @router.put("/api/v1/page/{page}/choice", status_code=204)
    def choose(page: int, body: ChoiceIn, mushra: SittingCookie = None) -> None:
        sittings.choose(mushra, page, body.choice, body.seq, body.rating_time_ms)

    @router.put("/api/v1/page/{page}/answers", status_code=204)
    def answer(page: int, body: AnswersIn, mushra: SittingCookie = None) -> None:
        sittings.answer(mushra, page, body.answers, body.seq)

    @router.post("/api/v1/page/{page}/submit")
    def submit(page: int, mushra: SittingCookie = None) -> dict[str, object]:
        return _progress(sittings.submit(mushra, page))


def _records(router: APIRouter, sittings: Sittings) -> None:
    """The log, remarks, and a listener's own data."""

    @router.post("/api/v1/events", status_code=204)
    def events(body: EventsIn, mushra: SittingCookie = None) -> None:
        sittings.note(mushra, body.page, [Event(**event.model_dump()) for event in body.events])

    @router.post("/api/v1/remark", status_code=204)
    def remark(body: RemarkIn, mushra: SittingCookie = None) -> None:
        sittings.remark(mushra, body.page, body.key, body.kind, body.text)

    @router.get("/api/v1/mine")
    def mine(mushra: SittingCookie = None) -> dict[str, Any]:
        return sittings.mine(mushra)

    @router.post("/api/v1/link")
    def link(mushra: SittingCookie = None) -> dict[str, str]:
        return {"token": sittings.personal_token(mushra)}

    @router.post("/api/v1/withdraw")
    def withdraw(mushra: SittingCookie = None) -> dict[str, object]:
        sittings.withdraw(mushra)
        return _progress(sittings.progress(mushra))


def _rated(study: Study, sittings: Sittings, view: View) -> dict[str, Any]:
    """What a rating page is told: where its sounds are, and what was saved."""
    row = view.page
    slots = range(len(json.loads(row.slots)))
    address = f"api/v1/audio/{row.page_index}/"
    open_reference = RATING_TYPES[row.kind].open_reference
    return {
        "text": sittings.text(row) if study.show_text else None,
        "on_switch": study.on_switch,
        "sample_rate": sittings.sample_rate,
        "reference": address + sittings.token(row, "open") if open_reference else None,
        "slots": [address + sittings.token(row, str(slot)) for slot in slots],
        "saved": {slot: vars(score) for slot, score in view.scores.items()},
        "chosen": {
            "choice": on_screen(view.choice),
            "rating_time_ms": view.choice.rating_time_ms if view.choice else None,
            "seq": view.choice.seq if view.choice else 0,
        },
    }


def _answered(_study: Study, sittings: Sittings, view: View) -> dict[str, Any]:
    """What a page without ratings is told: where its sounds are, and what was saved."""
    row = view.page
    address = f"api/v1/audio/{row.page_index}/"
    return {
        "sounds": [address + sittings.token(row, str(i)) for i in range(sittings.sounds(row))],
        "saved": {"answers": json.loads(row.answers or "{}"), "seq": row.answers_seq},
    }


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
        LISTENER_COOKIE,
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


# The parameter in which each platform hands over the id of a participant.
_IDS = ("PROLIFIC_PID", "workerId", "survey_code")


def _external_id(request: Request) -> str | None:
    for name in _IDS:
        value = request.query_params.get(name)
        if value and re.fullmatch(r"[\w-]{1,64}", value):
            return value
    return None


def _device(request: Request) -> str:
    agent = request.headers.get("user-agent", "")
    if re.search(r"iPad|Tablet|Android(?!.*Mobile)", agent):
        return "tablet"
    return "phone" if re.search(r"Mobi|iPhone", agent) else "desktop"
