"""The ratings database: connection, migrations, transactions.

Any SQLAlchemy URL works; SQLite runs in WAL mode with full synchronisation, so that what was
acknowledged survives a killed process and a power failure.
"""

import contextlib
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Engine, create_engine, event, make_url, select
from sqlalchemy.exc import ArgumentError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from intone.errors import UserError
from mushra_app.store.tables import StudyRow
from mushra_app.study.file import Study

T = TypeVar("T")


def now() -> str:
    """Return the time now in UTC, ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def database_url(study: Study, study_yaml: Path, rehearsal: bool = False) -> str:
    """Return the database URL of a study or of its rehearsal."""
    if rehearsal:
        return f"sqlite:///{rehearsal_path(study_yaml).resolve()}"
    if study.database:
        return study.database
    return f"sqlite:///{study_yaml.with_suffix('.sqlite').resolve()}"


def rehearsal_path(study_yaml: Path) -> Path:
    """Return the SQLite file of a study's rehearsal."""
    return study_yaml.with_suffix(".rehearsal.sqlite")


def connect(url: str) -> Engine:
    """Open a database and bring its tables up to date.

    Raises:
        UserError: unreachable, not a database, or written by a newer version of Intone. A password
            in the URL is never shown.
    """
    sqlite = url.startswith("sqlite")
    options = {"timeout": 10} if sqlite else {}
    try:
        address = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise UserError(
            "database: not a SQLAlchemy URL; see the key `database` in the study file"
        ) from error
    try:
        engine = create_engine(address, connect_args=options, pool_pre_ping=not sqlite)
    except (SQLAlchemyError, ImportError) as error:
        raise UserError(f"database {address!r}: cannot be used ({error})") from error
    if sqlite:
        event.listen(engine, "connect", _pragmas)
    try:
        _migrate(engine)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        raise UserError(
            f"{address!r}: cannot be opened ({reason}); correct the study's key `database`, or "
            "move the file away if it is not a ratings database"
        ) from error
    return engine


def study_row(session: Session, study: Study, rehearsal: bool) -> StudyRow:
    """Return the study's row; the first call inserts it.

    Raises:
        UserError: the database holds this study as the other kind (rehearsal or real).
    """
    row = session.scalar(select(StudyRow).where(StudyRow.name == study.name))
    if row is None:
        row = StudyRow(
            name=study.name,
            question=study.question,
            secret=secrets.token_hex(32),
            rehearsal=rehearsal,
            created_at=now(),
        )
        session.add(row)
        session.flush()
    if row.rehearsal != rehearsal:
        kind = "a rehearsal" if row.rehearsal else "a real study"
        raise UserError(
            f"study {study.name!r}: this database holds it as {kind}; use another database"
        )
    return row


@contextlib.contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """Yield a session that commits at the end, or rolls everything back."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


def retry_on_conflict(engine: Engine, work: Callable[[Session], T], attempts: int) -> T:
    """Run a function in a transaction; retry if a key was taken.

    Args:
        engine: engine of the database.
        work: the function.
        attempts: number of tries.

    Raises:
        IntegrityError: the last try met a conflict, too.
    """
    for _ in range(attempts - 1):
        with contextlib.suppress(IntegrityError), transaction(engine) as session:
            return work(session)
    with transaction(engine) as session:
        return work(session)


def _pragmas(connection, _record) -> None:  # pyright: ignore[reportMissingParameterType]
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _migrate(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise UserError(
                f"{engine.url!r}: written by a newer version of Intone; upgrade Intone or use "
                "another database"
            ) from error
