"""The ratings database: tables, connection, migrations, and the views that analysts read.

Times are UTC in ISO 8601 text, which sorts as time and reads the same from every database. Any
SQLAlchemy URL works; SQLite runs in WAL mode with full synchronisation, so that what was
acknowledged survives a killed process and a lost mains supply alike.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import (
    Engine,
    ForeignKey,
    String,
    UniqueConstraint,
    create_engine,
    event,
    make_url,
    select,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from intone.errors import UserError
from mushra_app.study import Study


class Base(DeclarativeBase):
    """Declarative base of all tables."""


class StudyRow(Base):
    """A study whose listeners are in this database."""

    __tablename__ = "study"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    question: Mapped[str] = mapped_column(String(200))
    secret: Mapped[str] = mapped_column(String(64))
    rehearsal: Mapped[bool]
    played_sha256: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[str] = mapped_column(String(32))


class ListenerRow(Base):
    """A listener who agreed to take part; `number` decides what they hear."""

    __tablename__ = "listener"
    __table_args__ = (UniqueConstraint("study_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    number: Mapped[int]
    pseudonym: Mapped[str] = mapped_column(String(32), unique=True)


class SittingRow(Base):
    """One person's way through the study. The browser's cookie is stored as a digest only."""

    __tablename__ = "session"
    __table_args__ = (UniqueConstraint("study_id", "external_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    listener_id: Mapped[int | None] = mapped_column(ForeignKey("listener.id"))
    pseudonym: Mapped[str] = mapped_column(String(32), unique=True)
    cookie_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    origin: Mapped[str] = mapped_column(String(16))
    external_id: Mapped[str | None] = mapped_column(String(64))
    outcome: Mapped[str] = mapped_column(String(16))
    device: Mapped[str | None] = mapped_column(String(16))
    consent_version: Mapped[str | None] = mapped_column(String(64))
    consent_text_sha256: Mapped[str | None] = mapped_column(String(64))
    consent_given: Mapped[bool | None]
    consent_at: Mapped[str | None] = mapped_column(String(32))
    instructed_at: Mapped[str | None] = mapped_column(String(32))
    started_at: Mapped[str] = mapped_column(String(32))
    finished_at: Mapped[str | None] = mapped_column(String(32))
    completion_code: Mapped[str | None] = mapped_column(String(16))


class PageRow(Base):
    """A page planned for a session; `slots` is a JSON list of systems in the order shown."""

    __tablename__ = "page"
    __table_args__ = (UniqueConstraint("session_id", "page_index"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("session.id"))
    page_index: Mapped[int]
    sentence: Mapped[str] = mapped_column(String(200))
    slots: Mapped[str]
    opened_at: Mapped[str | None] = mapped_column(String(32))
    submitted_at: Mapped[str | None] = mapped_column(String(32))


class RatingRow(Base):
    """The newest state of one slider; no score while it was only listened to."""

    __tablename__ = "rating"
    __table_args__ = (UniqueConstraint("page_id", "slot"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    page_id: Mapped[int] = mapped_column(ForeignKey("page.id"))
    slot: Mapped[int]
    system: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(16))
    score: Mapped[int | None]
    n_plays: Mapped[int]
    heard_ms: Mapped[int]
    rating_time_ms: Mapped[int | None]
    seq: Mapped[int]
    updated_at: Mapped[str] = mapped_column(String(32))


class SimulationTokenRow(Base):
    """Permission for one simulated session, written by the rehearsal and used once."""

    __tablename__ = "simulation_token"
    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    session_id: Mapped[int | None] = mapped_column(ForeignKey("session.id"))


class PreferenceRow(Base):
    """One choice between two systems (page type `ab`)."""

    __tablename__ = "preference"
    __table_args__ = (UniqueConstraint("page_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    page_id: Mapped[int] = mapped_column(ForeignKey("page.id"))
    system_a: Mapped[str] = mapped_column(String(200))
    system_b: Mapped[str] = mapped_column(String(200))
    choice: Mapped[str] = mapped_column(String(4))
    first_on_screen: Mapped[str] = mapped_column(String(1))
    rating_time_ms: Mapped[int | None]


class LookRow(Base):
    """One look at the results while the study ran."""

    __tablename__ = "look"
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    looked_at: Mapped[str] = mapped_column(String(32))
    n_listeners: Mapped[int]
    n_ratings: Mapped[int]
    by: Mapped[str] = mapped_column(String(64))


def now() -> str:
    """The present in UTC, ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def database_url(study: Study, study_yaml: Path, rehearsal: bool = False) -> str:
    """Where the ratings of a study go; those of its rehearsal go to a file of their own."""
    if rehearsal:
        return f"sqlite:///{rehearsal_path(study_yaml).resolve()}"
    if study.database:
        return study.database
    return f"sqlite:///{study_yaml.with_suffix('.sqlite').resolve()}"


def rehearsal_path(study_yaml: Path) -> Path:
    """SQLite file of a study's rehearsal."""
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
            "database: not a SQLAlchemy URL; the study file explains the key `database`"
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
            f"{address!r}: cannot be opened ({reason}); mend the study's key `database`, or move "
            "the file away if it is no database of ratings"
        ) from error
    return engine


def study_row(session: Session, study: Study, rehearsal: bool) -> StudyRow:
    """The study's row, made on the first call.

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
            f"this database holds {study.name!r} as {kind}; rehearsals and studies never share one"
        )
    return row


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """A session that commits at the end, or rolls everything back."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


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
