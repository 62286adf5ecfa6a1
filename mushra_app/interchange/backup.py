"""Backup of a study's database while the study runs."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from intone.errors import UserError
from mushra_app.interchange.tables import sqlite_file
from mushra_app.store.database import database_url
from mushra_app.study.file import read_study


def backup(study_yaml: Path, out: Path) -> int:
    """Copy the database at one moment; listeners are not interrupted.

    Args:
        study_yaml: the study file.
        out: file to write; it must not exist.

    Returns:
        Size of the copy, bytes.

    Raises:
        UserError: `out` exists, or the database does not exist or is not SQLite.
    """
    study = read_study(study_yaml)
    url = database_url(study, study_yaml)
    source = sqlite_file(url)
    if source is None:
        shown = make_url(url)
        raise UserError(
            f"{study_yaml}: database {shown!r} is not a SQLite file; copy it with the database's "
            f"own tool, for PostgreSQL `pg_dump --format=custom --file={out} "
            f"{shown.database or 'DATABASE'}`"
        )
    if not source.is_file():
        raise UserError(f"{source}: no ratings yet; `intone serve {study_yaml}` collects them")
    if out.exists():
        raise UserError(
            f"{out}: already exists; choose another name, a backup never replaces a file"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = out.with_name(out.name + ".part")
    scratch.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(source)) as running, closing(sqlite3.connect(scratch)) as copy:
            running.execute("PRAGMA query_only=ON")
            running.backup(copy)
            # Without it, the copy would need a second file.
            copy.execute("PRAGMA journal_mode=DELETE")
            (state,) = copy.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.DatabaseError as error:
        scratch.unlink(missing_ok=True)
        raise UserError(f"{source}: cannot be copied ({error}); check the disk") from error
    if state != "ok":
        raise UserError(f"{scratch}: the copy is damaged ({state}); check the disk and try again")
    scratch.replace(out)
    return out.stat().st_size
