"""Downloads of tables, bundle and backup; uploads of stimulus sets."""

import shlex
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from intone.errors import UserError
from mushra_app.admin.gate import WHO
from mushra_app.admin.sheets import made_sheet, new_sheet, refusal_sheet
from mushra_app.admin.uploads import MOST_UPLOADED, make_study
from mushra_app.http.addresses import ADMIN
from mushra_app.study.file import Study

TABLE_KINDS = ("csv", "parquet", "json")
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
    "zip": "application/zip",
    "sqlite": "application/vnd.sqlite3",
}

Text = Annotated[str, Form(max_length=400)]


def file_routes(study: Study, study_yaml: Path) -> APIRouter:
    """Return the routes for downloads and uploads of one study."""
    router = APIRouter(prefix=ADMIN)

    @router.get("/download/{name}.{kind}")
    def download(name: str, kind: str) -> Response:
        folder = tempfile.TemporaryDirectory()
        path = Path(folder.name) / f"{name}.{kind}"
        try:
            _writer(study_yaml, name, kind)(path)
        except UserError as error:
            folder.cleanup()
            return refusal_sheet(study.title, str(error), 409)
        return FileResponse(
            path,
            media_type=_TYPES[kind],
            filename=f"{study.name}-{name}.{kind}",
            background=BackgroundTask(folder.cleanup),
        )

    @router.get("/new")
    def new_page() -> Response:
        return new_sheet(study.title)

    @router.post("/new", max_body_size=MOST_UPLOADED)
    def new(
        request: Request,
        name: Text = "",
        title: Text = "",
        contact: Text = "",
        folder: Text = "",
        archive: Annotated[UploadFile | None, File()] = None,
    ) -> Response:
        assert request.scope.get(WHO)
        uploaded = archive.file if archive and archive.filename else None
        try:
            made = make_study(study_yaml, name.strip(), title, contact, folder.strip(), uploaded)
        except UserError as error:
            values = {"name": name, "title": title, "contact": contact, "folder": folder}
            return new_sheet(study.title, str(error), values, 422)
        command = f"intone serve {shlex.quote(str(study_yaml.with_name(made.name)))} --port 7861"
        return made_sheet(study.title, made.name, command)

    return router


def _writer(study_yaml: Path, name: str, kind: str) -> Callable[[Path], object]:
    """Return the function that writes a file to download.

    Raises:
        UserError: there is no such file.
    """
    # Parquet and the audio libraries take long to import, and most servers never need them.
    from mushra_app.interchange.backup import backup
    from mushra_app.interchange.bundle import bundle
    from mushra_app.interchange.exports import export_table
    from mushra_app.interchange.tables import TABLES

    if (name, kind) == ("bundle", "zip"):
        return lambda path: bundle(study_yaml, path)
    if (name, kind) == ("backup", "sqlite"):
        return lambda path: backup(study_yaml, path)
    if name in TABLES and kind in TABLE_KINDS:
        return lambda path: export_table(study_yaml, path, name)
    raise UserError(f"{name}.{kind}: no such file to download; choose one of the tab Download")
