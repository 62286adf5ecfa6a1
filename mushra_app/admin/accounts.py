"""Researcher's account: setup link, login with a password, sessions."""

import hashlib
import hmac
import ipaddress
import math
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from mushra_app.admin import passwords
from mushra_app.admin.limits import AttemptLimit
from mushra_app.http.errors import RefusedError
from mushra_app.store.admin_tables import AdminRow, AdminSessionRow, AdminSetupRow
from mushra_app.store.database import now, transaction
from mushra_app.store.digest import text_sha256
from mushra_app.store.tables import StudyRow

LASTS = timedelta(hours=12)
"""Length of a login."""
_WINDOW_S = 15 * 60
_LONGEST_NAME = 64


@dataclass(frozen=True)
class Entry:
    """Cookies of a browser: session token and proof of a login."""

    token: str
    known: str


class Accounts:
    """Account of one study's researcher.

    Attempts are counted by address, and by account over all addresses, so that neither one machine
    nor many machines can keep guessing. A browser that has logged in before is counted separately:
    guesses from elsewhere never lock the researcher out.
    """

    def __init__(self, engine: Engine, row: StudyRow) -> None:
        self._engine, self._study_id, self._secret = engine, row.id, row.secret
        self._addresses = AttemptLimit(engine, row, "address", 5, _WINDOW_S)
        self._names = AttemptLimit(engine, row, "name", 20, _WINDOW_S)
        self._browsers = AttemptLimit(engine, row, "browser", 10, _WINDOW_S)
        # Checked for an unknown name: the time of an answer must not tell which names exist.
        self._unknown = passwords.digest(secrets.token_hex(16))

    def exists(self) -> bool:
        """Return true if there is an account."""
        with transaction(self._engine) as session:
            return self._exists(session)

    def setup_token(self) -> str | None:
        """Return a token for the setup link, or None with an account.

        The token works once.
        """
        with transaction(self._engine) as session:
            if self._exists(session):
                return None
            token = secrets.token_urlsafe(32)
            row = AdminSetupRow(
                token_sha256=text_sha256(token), study_id=self._study_id, created_at=now()
            )
            session.add(row)
            return token

    def reset(self) -> None:
        """Remove the account and end its sessions; nothing of the study changes."""
        with transaction(self._engine) as session:
            accounts = select(AdminRow.id).where(AdminRow.study_id == self._study_id)
            session.execute(delete(AdminSessionRow).where(AdminSessionRow.admin_id.in_(accounts)))
            session.execute(delete(AdminRow).where(AdminRow.study_id == self._study_id))

    def may_set_up(self, token: str) -> bool:
        """Return true if a token can make the account now."""
        with transaction(self._engine) as session:
            link = select(AdminSetupRow).where(
                AdminSetupRow.study_id == self._study_id,
                AdminSetupRow.token_sha256 == text_sha256(token),
            )
            return session.scalar(link) is not None and not self._exists(session)

    def create(self, token: str, name: str, password: str) -> Entry:
        """Make the account and log in.

        Raises:
            RefusedError: unknown or used token, or name or password of a wrong length.
        """
        name = name.strip()
        if not 1 <= len(name) <= _LONGEST_NAME:
            raise RefusedError(422, f"choose a name of 1 to {_LONGEST_NAME} characters")
        if not passwords.SHORTEST <= len(password) <= passwords.LONGEST:
            raise RefusedError(
                422, f"choose a password of {passwords.SHORTEST} to {passwords.LONGEST} characters"
            )
        stored = passwords.digest(password)
        with transaction(self._engine) as session:
            used = session.execute(
                delete(AdminSetupRow)
                .where(
                    AdminSetupRow.token_sha256 == text_sha256(token),
                    AdminSetupRow.study_id == self._study_id,
                )
                .returning(AdminSetupRow.token_sha256)
            )
            if used.first() is None or self._exists(session):
                raise RefusedError(403, "this link was used or is not valid; log in instead")
            session.execute(delete(AdminSetupRow).where(AdminSetupRow.study_id == self._study_id))
            row = AdminRow(study_id=self._study_id, name=name, password=stored, created_at=now())
            session.add(row)
            session.flush()
            return self._enter(session, row)

    def login(self, name: str, password: str, address: str, known: str | None = None) -> Entry:
        """Log in.

        Args:
            name: of the account.
            password: its password.
            address: where the request comes from.
            known: `Entry.known` of the last login of this browser, if there was one.

        Raises:
            RefusedError: wrong name or password, or too many attempts.
        """
        name = name.strip()[:_LONGEST_NAME]
        browser = self._browser(name, known)
        if browser:
            counts = [(self._browsers, browser)]
        else:
            counts = [(self._addresses, _network(address)), (self._names, name.casefold())]
        for limit, key in counts:
            # A refused address is not counted for the account: otherwise one machine could fill
            # the table with the names that it invents.
            if wait_s := limit.wait_s(key):
                minutes = math.ceil(wait_s / 60)
                raise RefusedError(429, f"too many attempts; try again in {minutes} minutes")
        with transaction(self._engine) as session:
            of_study = AdminRow.study_id == self._study_id
            row = session.scalar(select(AdminRow).where(of_study, AdminRow.name == name))
        right = passwords.fits(
            password[: passwords.LONGEST + 1], row.password if row else self._unknown
        )
        if row is None or not right:
            raise RefusedError(401, "wrong name or password")
        # The count by account stays: one right password does not make other guesses harmless.
        counts[0][0].forget(counts[0][1])
        with transaction(self._engine) as session:
            return self._enter(session, row)

    def who(self, token: str | None) -> str | None:
        """Return the account's name of a session, or None without a session."""
        if not token:
            return None
        query = (
            select(AdminRow.name)
            .join(AdminSessionRow, AdminSessionRow.admin_id == AdminRow.id)
            .where(
                AdminSessionRow.token_sha256 == text_sha256(token),
                AdminSessionRow.expires_at > now(),
                AdminRow.study_id == self._study_id,
            )
        )
        with transaction(self._engine) as session:
            return session.scalar(query)

    def logout(self, token: str | None) -> None:
        """End a session."""
        with transaction(self._engine) as session:
            ended = AdminSessionRow.token_sha256 == text_sha256(token or "")
            session.execute(delete(AdminSessionRow).where(ended))

    def _exists(self, session: Session) -> bool:
        account = select(AdminRow.id).where(AdminRow.study_id == self._study_id).limit(1)
        return session.scalar(account) is not None

    def _enter(self, session: Session, row: AdminRow) -> Entry:
        session.execute(delete(AdminSessionRow).where(AdminSessionRow.expires_at <= now()))
        token, nonce = secrets.token_urlsafe(32), secrets.token_hex(8)
        until = (datetime.now(UTC) + LASTS).isoformat(timespec="milliseconds")
        session.add(
            AdminSessionRow(
                token_sha256=text_sha256(token), admin_id=row.id, created_at=now(), expires_at=until
            )
        )
        return Entry(token, f"{nonce}.{self._signed(row.name, nonce)}")

    def _browser(self, name: str, known: str | None) -> str | None:
        nonce, _, signature = (known or "").partition(".")
        right = hmac.compare_digest(signature.encode(), self._signed(name, nonce).encode())
        return nonce if right else None

    def _signed(self, name: str, nonce: str) -> str:
        message = f"browser|{self._study_id}|{name}|{nonce}".encode()
        return hmac.new(self._secret.encode(), message, hashlib.sha256).hexdigest()


def _network(address: str) -> str:
    # One IPv6 customer has a whole network of addresses.
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:
        return address
    if version == 4:
        return address
    return str(ipaddress.ip_network(f"{address.partition('%')[0]}/64", strict=False))
