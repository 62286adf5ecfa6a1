"""Tables of the ratings database; analysts read the migrations' views.

Times are UTC in ISO 8601 text, which sorts as time and reads the same from every database.
"""

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


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
    state: Mapped[str] = mapped_column(String(8), default="open")
    created_at: Mapped[str] = mapped_column(String(32))


class ListenerRow(Base):
    """A listener who agreed to take part.

    `number` counts listeners; `place` decides what they hear. The place of a listener who left
    is given to the next one, so that every cell of the design is filled in the end.
    """

    __tablename__ = "listener"
    __table_args__ = (UniqueConstraint("study_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    number: Mapped[int]
    place: Mapped[int]
    arm: Mapped[str] = mapped_column(String(32))
    pseudonym: Mapped[str] = mapped_column(String(32), unique=True)


class SittingRow(Base):
    """Sitting of one person.

    The browser's cookie and the token of the personal link are stored as digests only. A preview
    is opened by the researcher; no view of the contract contains it.
    """

    __tablename__ = "session"
    __table_args__ = (UniqueConstraint("study_id", "external_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    listener_id: Mapped[int | None] = mapped_column(ForeignKey("listener.id"))
    pseudonym: Mapped[str] = mapped_column(String(32), unique=True)
    cookie_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    origin: Mapped[str] = mapped_column(String(16))
    external_id: Mapped[str | None] = mapped_column(String(64))
    preview: Mapped[bool] = mapped_column(default=False)
    token_sha256: Mapped[str | None] = mapped_column(String(64), unique=True)
    headphones: Mapped[str] = mapped_column(String(16), default="not_asked")
    loudness: Mapped[float | None]
    seen_at: Mapped[str | None] = mapped_column(String(32))
    outcome: Mapped[str] = mapped_column(String(16))
    device: Mapped[str | None] = mapped_column(String(16))
    consent_version: Mapped[str | None] = mapped_column(String(64))
    consent_text_sha256: Mapped[str | None] = mapped_column(String(64))
    consent_given: Mapped[bool | None]
    consent_at: Mapped[str | None] = mapped_column(String(32))
    started_at: Mapped[str] = mapped_column(String(32))
    finished_at: Mapped[str | None] = mapped_column(String(32))
    completion_code: Mapped[str | None] = mapped_column(String(16))


class PageRow(Base):
    """A page planned for a session, of any kind.

    `slots` is a JSON list of systems in the order shown; `expected` a JSON object: by slot the
    lowest and highest score that passes, and what an attention page asks for; `answers` a JSON
    object of what was answered on a page without ratings. `step` counts the steps of the
    study's sitting.
    """

    __tablename__ = "page"
    __table_args__ = (UniqueConstraint("session_id", "page_index"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("session.id"))
    page_index: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    phase: Mapped[str] = mapped_column(String(8))
    step: Mapped[int]
    repeat: Mapped[int]
    question: Mapped[str | None] = mapped_column(String(200))
    sentence: Mapped[str] = mapped_column(String(200))
    slots: Mapped[str]
    scale_min: Mapped[int]
    scale_max: Mapped[int]
    expected: Mapped[str | None]
    passed: Mapped[bool | None]
    answers: Mapped[str | None]
    answers_seq: Mapped[int] = mapped_column(default=0)
    opened_at: Mapped[str | None] = mapped_column(String(32))
    submitted_at: Mapped[str | None] = mapped_column(String(32))


class RatingRow(Base):
    """Newest state of one slider; no score before the first rating."""

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
    """Permission for one simulated sitting; used once."""

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
    seq: Mapped[int]


class InvitationRow(Base):
    """Link for one listener, who takes it by opening it first."""

    __tablename__ = "invitation"
    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    session_id: Mapped[int | None] = mapped_column(ForeignKey("session.id"))
    created_at: Mapped[str] = mapped_column(String(32))


class EventRow(Base):
    """Something that happened in a listener's browser; only ever added to.

    `key` is the browser's name of the event: sent twice, it is stored once. `at_ms` counts from
    when the page was shown in that browser.
    """

    __tablename__ = "event"
    __table_args__ = (UniqueConstraint("session_id", "key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("session.id"))
    page_index: Mapped[int | None]
    key: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(20))
    at_ms: Mapped[int]
    received_at: Mapped[str] = mapped_column(String(32))
    data: Mapped[str]


class RemarkRow(Base):
    """A comment or a reported problem, in a listener's words."""

    __tablename__ = "remark"
    __table_args__ = (UniqueConstraint("session_id", "key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("session.id"))
    page_index: Mapped[int | None]
    key: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(8))
    text: Mapped[str]
    written_at: Mapped[str] = mapped_column(String(32))


class LookRow(Base):
    """One look at the results while the study ran."""

    __tablename__ = "look"
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    looked_at: Mapped[str] = mapped_column(String(32))
    n_listeners: Mapped[int]
    n_ratings: Mapped[int]
    by: Mapped[str] = mapped_column(String(64))
