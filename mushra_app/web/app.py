"""The web application of one study: endpoints, player and pages behind one guard."""

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
    """Build the application of a study; prepares its audio if that has not been done.

    Args:
        study_yaml: the study file.
        rehearsal: use the rehearsal's database, where only simulated listeners are let in.
        progress: called with sentences prepared and sentences in all.
        statistics: what the researcher's pages are told, if the statistics are installed.

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
    from mushra_app.sitting.sittings import Sittings
    from mushra_app.sitting.study_drift import check_unchanged
    from mushra_app.sounds.stimuli import prepare
    from mushra_app.store.database import connect, database_url, study_row, transaction
    from mushra_app.study.file import read_study
    from mushra_app.study.manifest import audio_folder
    from mushra_app.web import api
    from mushra_app.web.guard import MOST_BYTES, Guard
    from mushra_app.web.pages.blocks import mount

    study = read_study(study_yaml)
    manifest = prepare(study, study_yaml, progress)
    engine = connect(database_url(study, study_yaml, rehearsal))
    with transaction(engine) as session:
        row = study_row(session, study, rehearsal)
    sittings = Sittings(engine, study, manifest, row, rehearsal)
    check_unchanged(engine, study, row, manifest)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, max_body_size=MOST_BYTES)
    # Its mere presence also switches off Gradio's own CORS, which reflects any origin.
    app.add_middleware(CORSMiddleware, allow_origins=[])
    accounts = Accounts(engine, row)
    app.add_middleware(Guard, gate=None if rehearsal else Gate(accounts.who))
    app.add_exception_handler(RefusedError, api.refuse)
    app.include_router(api.routes(study, sittings, audio_folder(study_yaml)))
    version = _player(app)
    app.state.accounts = accounts
    if not rehearsal:
        told = statistics or NO_STATISTICS
        mount_admin(
            app, Console(study, study_yaml, engine, row, manifest, told), sittings, accounts
        )
    return mount(app, study, sittings, version)


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
        progress: called with sentences prepared and sentences in all.
        ready: called when the study is read, its sounds are there and the port is ours.
        statistics: what the researcher's pages are told, if the statistics are installed.
        setup: called after `ready` with the path of the link that makes the researcher's account,
            if there is none yet.

    Raises:
        UserError: the study cannot be used, or the port is taken.
    """
    import uvicorn

    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
        except OSError as error:
            raise UserError(
                f"{host}:{port}: cannot listen there ({error.strerror}); choose another `--port`"
            ) from error
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


def setup_path(token: str) -> str:
    """Path of the link that makes the researcher's account."""
    return f"admin/setup?token={token}"


def _quiet_gradio() -> None:
    """Gradio reads these when it is imported: no telemetry, no history of inputs, no hub."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_RUN_HISTORY"] = "False"
    os.environ["HF_HUB_OFFLINE"] = "1"


def _player(app: "FastAPI") -> str:
    """Serve the player's files under their common digest, which is returned."""
    from fastapi import HTTPException, Response

    folder = Path(__file__).parents[1] / "player"
    found = sorted(p for p in folder.rglob("*") if p.suffix in _TYPES)
    files = {p.relative_to(folder).as_posix(): p.read_bytes() for p in found}
    version = hashlib.sha256(b"\0".join(files.values())).hexdigest()[:12]

    @app.get("/player/{digest}/{name:path}")
    def player(digest: str, name: str) -> Response:
        if digest != version or name not in files:
            raise HTTPException(404)
        return Response(files[name], media_type=_TYPES[Path(name).suffix])

    return version
