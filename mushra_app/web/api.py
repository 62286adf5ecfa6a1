"""Listener's HTTP endpoints under /api/v1.

No response names a system, a file or a role: sounds are opaque tokens that differ by listener, page
and slot, and the hidden reference has another token than the open one.
"""

import json
import re
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from mushra_app.http.addresses import LISTENER_COOKIE, MOUNT
from mushra_app.http.errors import RefusedError
from mushra_app.page_types.score import Score
from mushra_app.sitting.admit import Visitor, admit, admit_simulated, new_personal_token
from mushra_app.sitting.consent import decide_consent
from mushra_app.sitting.find import progress_of
from mushra_app.sitting.rate import save_answers, save_choice, save_rating
from mushra_app.sitting.records import BrowserEvent, log_events, store_remark, stored_data
from mushra_app.sitting.sounds import read_sound
from mushra_app.sitting.submit import submit_page
from mushra_app.sitting.view import open_current_page
from mushra_app.sitting.withdraw import withdraw
from mushra_app.web.dependencies import Context, Current, SittingCookie
from mushra_app.web.page_json import page_json
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

_COOKIE_SECONDS = 30 * 86400
# Query parameters in which the recruiting platforms pass the id of a participant.
_ID_PARAMETERS = ("PROLIFIC_PID", "workerId", "survey_code")

router = APIRouter()


@router.get("/")
def open_link(request: Request, context: Context, cookie: SittingCookie = None) -> Response:
    """Open the study's link, a personal link or a platform's link."""
    token = request.query_params.get("t")
    visitor = Visitor(cookie, _device(request), _external_id(request), token)
    try:
        arrival = admit(context, visitor)
    except RefusedError as error:
        needs_token = token or context.study.access == "invited"
        if not needs_token or "text/html" not in request.headers.get("accept", ""):
            raise
        return refused(context.study, "link_invalid" if token else "invited_only", error.status)
    response = RedirectResponse(MOUNT.lstrip("/") + "/", 303)
    _set_cookie(response, request, arrival.cookie)
    return response


@router.post("/api/v1/session", status_code=201)
def open_sitting(
    request: Request,
    response: Response,
    body: NewSession,
    context: Context,
    cookie: SittingCookie = None,
) -> dict[str, object]:
    """Open a sitting, or return to the one of the cookie."""
    if body.simulation_token is not None:
        arrival = admit_simulated(context, body.simulation_token)
    else:
        arrival = admit(context, Visitor(cookie, _device(request)))
    _set_cookie(response, request, arrival.cookie)
    return {**vars(arrival.progress), "consent": context.study.consent.model_dump()}


@router.get("/api/v1/session")
def read_progress(current: Current) -> dict[str, object]:
    """Return the progress of a sitting."""
    with current.transaction() as (session, sitting):
        return vars(progress_of(current.context, session, sitting))


@router.post("/api/v1/consent")
def consent(body: Decision, context: Context, cookie: SittingCookie = None) -> dict[str, object]:
    """Store the listener's decision on the consent text."""
    return vars(decide_consent(context, cookie, body.version, body.agree))


@router.get("/api/v1/page")
def read_page(current: Current) -> dict[str, Any]:
    """Return the page to show."""
    with current.transaction() as (session, sitting):
        view = open_current_page(current.context, session, sitting)
        return page_json(current.context, session, view)


@router.get("/api/v1/audio/{page}/{token}")
def read_audio(page: int, token: str, current: Current) -> Response:
    """Return a sound of a page."""
    with current.transaction() as (session, sitting):
        content = read_sound(current.context, session, sitting, page, token)
    headers = {"Cache-Control": "private, max-age=3600"}
    return Response(content, media_type="audio/wav", headers=headers)


@router.put("/api/v1/page/{page}/rating/{slot}", status_code=204)
def put_rating(page: int, slot: int, body: RatingIn, current: Current) -> None:
    """Save a slider."""
    with current.transaction() as (session, sitting):
        score = Score(**body.model_dump())
        save_rating(current.context, session, sitting, page, slot, score)


@router.put("/api/v1/page/{page}/choice", status_code=204)
def put_choice(page: int, body: ChoiceIn, current: Current) -> None:
    """Save a choice between two versions."""
    with current.transaction() as (session, sitting):
        values = body.choice, body.seq, body.rating_time_ms
        save_choice(current.context, session, sitting, page, *values)


@router.put("/api/v1/page/{page}/answers", status_code=204)
def put_answers(page: int, body: AnswersIn, current: Current) -> None:
    """Save the answers of a page without ratings."""
    with current.transaction() as (session, sitting):
        save_answers(current.context, session, sitting, page, body.answers, body.seq)


@router.post("/api/v1/page/{page}/submit")
def submit(page: int, current: Current) -> dict[str, object]:
    """Close a page."""
    with current.transaction() as (session, sitting):
        return vars(submit_page(current.context, session, sitting, page))


@router.post("/api/v1/events", status_code=204)
def post_events(body: EventsIn, current: Current) -> None:
    """Add events to the log."""
    events = [BrowserEvent(**event.model_dump()) for event in body.events]
    with current.transaction() as (session, sitting):
        log_events(session, sitting, body.page, events)


@router.post("/api/v1/remark", status_code=204)
def post_remark(body: RemarkIn, current: Current) -> None:
    """Store a comment or a reported problem."""
    with current.transaction() as (session, sitting):
        store_remark(session, sitting, body.page, body.key, body.kind, body.text)


@router.get("/api/v1/mine")
def read_mine(current: Current) -> dict[str, Any]:
    """Return the stored data of a sitting."""
    with current.transaction() as (session, sitting):
        return stored_data(session, sitting)


@router.post("/api/v1/link")
def post_link(current: Current) -> dict[str, str]:
    """Make the token of a personal link."""
    with current.transaction() as (_, sitting):
        return {"token": new_personal_token(sitting)}


@router.post("/api/v1/withdraw")
def post_withdraw(current: Current) -> dict[str, object]:
    """Delete the data of a sitting."""
    with current.transaction() as (session, sitting):
        withdraw(current.context, session, sitting)
        return vars(progress_of(current.context, session, sitting))


@router.get("/robots.txt")
def robots() -> Response:
    """Keep search engines away."""
    return Response("User-agent: *\nDisallow: /\n", media_type="text/plain")


@router.get("/favicon.ico")
def favicon() -> Response:
    """Answer that there is no icon."""
    return Response(status_code=204)


def refuse(_request: Request, error: Exception) -> Response:
    """Return the response to a `RefusedError`."""
    status = error.status if isinstance(error, RefusedError) else 500
    return Response(
        json.dumps({"detail": str(error)}), status_code=status, media_type="application/json"
    )


def _set_cookie(response: Response, request: Request, cookie: str) -> None:
    response.set_cookie(
        LISTENER_COOKIE,
        cookie,
        max_age=_COOKIE_SECONDS,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path=request.scope.get("root_path") or "/",
    )


def _external_id(request: Request) -> str | None:
    for name in _ID_PARAMETERS:
        value = request.query_params.get(name)
        if value and re.fullmatch(r"[\w-]{1,64}", value):
            return value
    return None


def _device(request: Request) -> str:
    agent = request.headers.get("user-agent", "")
    if re.search(r"iPad|Tablet|Android(?!.*Mobile)", agent):
        return "tablet"
    return "phone" if re.search(r"Mobi|iPhone", agent) else "desktop"
