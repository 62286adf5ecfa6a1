"""Tables of the researcher's account, with digests of passwords and tokens."""

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mushra_app.store.tables import Base


class AdminRow(Base):
    """Account that may see and control a study."""

    __tablename__ = "admin"
    __table_args__ = (UniqueConstraint("study_id", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    name: Mapped[str] = mapped_column(String(64))
    password: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[str] = mapped_column(String(32))


class AdminSessionRow(Base):
    """Browser that is logged in."""

    __tablename__ = "admin_session"
    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    admin_id: Mapped[int] = mapped_column(ForeignKey("admin.id"))
    created_at: Mapped[str] = mapped_column(String(32))
    expires_at: Mapped[str] = mapped_column(String(32))


class AdminSetupRow(Base):
    """Link that makes the account; deleted when any link is used."""

    __tablename__ = "admin_setup"
    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    created_at: Mapped[str] = mapped_column(String(32))


class LoginAttemptRow(Base):
    """Login attempt of an address, name or browser that still counts."""

    __tablename__ = "login_attempt"
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), index=True)
    key_hmac: Mapped[str] = mapped_column(String(64), index=True)
    expires_at: Mapped[str] = mapped_column(String(32))
