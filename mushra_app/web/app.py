"""Web application of one study: endpoints, player and pages behind a guard."""

import contextlib
import hashlib
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from intone.errors import UserError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from mushra_app.admin.statistics_port import Statistics

_TYPES = {".js": "text/javascript", ".css": "text/css", ".json": "application/json"}


def create_app(
    study_yaml: Path,
    rehearsal: bool = False,
    progress: Callable[[int, int], None] | None = None,
    statistics: "Statistics | None" = None,
) -> "FastAPI":
    """Build the application of a study, and prepare its audio if needed.

    Args:
        study_yaml: the study file.
        rehearsal: use the rehearsal's database, which admits only simulated listeners.
        progress: called with the number of prepared sentences and of all sentences.
        statistics: functions for the researcher's pages, if the statistics are installed.

    Raises:
        UserError: the study, its stimuli or its database cannot be used.
    """
    _quiet_gradio()
    from fastapi import FastAPI
    from starlette.middleware.cors import CORSMiddleware

    from mushra_app.admin.accounts import Accounts
    from mushra_app.admin.console import Console
    from mushra_app.admin.gate import Gate
    from mushra_app.admin.mount import mount_admin
    from mushra_app.admin.statistics_port import NO_STATISTICS
    from mushra_app.http.errors import RefusedError
    from mushra_app.sitting.open_study import open_study
    from mushra_app.web import api
    from mushra_app.web.guard import MOST_BYTES, Guard
    from mushra_app.web.pages.blocks import mount

    context = open_study(study_yaml, rehearsal, progress)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, max_body_size=MOST_BYTES)
    # Its mere presence also switches off Gradio's own CORS, which reflects any origin.
    app.add_middleware(CORSMiddleware, allow_origins=[])
    accounts = Accounts(context.engine, context.row)
    app.add_middleware(Guard, gate=None if rehearsal else Gate(accounts.who))
    app.add_exception_handler(RefusedError, api.refuse)
    app.include_router(api.router)
    version = _player(app)
    app.state.study_context, app.state.accounts = context, accounts
    if not rehearsal:
        console = Console(context, study_yaml, statistics or NO_STATISTICS)
        mount_admin(app, console, accounts)
    return mount(app, context, version)


def serve(
    study_yaml: Path,
    host: str = "127.0.0.1",
    port: int = 7860,
    progress: Callable[[int, int], None] | None = None,
    ready: Callable[[], None] | None = None,
    statistics: "Statistics | None" = None,
    setup: Callable[[str], None] | None = None,
) -> None:
    """Serve a study until Ctrl-C.

    Args:
        study_yaml: the study file.
        host: address to listen on; 0.0.0.0 for every network of this machine.
        port: TCP port.
        progress: called with the number of prepared sentences and of all sentences.
        ready: called when the study and its sounds are read and the port is bound.
        statistics: functions for the researcher's pages, if the statistics are installed.
        setup: called after `ready` with the path of the link that creates the researcher's
            account, if there is none yet.

    Raises:
        UserError: the study cannot be used, or the port is taken.
    """
    import uvicorn

    with _bound_socket(host, port) as listening:
        app = create_app(study_yaml, progress=progress, statistics=statistics)
        if ready:
            ready()
        if setup and (token := app.state.accounts.setup_token()):
            setup(setup_path(token))
        # Open event streams would otherwise hold the process for minutes at the end.
        config = uvicorn.Config(
            app, log_level="warning", server_header=False, timeout_graceful_shutdown=5
        )
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listening])


def _bound_socket(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise UserError(
            f"{host}:{port}: cannot be bound ({error.strerror}); choose another `--port`"
        ) from error
    return listening


def setup_path(token: str) -> str:
    """Return the path of the link that creates the researcher's account."""
    return f"admin/setup?token={token}"


def _quiet_gradio() -> None:
    # Gradio reads these when it is imported: no telemetry, no history of inputs, no hub.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_RUN_HISTORY"] = "False"
    os.environ["HF_HUB_OFFLINE"] = "1"


def _player(app: "FastAPI") -> str:
    """Serve the player's files; return the digest in their addresses."""
    from fastapi import HTTPException, Response

    folder = Path(__file__).parents[1] / "player"
    paths = sorted(p for p in folder.rglob("*") if p.suffix in _TYPES)
    files = {p.relative_to(folder).as_posix(): p.read_bytes() for p in paths}
    version = hashlib.sha256(b"\0".join(files.values())).hexdigest()[:12]

    @app.get("/player/{digest}/{name:path}")
    def player(digest: str, name: str) -> Response:
        if digest != version or name not in files:
            raise HTTPException(404)
        return Response(files[name], media_type=_TYPES[Path(name).suffix])

    return version
