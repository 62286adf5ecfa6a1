"""Routes for setup, login, logout and the preview as a listener."""

from typing import Annotated

from fastapi import APIRouter, Cookie, Form, Request, Response
from fastapi.responses import RedirectResponse

from mushra_app.admin.accounts import LASTS, Accounts, Entry
from mushra_app.admin.gate import WHO
from mushra_app.admin.sheets import login_sheet, refusal_sheet, setup_sheet
from mushra_app.http.addresses import ADMIN, ADMIN_COOKIE, LISTENER_COOKIE, MOUNT
from mushra_app.http.errors import RefusedError
from mushra_app.sitting.admit import admit_preview
from mushra_app.sitting.context import StudyContext
from mushra_app.study.file import Study

_KNOWN = "intone_admin_browser"
_KNOWN_LASTS = 400 * 86400

Text = Annotated[str, Form(max_length=400)]
Token = Annotated[str | None, Cookie(alias=ADMIN_COOKIE)]


def login_routes(context: StudyContext, accounts: Accounts) -> APIRouter:
    """Return the routes of one study that start or end a session."""
    router, study = APIRouter(prefix=ADMIN), context.study
    _account(router, study, accounts)

    @router.get("")
    def no_slash() -> Response:
        # Addresses on the pages are relative to the folder, so its slash is needed.
        return RedirectResponse(ADMIN.lstrip("/") + "/", 303)

    @router.get("/login")
    def login_page(request: Request) -> Response:
        return RedirectResponse("./", 303) if request.scope.get(WHO) else login_sheet(study.title)

    @router.post("/login")
    def login(
        request: Request,
        name: Text = "",
        password: Text = "",
        known: Annotated[str | None, Cookie(alias=_KNOWN)] = None,
    ) -> Response:
        address = request.client.host if request.client else ""
        try:
            entry = accounts.login(name, password, address, known)
        except RefusedError as error:
            return login_sheet(study.title, str(error), name, error.status)
        return _entered(request, entry)

    @router.post("/logout")
    def logout(request: Request, token: Token = None) -> Response:
        accounts.logout(token)
        answer = RedirectResponse("login", 303)
        answer.delete_cookie(ADMIN_COOKIE, path=_path(request))
        return answer

    @router.post("/preview")
    def preview(request: Request) -> Response:
        answer = RedirectResponse(f"..{MOUNT}/", 303)
        root = request.scope.get("root_path") or "/"
        secure = request.url.scheme == "https"
        answer.set_cookie(
            LISTENER_COOKIE,
            admit_preview(context),
            httponly=True,
            samesite="lax",
            secure=secure,
            path=root,
        )
        return answer

    return router


def _account(router: APIRouter, study: Study, accounts: Accounts) -> None:
    @router.get("/setup")
    def setup_page(token: str = "") -> Response:
        if not accounts.may_set_up(token):
            return refusal_sheet(study.title, "this link was used or is not valid; log in", 403)
        return setup_sheet(study.title, token)

    @router.post("/setup")
    def setup(
        request: Request, token: Text = "", name: Text = "", password: Text = "", again: Text = ""
    ) -> Response:
        try:
            if password != again:
                raise RefusedError(422, "the two passwords differ; type the same password twice")
            entry = accounts.create(token, name, password)
        except RefusedError as error:
            if error.status == 403:
                return refusal_sheet(study.title, str(error), 403)
            return setup_sheet(study.title, token, str(error), name, error.status)
        return _entered(request, entry)


def _entered(request: Request, entry: Entry) -> Response:
    answer = RedirectResponse("./", 303)
    lasting = {
        ADMIN_COOKIE: (entry.token, int(LASTS.total_seconds())),
        _KNOWN: (entry.known, _KNOWN_LASTS),
    }
    for name, (value, seconds) in lasting.items():
        answer.set_cookie(
            name,
            value,
            max_age=seconds,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
            path=_path(request),
        )
    return answer


def _path(request: Request) -> str:
    # Requests to listeners' pages do not carry the cookies of this path.
    return request.scope.get("root_path", "") + ADMIN
